import type { RowPage } from "../../foundation/database/list.ts";
import type { Sql } from "../../foundation/database/sql.ts";
import type { Work } from "../../foundation/database/work.ts";
import { assert, generalErrors } from "../../foundation/errors/errors.ts";
import { PLATFORM } from "../../foundation/ids/ids.ts";
import { wakeJobs } from "../../foundation/job/bell.ts";
import { announce } from "../../records/events/actions.ts";
import { previousOf } from "../../records/events/rules.ts";
import { lockProgram } from "../programs/actions.ts";
import { programErrors } from "../programs/errors.ts";
import type { Program } from "../programs/model.ts";
import { complianceErrors } from "./errors.ts";
import type { complianceEvents } from "./events.ts";
import type { ComplianceRule } from "./model.ts";
import { endedAt, ruleProblems } from "./rules.ts";
import { showRule } from "./schema.ts";
import {
  endRule,
  insertRule,
  listCurrentRows,
  listRulePage,
  lockRuleRow,
  type RuleFilter,
} from "./store.ts";

/** A rule to be made: `effectiveFrom` null is at once. */
export type NewRule = Pick<
  ComplianceRule,
  "subject" | "countries" | "effectiveTo" | "reasonCode" | "note" | "windDownDays"
> & { readonly typeId: string | null; readonly effectiveFrom: Date | null };

/**
 * Makes a rule. Nobody waits for it: a card that is issued while it is made is found by the re-check.
 *
 * @param work of the platform.
 * @throws Refusal `program_not_found`, `compliance_rule_invalid` with every problem.
 */
export async function createRule(work: Work, wanted: NewRule): Promise<ComplianceRule> {
  assert(work.organizationId === PLATFORM, "Compliance rules belong to the platform.");
  const { typeId, ...given } = wanted;
  const program = typeId === null ? null : await namedProgram(work, typeId);
  const rule: ComplianceRule = {
    ...given,
    id: work.newId("complianceRule"),
    programId: program?.id ?? null,
    effectiveFrom: given.effectiveFrom ?? work.now,
    actor: { kind: work.actor.kind, id: work.actor.id },
    version: 1n,
    createdAt: work.now,
  };
  const problems = ruleProblems(rule, program, work.now);
  if (problems.length > 0) {
    throw complianceErrors.refusal("compliance_rule_invalid", undefined, { problems });
  }
  await insertRule(work.sql, rule);
  announceRule(work, "compliance_rule.created", rule);
  wakeJobs(work);
  return rule;
}

async function namedProgram({ sql }: Work, typeId: string): Promise<Program> {
  const program = await lockProgram(sql, typeId, "share");
  if (program !== null) return program;
  throw programErrors.refusal("program_not_found", undefined, { field: "typeId" });
}

/**
 * Ends a rule. What it has said until then stays as it was.
 *
 * @param work of the platform.
 * @param at null: now.
 * @throws Refusal `not_found`, `compliance_rule_invalid` where that is past, `compliance_rule_ended`.
 */
export async function endComplianceRule(
  work: Work,
  id: string,
  at: Date | null,
): Promise<ComplianceRule> {
  const before = await lockRuleRow(work.sql, id);
  if (before === null) throw generalErrors.refusal("not_found");
  if (at !== null && at < work.now) {
    const detail = "A rule does not end in the past.";
    throw complianceErrors.refusal("compliance_rule_invalid", detail, { field: "effectiveTo" });
  }
  const after = endedAt(before, at ?? work.now);
  if (after === null) throw complianceErrors.refusal("compliance_rule_ended");
  await endRule(work.sql, after);
  announceRule(work, "compliance_rule.ended", after, before);
  wakeJobs(work);
  return after;
}

/** One page of rules, newest first; those that are over too. */
export const listRules = (
  sql: Sql,
  filter: RuleFilter,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<RowPage<ComplianceRule>> => listRulePage(sql, filter, page);

/**
 * One rule by its id.
 *
 * @param organizationId for whom it must be of concern; undefined: the platform, which sees all.
 * @throws Refusal `not_found`.
 */
export async function getRule(
  sql: Sql,
  id: string,
  organizationId: string | undefined,
): Promise<ComplianceRule> {
  const page = { after: undefined, limit: 1 };
  const [rule] = (await listRulePage(sql, { id, organizationId }, page)).rows;
  if (rule === undefined) throw generalErrors.refusal("not_found");
  return rule;
}

/** Rules for these programs that hold at an instant or later: see `rulesFor`. Takes no lock. */
export const listCurrentRules = (
  sql: Sql,
  programIds: readonly string[],
  now: Date,
): Promise<ComplianceRule[]> => listCurrentRows(sql, programIds, now);

function announceRule(
  work: Work,
  type: keyof typeof complianceEvents,
  rule: ComplianceRule,
  before?: ComplianceRule,
): void {
  const object = showRule(rule, "platform");
  announce(work, {
    type,
    objectId: rule.id,
    objectVersion: rule.version,
    object,
    ...(before && { previous: previousOf(showRule(before, "platform"), object) }),
  });
}
