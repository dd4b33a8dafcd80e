import { createHash } from "node:crypto";
import type { Database } from "../../foundation/database/database.ts";
import { statement } from "../../foundation/database/sql.ts";
import { generalErrors } from "../../foundation/errors/errors.ts";
import type { ApiKeyId, OrganizationId } from "../../foundation/ids/ids.ts";
import { PLATFORM } from "../../foundation/ids/ids.ts";
import type { Caller, Mode } from "../../foundation/route/route.ts";

/** Stands in for records/access until it is here. */

const findKey = statement(
  "stopgap.key",
  `select h.organization_id, h.key_id, k.mode, k.scopes from api_key_hash h
   join api_keys k on k.organization_id = h.organization_id and k.id = h.key_id
   where h.hash = $1 and k.revoked_at is null`,
);

export async function authenticate(
  database: Database,
  secret: string,
  ip: string,
): Promise<Caller> {
  const hash = createHash("sha256").update(secret).digest();
  const [row] = await database.query<{
    organization_id: OrganizationId;
    key_id: ApiKeyId;
    mode: Mode;
    scopes: string[];
  }>(findKey, [hash]);
  if (row === undefined) throw generalErrors.refusal("unauthenticated");
  return {
    keyId: row.key_id,
    organizationId: row.organization_id,
    mode: row.mode,
    scopes: new Set(row.scopes),
    platform: row.organization_id === PLATFORM,
    ip,
  };
}
