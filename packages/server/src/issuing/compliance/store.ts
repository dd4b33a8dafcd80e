import { type Condition, listRows, type RowPage } from "../../foundation/database/list.ts";
import { type Sql, statement } from "../../foundation/database/sql.ts";
import { programsFor } from "../programs/clauses.ts";
import type { ComplianceRule } from "./model.ts";

type Row = Omit<ComplianceRule, "actor"> & {
  readonly actorKind: ComplianceRule["actor"]["kind"];
  readonly actorId: string;
};

/** Each column and the property it fills, in the order of the values of `insert`. */
const columns = {
  id: "id",
  program_id: "programId",
  subject: "subject",
  countries: "countries",
  effective_from: "effectiveFrom",
  effective_to: "effectiveTo",
  reason_code: "reasonCode",
  note: "note",
  wind_down_days: "windDownDays",
  actor_kind: "actorKind",
  actor_id: "actorId",
  version: "version",
  created_at: "createdAt",
} as const satisfies Record<string, keyof Row>;

const names = Object.keys(columns);

const select = `select ${Object.entries(columns)
  .map(([column, property]) => `r.${column} as "${property}"`)
  .join(", ")} from compliance_rules r`;
const own = `${select} where r.organization_id = 'org_platform'`;

const toRule = ({ actorKind: kind, actorId: id, ...rule }: Row): ComplianceRule => ({
  ...rule,
  actor: { kind, id },
});

const lock = statement("compliance.lock", `${own} and r.id = $1 for no key update`);

/** One rule by its id, its row locked; null where there is none. */
export async function lockRuleRow(sql: Sql, id: string): Promise<ComplianceRule | null> {
  const [row] = await sql.query<Row>(lock, [id]);
  return row === undefined ? null : toRule(row);
}

const insert = statement(
  "compliance.insert",
  `insert into compliance_rules (organization_id, ${names.join(", ")})
   values ('org_platform', ${names.map((_, index) => `$${index + 1}`).join(", ")})`,
);

/** Writes a new rule. */
export async function insertRule(sql: Sql, { actor, ...rule }: ComplianceRule): Promise<void> {
  const row: Row = { ...rule, actorKind: actor.kind, actorId: actor.id };
  await sql.query(
    insert,
    Object.values(columns).map((property) => row[property]),
  );
}

const end = statement(
  "compliance.end",
  `update compliance_rules set effective_to = $2, version = $3
   where organization_id = 'org_platform' and id = $1`,
);

/** Writes the end of a rule, whose row the caller has locked; nothing else of it ever changes. */
export async function endRule(sql: Sql, rule: ComplianceRule): Promise<void> {
  await sql.query(end, [rule.id, rule.effectiveTo, rule.version]);
}

const current = statement(
  "compliance.current",
  `${own} and (r.program_id is null or r.program_id = any($1::text[]))
     and (r.effective_to is null or r.effective_to > $2)`,
);

/** Rules for these programs that hold at an instant or later. */
export async function listCurrentRows(
  sql: Sql,
  programIds: readonly string[],
  now: Date,
): Promise<ComplianceRule[]> {
  return (await sql.query<Row>(current, [programIds, now])).map(toRule);
}

export type RuleFilter = {
  /** Only rules that concern this organization: for every program, or for one that it may use. */
  readonly organizationId?: string | undefined;
  readonly id?: string | undefined;
  readonly programId?: string | undefined;
  readonly subject?: string | undefined;
};

/** One page of rules, newest first; those that are over too. */
export async function listRulePage(
  sql: Sql,
  { organizationId, id, programId, subject }: RuleFilter,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<RowPage<ComplianceRule>> {
  const concerning: Condition[] =
    organizationId === undefined
      ? []
      : [(put) => `(r.program_id is null or r.program_id in ${programsFor(put(organizationId))})`];
  const { rows, more } = await listRows<Row>(sql, {
    select,
    conditions: [
      ["r.organization_id", "=", "org_platform"],
      ["r.id", "=", id],
      ["r.program_id", "=", programId],
      ["r.subject", "=", subject],
      ...concerning,
    ],
    key: "r.id",
    ...page,
  });
  return { rows: rows.map(toRule), more };
}
