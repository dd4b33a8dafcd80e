import { listRows, type RowPage } from "../../../foundation/database/list.ts";
import { arraysOf, type Sql, statement } from "../../../foundation/database/sql.ts";
import type { CardId, OrganizationId } from "../../../foundation/ids/ids.ts";
import type { Due, DuePage } from "../../../foundation/job/job.ts";
import { dueInOrder, dueValues } from "../../../records/jobs/clauses.ts";
import { restrictedCountries } from "../../compliance/clauses.ts";
import { type RuleSubject, ruleSubjects } from "../../compliance/model.ts";
import { customersOf } from "../../customers/clauses.ts";
import { countryLists } from "../../programs/clauses.ts";
import type { WindDown } from "../model/winddowns.ts";

/** Each column and the property it fills, in the order of the values of `insert`. */
const columns = {
  organization_id: "organizationId",
  id: "id",
  card_id: "cardId",
  subject: "subject",
  rule_id: "ruleId",
  reason_code: "reasonCode",
  status: "status",
  announced_at: "announcedAt",
  due_at: "dueAt",
  blocked_at: "blockedAt",
  lifted_at: "liftedAt",
  version: "version",
} as const satisfies Record<string, keyof WindDown>;

type Column = keyof typeof columns;
const names = Object.keys(columns) as Column[];

/** Types of the columns as arrays, where they are not text. */
const arrayTypes: Partial<Record<Column, string>> = {
  announced_at: "timestamptz[]",
  due_at: "timestamptz[]",
  blocked_at: "timestamptz[]",
  lifted_at: "timestamptz[]",
  version: "bigint[]",
};

const select = `select ${Object.entries(columns)
  .map(([column, property]) => `w.${column} as "${property}"`)
  .join(", ")} from card_wind_downs w`;

const insert = statement(
  "windDowns.insert",
  `insert into card_wind_downs (${names.join(", ")})
   select * from unnest(${arraysOf(names, arrayTypes)})`,
);

const valuesOf = (wanted: readonly Column[], windDowns: readonly WindDown[]): unknown[][] =>
  wanted.map((name) => windDowns.map((each) => each[columns[name]]));

/** Writes new wind-downs as one set. */
export async function insertWindDowns(sql: Sql, made: readonly WindDown[]): Promise<void> {
  if (made.length > 0) await sql.query(insert, valuesOf(names, made));
}

const changing: Column[] = ["status", "blocked_at", "lifted_at", "version"];
const keyed: Column[] = ["organization_id", "id", ...changing];

const update = statement(
  "windDowns.update",
  `update card_wind_downs w set ${changing.map((name) => `${name} = given.${name}`).join(", ")}
   from unnest(${arraysOf(keyed, arrayTypes)}) as given (${keyed.join(", ")})
   where w.organization_id = given.organization_id and w.id = given.id`,
);

/** Writes what can change of wind-downs over their rows; the caller has locked their cards. */
export async function updateWindDowns(sql: Sql, changed: readonly WindDown[]): Promise<void> {
  if (changed.length > 0) await sql.query(update, valuesOf(keyed, changed));
}

const openOfCards = statement(
  "windDowns.openOfCards",
  `${select} where w.organization_id = $1 and w.card_id = any($2::text[]) and w.status <> 'lifted'
   order by w.id`,
);

/** The wind-downs of cards that are not lifted, in the order of their ids. */
export const listOpen = (
  sql: Sql,
  organizationId: OrganizationId,
  cardIds: readonly CardId[],
): Promise<WindDown[]> => sql.query<WindDown>(openOfCards, [organizationId, cardIds]);

const byIds = statement(
  "windDowns.byIds",
  `${select} where w.organization_id = $1 and w.id = any($2::text[]) order by w.id`,
);

/** Wind-downs by their ids. */
export const listByIds = (
  sql: Sql,
  organizationId: OrganizationId,
  ids: readonly string[],
): Promise<WindDown[]> => sql.query<WindDown>(byIds, [organizationId, ids]);

const ofReplaced = statement(
  "windDowns.ofReplaced",
  `select c.id as "cardId", w.subject, w.due_at as "dueAt" from cards c
   join card_wind_downs w on w.organization_id = c.organization_id and w.card_id = c.replaces
     and w.announced_at <= c.created_at and (w.lifted_at is null or w.lifted_at >= c.created_at)
   where c.organization_id = $1 and c.id = any($2::text[])`,
);

/** When the cards that some have replaced were to be blocked, as it stood when they were replaced. */
export const listInherited = (
  sql: Sql,
  organizationId: OrganizationId,
  cardIds: readonly CardId[],
): Promise<Pick<WindDown, "cardId" | "subject" | "dueAt">[]> =>
  sql.query(ofReplaced, [organizationId, cardIds]);

