import { type Sql, statement } from "../../../foundation/database/sql.ts";
import type { Verification } from "../model.ts";

/** Tokens by which a provider shares an applicant: sealed, and no part of what a verification shows. */

type Key = Pick<Verification, "organizationId" | "id">;

const put = statement(
  "verifications.putToken",
  "update verifications set share_token = $3 where organization_id = $1 and id = $2",
);
const find = statement(
  "verifications.findToken",
  `select share_token as "sealed" from verifications where organization_id = $1 and id = $2`,
);

/** Keeps the sealed token of a queued verification; whatever moves it erases the token. */
export async function putToken(sql: Sql, { organizationId, id }: Key, sealed: Uint8Array) {
  await sql.query(put, [organizationId, id, sealed]);
}

/** The sealed token of a verification; null where it has none. */
export async function findToken(sql: Sql, { organizationId, id }: Key): Promise<Uint8Array | null> {
  const [row] = await sql.query<{ sealed: Uint8Array | null }>(find, [organizationId, id]);
  return row?.sealed ?? null;
}
