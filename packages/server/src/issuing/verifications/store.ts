import { listRows, type RowPage } from "../../foundation/database/list.ts";
import { type Sql, statement } from "../../foundation/database/sql.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import type { Due, DuePage } from "../../foundation/job/job.ts";
import { dueInOrder, dueValues } from "../../records/jobs/clauses.ts";
import { customersErased, customersInReview } from "../customers/clauses.ts";
import {
  isOutside,
  openStatuses,
  type Provider,
  providers,
  type Verification,
  type VerificationRead,
  type VerificationSettings,
} from "./model.ts";

/** Each column and the property it fills. */
const columns = {
  organization_id: "organizationId",
  id: "id",
  customer_id: "customerId",
  level: "level",
  provider: "provider",
  status: "status",
  customer_version: "customerVersion",
  claimed_by: "claimedBy",
  claimed_at: "claimedAt",
  provider_reference: "providerReference",
  delegated: "delegated",
  outcome: "outcome",
  reasons: "reasons",
  decided_by: "decidedBy",
  decided_at: "decidedAt",
  version: "version",
  created_at: "createdAt",
} as const satisfies Record<string, keyof Verification>;

const traffic = {
  attempts: "attempts",
  next_attempt_at: "nextAttemptAt",
  last_error: "lastError",
  heard_at: "heardAt",
} as const satisfies Record<string, keyof VerificationRead>;

const names = Object.keys(columns);
const properties = Object.values(columns);
const valuesOf = (verification: Verification): unknown[] =>
  properties.map((property) => verification[property]);

const selectedOf = (every: Readonly<Record<string, string>>): string =>
  Object.entries(every)
    .map(([column, property]) => `v.${column} as "${property}"`)
    .join(", ");
const selected = selectedOf({ ...columns, ...traffic });

const quoted = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(", ");
const isOpen = `v.status in (${quoted(openStatuses)})`;

/** The database's real clock, cut to what a column keeps: rounded up, what is due now would not be yet. */
export const realNow = "date_trunc('milliseconds', now())";

/** Which parameter of `valuesOf` a column is. */
const at = (column: keyof typeof columns): number => names.indexOf(column) + 1;

const outside = quoted(providers.filter((provider) => isOutside[provider]));

const find = statement(
  "verifications.find",
  `select ${selected} from verifications v where v.organization_id = $1 and v.id = $2`,
);
const findOpen = statement(
  "verifications.findOpen",
  `select ${selected} from verifications v
   where v.organization_id = $1 and v.customer_id = $2 and ${isOpen}`,
);
const owner = statement(
  "verifications.owner",
  `select organization_id as "organizationId" from verifications where id = $1`,
);
const insert = statement(
  "verifications.insert",
  `insert into verifications (${names.join(", ")}, next_attempt_at)
   values (${names.map((_, index) => `$${index + 1}`).join(", ")},
     case when $${at("provider")} in (${outside}) then ${realNow} end)`,
);
const update = statement(
  "verifications.update",
  `update verifications set ${names.map((name, index) => `${name} = $${index + 1}`).join(", ")},
     share_token = case when $${at("status")} = 'queued' then share_token end,
     next_attempt_at = case
       when $${at("status")} = status or $${at("status")} = 'submitted' then next_attempt_at
       when $${at("status")} = 'queued' and provider in (${outside}) then ${realNow} end
   where organization_id = $1 and id = $2`,
);

const hasFacts = `v.status in ('decided', 'cancelled')
  and (v.delegated is not null or v.provider_reference is not null or v.reasons <> '{}')`;

const toForget = statement(
  "verifications.toForget",
  dueInOrder(`select v.id, k.erased_at as due_at
    from ${customersErased("o.organization_id")} k
    join verifications v on v.organization_id = o.organization_id and v.customer_id = k.id
    where ${hasFacts}`),
);

/** Verifications of customers of whom nothing is kept any more, with what tells of them still there. */
export const findToForget = (sql: Sql, page: DuePage): Promise<Due[]> =>
  sql.query<Due>(toForget, dueValues(page));

const forget = statement(
  "verifications.forget",
  `update verifications v set delegated = null, provider_reference = null, reasons = '{}'
   where v.organization_id = $1 and v.id = any($2) and ${hasFacts} returning v.id`,
);

/** Empties what tells of the customers of these verifications. @returns of how many */
export async function forgetRows(
  sql: Sql,
  organizationId: string,
  ids: readonly string[],
): Promise<number> {
  return (await sql.query(forget, [organizationId, ids])).length;
}

