import { type Sql, statement } from "../../foundation/database/sql.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import type { EndReason, LinkEnd, LinkKind, PrivateLink } from "./model.ts";

const columns = `organization_id as "organizationId", id, kind, object_id as "objectId",
  expires_at as "expiresAt", spent_at as "spentAt", session_expires_at as "sessionExpiresAt",
  ended_at as "endedAt", ended_reason as "endedReason", created_at as "createdAt"`;

const selectNow = statement("links.now", "select now()::timestamptz(3) as now");

/** Real time: links never follow a sandbox's clock. Steady within a transaction. */
export async function readRealNow(sql: Sql): Promise<Date> {
  const [row] = await sql.query<{ now: Date }>(selectNow);
  return (row as { now: Date }).now;
}

const insert = statement(
  "links.insert",
  `insert into private_links (organization_id, id, kind, object_id, link_hash, expires_at, created_at)
   values ($1, $2, $3, $4, $5, $6, $7)`,
);

/** Writes a new link. */
export async function insertLink(sql: Sql, link: PrivateLink, hash: Uint8Array): Promise<void> {
  const { organizationId, id, kind, objectId, expiresAt, createdAt } = link;
  await sql.query(insert, [organizationId, id, kind, objectId, hash, expiresAt, createdAt]);
}

const endOfObject = statement(
  "links.endOfObject",
  `update private_links set ended_at = now(), ended_reason = $4
   where organization_id = $1 and kind = $2 and object_id = $3 and ended_at is null`,
);

/** Ends the link and the session of an object that are still alive. */
export async function endLinksOf(
  sql: Sql,
  { organizationId, kind, objectId }: Pick<PrivateLink, "organizationId" | "kind" | "objectId">,
  reason: EndReason,
): Promise<void> {
  await sql.query(endOfObject, [organizationId, kind, objectId, reason]);
}

const endOfOrganization = statement(
  "links.endOfOrganization",
  `update private_links set ended_at = now(), ended_reason = $2
   where organization_id = $1 and ended_at is null`,
);

/** Ends all links of an organization that are alive, with their sessions. */
export async function endLinksOfAll(
  sql: Sql,
  organizationId: OrganizationId,
  reason: EndReason,
): Promise<void> {
  await sql.query(endOfOrganization, [organizationId, reason]);
}

const end = statement(
  "links.end",
  `update private_links set ended_at = now(), ended_reason = $3
   where organization_id = $1 and id = $2 and ended_at is null`,
);

/** Ends one link, with its session. */
export async function endLinkRow(
  sql: Sql,
  { organizationId, id }: Pick<PrivateLink, "organizationId" | "id">,
  reason: EndReason,
): Promise<void> {
  await sql.query(end, [organizationId, id, reason]);
}

const endsOf = statement(
  "links.endsOf",
  `select id, ended_at as at, ended_reason as reason from private_links
   where organization_id = $1 and id = any($2::text[]) and ended_at is not null`,
);

/** Of these links those that ended, by their ids. */
export async function readEnds(
  sql: Sql,
  organizationId: OrganizationId,
  ids: readonly string[],
): Promise<Map<string, LinkEnd>> {
  const rows = await sql.query<LinkEnd & { readonly id: string }>(endsOf, [organizationId, ids]);
  return new Map(rows.map(({ id, at, reason }) => [id, { at, reason }]));
}

// One statement decides and writes: of two that come at once the second waits for the first, looks again
// and finds the link spent.
const spend = statement(
  "links.spend",
  `update private_links set spent_at = now(), bearer_hash = $3,
     session_expires_at = now() + $4 * interval '1 millisecond'
   where link_hash = $1 and kind = $2 and spent_at is null and ended_at is null and expires_at > now()
     and ($5::text is null or organization_id = $5)
   returning ${columns}`,
);

/** Spends a link that can be used; null where there is none, whatever the reason. */
export async function spendLinkRow(
  sql: Sql,
  of: {
    readonly hash: Uint8Array;
    readonly kind: LinkKind;
    /** Where it is given: only a link of this organization. */
    readonly organizationId?: string | undefined;
  },
  session: { readonly bearerHash: Uint8Array; readonly lifeMs: number },
): Promise<PrivateLink | null> {
  const { bearerHash, lifeMs } = session;
  const values = [of.hash, of.kind, bearerHash, lifeMs, of.organizationId ?? null];
  const [row] = await sql.query<PrivateLink>(spend, values);
  return row ?? null;
}

const byBearer = statement(
  "links.byBearer",
  `select ${columns} from private_links
   where bearer_hash = $1 and kind = $2 and ended_at is null and session_expires_at > now()
     and ($3::bytea is null or link_hash = $3)`,
);

/** The link whose session has this bearer and is alive; with `linkHash` only where it is that link. */
export async function findByBearer(
  sql: Sql,
  of: { readonly hash: Uint8Array; readonly kind: LinkKind; readonly linkHash?: Uint8Array },
): Promise<PrivateLink | null> {
  const [row] = await sql.query<PrivateLink>(byBearer, [of.hash, of.kind, of.linkHash ?? null]);
  return row ?? null;
}
