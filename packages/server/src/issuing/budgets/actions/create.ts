import { violatedConstraint } from "../../../foundation/database/errors.ts";
import type { Sql } from "../../../foundation/database/sql.ts";
import type { Work } from "../../../foundation/database/work.ts";
import { generalErrors, type Refusal } from "../../../foundation/errors/errors.ts";
import type { OrganizationId } from "../../../foundation/ids/ids.ts";
import { openAccounts } from "../../../records/ledger/actions.ts";
import { lockOrganization } from "../../organizations/actions.ts";
import { requireOpen } from "../../organizations/rules.ts";
import { lockProgram } from "../../programs/actions.ts";
import { budgetErrors } from "../errors.ts";
import { type Budget, budgetAccount, fundingAccount } from "../model.ts";
import { limitsOf, limitsRefusal } from "../rules/limits.ts";
import { type NamedProgram, parentRefusal, programsRefusal } from "../rules.ts";
import type { NewBudget } from "../schema.ts";
import { insertRow } from "../store.ts";
import { announced, type BudgetInFull, lockBudgets } from "./read.ts";

/**
 * Makes a budget, active and empty: a root, or a sub-budget of the parent that is named.
 *
 * @throws Refusal `program_not_found`, `program_not_available`, `budget_type_invalid`,
 *   `budget_not_found`, `budget_archived`, `budget_too_deep`, `currency_mismatch`,
 *   `budget_type_not_in_parent`, `budget_limit_invalid`, `budget_name_taken`, `external_id_taken`,
 *   `organization_closed`.
 */
export async function createBudget(work: Work, wanted: NewBudget): Promise<BudgetInFull> {
  const { sql, organizationId } = work;
  const { name, currency, typeIds, parentId, label = null, externalId = null } = wanted;
  requireOpen(await lockOrganization(sql, organizationId, "share"));
  const named = await lockPrograms(sql, typeIds);
  const refusal =
    programsRefusal(named, organizationId, currency) ?? limitsRefusal(wanted.limits ?? [], []);
  if (refusal !== null) throw refusal;
  const parent = parentId === undefined ? null : await lockParent(work, parentId, wanted);
  const budget: Budget = {
    organizationId,
    id: work.newId("budget"),
    externalId,
    name,
    label,
    currency,
    parentId: parent?.id ?? null,
    ancestorIds: parent === null ? [] : [...parent.ancestorIds, parent.id],
    depth: (parent?.depth ?? 0) + 1,
    programIds: named.flatMap(({ program }) => (program === null ? [] : [program.id])),
    limits: limitsOf(wanted.limits ?? [], [], () => work.newId("limit")),
    status: "active",
    statusReason: null,
    version: 1n,
    createdAt: work.now,
  };
  await openAccounts(work, [budgetAccount(budget), fundingAccount({ ...budget, parentId: null })]);
  await refuseTaken(insertRow(sql, budget));
  return announced(work, "budget.created", budget);
}

/** Shares the programs that a request names, in the order of their ids; answers in that of the request. */
export async function lockPrograms(sql: Sql, typeIds: readonly string[]): Promise<NamedProgram[]> {
  const found = await Promise.all(
    [...typeIds].sort().map(async (id) => ({ id, program: await lockProgram(sql, id, "share") })),
  );
  return typeIds.map((id) => found.find((each) => each.id === id) ?? { id, program: null });
}

/** Keeps the parent and all above it as they are: not archived, with these programs. */
async function lockParent(
  { sql, organizationId }: { readonly sql: Sql; readonly organizationId: OrganizationId },
  id: string,
  wanted: NewBudget,
): Promise<Budget> {
  const found = await lockBudgets(sql, [{ organizationId, id }], "share");
  const parent = found.get(`${organizationId}/${id}`);
  if (parent === undefined) {
    throw budgetErrors.refusal("budget_not_found", undefined, { field: "parentId" });
  }
  const refusal = parentRefusal(parent, wanted);
  if (refusal !== null) throw refusal;
  return parent;
}

/** The constraints that say that something is taken, and what is said of it. */
const taken: Readonly<Record<string, () => Refusal>> = {
  budgets_organization_id_name_key: () =>
    budgetErrors.refusal("budget_name_taken", undefined, { field: "name" }),
  budgets_organization_id_external_id_key: () =>
    generalErrors.refusal("external_id_taken", "Another budget has this externalId.", {
      field: "externalId",
    }),
};

/** Says a unique constraint that a write meets to a person. */
export async function refuseTaken(write: Promise<void>): Promise<void> {
  try {
    await write;
  } catch (error) {
    throw taken[violatedConstraint(error) ?? ""]?.() ?? error;
  }
}
