import { type OrganizationId, PLATFORM } from "../../foundation/ids/ids.ts";
import type { Mode } from "../../foundation/route/route.ts";
import { lockOrganization, workIn } from "../../issuing/organizations/actions.ts";
import { requireOpen } from "../../issuing/organizations/rules.ts";
import { createKey, type IssuedKey } from "../../records/access/actions.ts";
import { scopesFor } from "../../records/access/rules.ts";
import { recordAudit } from "../../records/audit/actions.ts";
import { auditOf, platformWork, type SeedContext } from "./seed.ts";

/** What the audit log calls it. */
const ACTION = "createApiKeyByHand";

/** A key that is wanted at the machine itself. */
export type KeyByHand = {
  readonly organizationId: OrganizationId;
  readonly name: string;
  /** Null: all that keys of this organization may have. */
  readonly scopes: readonly string[] | null;
};

/**
 * Makes a key for who has none: whoever may read the database and the keys of an installation can do all that a
 * key can. Keys give only scopes that they have, so nobody else can give one that came with an upgrade, and
 * nobody at all when the last key of the platform is lost.
 *
 * @param mode of the installation.
 * @throws Refusal `organization_not_found`, `organization_closed`, `api_key_limit_reached`.
 */
export function makeKeyByHand(
  context: SeedContext,
  mode: Mode,
  { organizationId, name, scopes }: KeyByHand,
): Promise<IssuedKey> {
  const isPlatform = organizationId === PLATFORM;
  return context.database.transaction(async (sql) => {
    const platform = await platformWork(context, sql, ACTION);
    const organization = isPlatform ? null : await lockOrganization(sql, organizationId, "share");
    if (organization !== null) requireOpen(organization);
    const work = isPlatform ? platform : await workIn(platform, organizationId);
    const issued = await createKey(work, {
      name,
      mode: organization?.mode ?? mode,
      scopes: scopes ?? scopesFor(organizationId),
    });
    const about = { objectOrganizationId: organizationId, objectId: issued.key.id };
    await recordAudit(sql, [{ ...auditOf(work, ACTION), ...about }]);
    return issued;
  });
}