/** One verification of an organization; null where there is none. */
export async function findVerificationRow(
  sql: Sql,
  organizationId: string,
  id: string,
): Promise<VerificationRead | null> {
  const [row] = await sql.query<VerificationRead>(find, [organizationId, id]);
  return row ?? null;
}

/** The open verification of a customer; null where there is none. */
export async function findOpenRow(
  sql: Sql,
  organizationId: string,
  customerId: string,
): Promise<VerificationRead | null> {
  const [row] = await sql.query<VerificationRead>(findOpen, [organizationId, customerId]);
  return row ?? null;
}

/** Whose verification it is; null where there is none. */
export async function ownerOf(sql: Sql, id: string): Promise<OrganizationId | null> {
  const [row] = await sql.query<{ organizationId: OrganizationId }>(owner, [id]);
  return row?.organizationId ?? null;
}

/** Writes a new verification. The caller has locked its customer, which has no open one. */
export async function insertVerification(sql: Sql, verification: Verification): Promise<void> {
  await sql.query(insert, valuesOf(verification));
}

/** Writes a moved verification over its row. The caller has locked its customer. */
export async function updateVerification(sql: Sql, verification: Verification): Promise<void> {
  await sql.query(update, valuesOf(verification));
}

const toOpen = statement(
  "verifications.toOpen",
  dueInOrder(`select k.id, k.status_at as due_at
    from ${customersInReview("o.organization_id")} k
    where not exists (select from verifications v where v.organization_id = o.organization_id
      and v.customer_id = k.id and ${isOpen})`),
);

const toCancel = statement(
  "verifications.toCancel",
  dueInOrder(`select v.id, v.created_at as due_at from verifications v
    where v.organization_id = o.organization_id and ${isOpen}
      and not exists (select from ${customersInReview("o.organization_id")} k
        where k.id = v.customer_id)`),
);

/** Customers in review that have no open verification. */
export const findToOpen = (sql: Sql, page: DuePage): Promise<Due[]> =>
  sql.query<Due>(toOpen, dueValues(page));

/** Open verifications of customers that are not in review any more. */
export const findToCancel = (sql: Sql, page: DuePage): Promise<Due[]> =>
  sql.query<Due>(toCancel, dueValues(page));

export type VerificationFilter = {
  readonly organizationId?: string | undefined;
  readonly customerId?: string | undefined;
  readonly status?: string | undefined;
  readonly provider?: string | undefined;
  readonly outcome?: string | undefined;
  readonly claimedBy?: string | undefined;
};

/** One page of verifications, newest first. */
export function listVerificationRows(
  sql: Sql,
  filter: VerificationFilter,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<RowPage<VerificationRead>> {
  return listRows<VerificationRead>(sql, {
    select: `select ${selected} from verifications v`,
    conditions: [
      ["v.organization_id", "=", filter.organizationId],
      ["v.customer_id", "=", filter.customerId],
      ["v.status", "=", filter.status],
      ["v.provider", "=", filter.provider],
      ["v.outcome", "=", filter.outcome],
      ["v.claimed_by", "=", filter.claimedBy],
    ],
    key: "v.id",
    ...page,
  });
}

const findSettings = statement(
  "verifications.findSettings",
  `select organization_id as "organizationId", provider, delegated, version
   from verification_settings where organization_id = $1`,
);

const putSettings = statement(
  "verifications.putSettings",
  `insert into verification_settings (organization_id, provider, delegated, version)
   values ($1, $2, $3, $4)
   on conflict (organization_id) do update
     set provider = excluded.provider, delegated = excluded.delegated, version = excluded.version`,
);

const named = statement(
  "verifications.providersNamed",
  "select distinct provider from verification_settings order by provider",
);

/** The providers that settings of organizations name. */
export async function findNamedProviders(sql: Sql): Promise<Provider[]> {
  return (await sql.query<{ provider: Provider }>(named, [])).map(({ provider }) => provider);
}

/** What the platform said of an organization; null where it said nothing. */
export async function findSettingsRow(
  sql: Sql,
  organizationId: string,
): Promise<VerificationSettings | null> {
  const [row] = await sql.query<VerificationSettings>(findSettings, [organizationId]);
  return row ?? null;
}

/** Writes settings. The caller has locked the organization for a change. */
export async function writeSettings(sql: Sql, settings: VerificationSettings): Promise<void> {
  const { organizationId, provider, delegated, version } = settings;
  await sql.query(putSettings, [organizationId, provider, delegated, version]);
}