export type WindDownFilter = {
  readonly organizationId?: string | undefined;
  readonly cardId?: string | undefined;
  readonly ruleId?: string | undefined;
  readonly status?: string | undefined;
};

/** One page of wind-downs, newest first. */
export const listWindDownPage = (
  sql: Sql,
  { organizationId, cardId, ruleId, status }: WindDownFilter,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<RowPage<WindDown>> =>
  listRows<WindDown>(sql, {
    select,
    conditions: [
      ["w.organization_id", "=", organizationId],
      ["w.card_id", "=", cardId],
      ["w.rule_id", "=", ruleId],
      ["w.status", "=", status],
    ],
    key: "w.id",
    ...page,
  });

const hasNone = (subject: RuleSubject): string => `not exists (select from card_wind_downs w
  where w.organization_id = c.organization_id and w.card_id = c.id and w.subject = '${subject}'
    and w.status <> 'lifted')`;

/** Whether the lists of a program `p` are against a country; one that is not known is not. */
const isListed = (country: string): string =>
  `coalesce(${country} = any(p.restricted) or ${country} <> all(p.allowed), false)`;

/**
 * Cards whose customers' countries are restricted and that go on as if nothing were, by what restricts them:
 * from a rule by its countries to customers, from a program by its cards. Since when lists say what they
 * say nobody keeps.
 */
const affectedBy = (subject: RuleSubject): string => `
  select c.id, greatest(r.effective_from, c.created_at, k.status_at) as due_at
  from ${restrictedCountries("o.now")} r
  join ${customersOf("o.organization_id")} k
    on k.${subject} = r.country and k.status <> 'deleted'
  join cards c on c.organization_id = o.organization_id and c.customer_id = k.id
    and c.status <> 'deleted' and (r.program_id is null or r.program_id = c.program_id)
  where r.subject = '${subject}' and ${hasNone(subject)}
  union all
  select c.id, o.now as due_at from ${countryLists(subject)} p
  join cards c on c.program_id = p.id and c.organization_id = o.organization_id
    and c.status <> 'deleted'
  join ${customersOf("o.organization_id")} k on k.id = c.customer_id
  where ${isListed(`k.${subject}`)} and ${hasNone(subject)}`;

const affected = statement(
  "windDowns.affected",
  dueInOrder(`select id, min(due_at) as due_at
    from (${ruleSubjects.map(affectedBy).join(" union all ")}) as affected group by id`),
);

/** Cards for which a wind-down is to begin: as `beginningsOf` says. */
export const findAffected = (sql: Sql, page: DuePage): Promise<Due[]> =>
  sql.query<Due>(affected, dueValues(page));

/** Whether the country that a wind-down `w` of a card `c` of a customer `k` is about is restricted. */
const isRestricted = ruleSubjects
  .map(
    (subject) => `w.subject = '${subject}' and (
      exists (select from ${restrictedCountries("o.now")} r
        where r.subject = '${subject}' and r.country = k.${subject}
          and (r.program_id is null or r.program_id = c.program_id))
      or exists (select from ${countryLists(subject)} p
        where p.id = c.program_id and ${isListed(`k.${subject}`)}))`,
  )
  .join(" or ");

const isOver = `w.rule_id is not null and not exists (select
  from ${restrictedCountries("o.now")} r where r.id = w.rule_id)`;

/** As `isCured` says. */
const isCured = `(c.status = 'deleted' or (not (${isRestricted}) and (k.status = 'active' or ${isOver})))`;

const open = `card_wind_downs w
  join cards c on c.organization_id = w.organization_id and c.id = w.card_id
  join ${customersOf("o.organization_id")} k on k.id = c.customer_id`;

const curable = statement(
  "windDowns.cured",
  dueInOrder(`select w.id, o.now as due_at from ${open}
    where w.organization_id = o.organization_id and w.status <> 'lifted' and ${isCured}`),
);

/** Wind-downs whose cause is gone. */
export const findCured = (sql: Sql, page: DuePage): Promise<Due[]> =>
  sql.query<Due>(curable, dueValues(page));

const due = statement(
  "windDowns.due",
  dueInOrder(`select w.id, w.due_at from ${open}
    where w.organization_id = o.organization_id and w.status = 'announced' and w.due_at <= o.now
      and not ${isCured}`),
);

/** Announced wind-downs whose date has come and whose cause is not gone. */
export const findBlockable = (sql: Sql, page: DuePage): Promise<Due[]> =>
  sql.query<Due>(due, dueValues(page));
