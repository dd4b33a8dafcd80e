import type { Sql } from "../../foundation/database/sql.ts";
import type { Work } from "../../foundation/database/work.ts";
import { assert } from "../../foundation/errors/errors.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import type { Keys } from "../../foundation/keys/keys.ts";
import { type LinkEnd, type LinkKind, linkKinds, type PrivateLink } from "./model.ts";
import { hashSecret, looksLikeSecret, SECRET_BYTES, writeSecret } from "./rules.ts";
import * as store from "./store.ts";
import { endLinkRow, endLinksOf, findByBearer, insertLink, spendLinkRow } from "./store.ts";

/** Real time, which links, sessions and their expiry follow also where a sandbox's clock was moved. */
export const realNow = (sql: Sql): Promise<Date> => store.readRealNow(sql);

/**
 * Issues a link, and ends the older ones of its kind and object with their sessions. The caller has locked the
 * object for a change.
 *
 * @returns the link and its secret, which is shown now and never again.
 */
export async function issueLink(
  work: Work,
  { kind, objectId }: { readonly kind: LinkKind; readonly objectId: string },
): Promise<{ readonly link: PrivateLink; readonly secret: string }> {
  const { sql, organizationId } = work;
  const createdAt = await realNow(sql);
  const secret = writeSecret(work.keys.random(SECRET_BYTES));
  const link: PrivateLink = {
    organizationId,
    id: work.newId("session"),
    kind,
    objectId,
    expiresAt: new Date(createdAt.getTime() + linkKinds[kind].linkMs),
    spentAt: null,
    sessionExpiresAt: null,
    endedAt: null,
    endedReason: null,
    createdAt,
  };
  await endLinksOf(sql, link, "replaced");
  await insertLink(sql, link, hashSecret(secret));
  return { link, secret };
}

/**
 * Exchanges the secret of a link for a session, once: of several at the same time one gets it.
 *
 * @param organizationId where it is given: only a link of that organization.
 * @param proposed the bearer that the session gets, in the form of a secret; without it one is made. Who has
 *   proposed it finds the session by it (`findSession`) though it never heard that the link was spent.
 * @returns the link and the session's bearer, which is shown now and never again; null where no link of this
 *   kind can be used by this secret, whatever the reason.
 */
export async function spendLink(
  { sql, keys }: { readonly sql: Sql; readonly keys: Keys },
  {
    kind,
    secret,
    organizationId,
    proposed,
  }: {
    readonly kind: LinkKind;
    readonly secret: string;
    readonly organizationId?: string | undefined;
    readonly proposed?: string | undefined;
  },
): Promise<{ readonly link: PrivateLink; readonly bearer: string } | null> {
  const bearer = proposed ?? writeSecret(keys.random(SECRET_BYTES));
  assert(looksLikeSecret(bearer), "A bearer has the form of a secret.");
  const link = await spendLinkRow(
    sql,
    { hash: hashSecret(secret), kind, organizationId },
    { bearerHash: hashSecret(bearer), lifeMs: linkKinds[kind].sessionMs },
  );
  return link === null ? null : { link, bearer };
}

/**
 * The link whose session this bearer belongs to; null where there is none that is alive.
 *
 * @param secret where it is given: only where the session came of this link.
 */
export async function findSession(
  sql: Sql,
  {
    kind,
    bearer,
    secret,
  }: {
    readonly kind: LinkKind;
    readonly bearer: string;
    readonly secret?: string;
  },
): Promise<PrivateLink | null> {
  if (!looksLikeSecret(bearer)) return null;
  const linkHash = secret === undefined ? {} : { linkHash: hashSecret(secret) };
  return findByBearer(sql, { kind, hash: hashSecret(bearer), ...linkHash });
}

/** Ends a link and its session at once. One that has ended stays as it is. */
export const revokeLink = (
  sql: Sql,
  link: Pick<PrivateLink, "organizationId" | "id">,
): Promise<void> => endLinkRow(sql, link, "revoked");

/** Ends all links of an organization and their sessions at once: one that is closed has none. */
export const revokeAllLinks = (sql: Sql, organizationId: OrganizationId): Promise<void> =>
  store.endLinksOfAll(sql, organizationId, "organization_closed");

/** Of links of an organization those that ended before their time, by their ids. */
export const endsOfLinks = (
  sql: Sql,
  organizationId: OrganizationId,
  ids: readonly string[],
): Promise<Map<string, LinkEnd>> => store.readEnds(sql, organizationId, ids);
