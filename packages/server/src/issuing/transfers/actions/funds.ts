import type { Sql } from "../../../foundation/database/sql.ts";
import type { Work } from "../../../foundation/database/work.ts";
import { generalErrors, Refusal } from "../../../foundation/errors/errors.ts";
import type { OrganizationId } from "../../../foundation/ids/ids.ts";
import type { LaneCommand } from "../../../foundation/route/route.ts";
import {
  openAccountsOf,
  openBook,
  readDebtors,
  writeBook,
} from "../../../records/ledger/actions.ts";
import { isRefused, ledgerErrors } from "../../../records/ledger/errors.ts";
import type { AccountRef } from "../../../records/ledger/model.ts";
import type { Book } from "../../../records/ledger/rules.ts";
import { type OrganizationAt, shareOrganizations } from "../../organizations/actions.ts";
import { organizationErrors } from "../../organizations/errors.ts";
import { availableOf } from "../../organizations/model.ts";
import type { Transfer } from "../model.ts";
import { planTransfer, refusalOf } from "../rules.ts";
import { type MadeTransfers, writeTransfers } from "./write.ts";

/** Money that comes into or leaves the installation, for the lane that decides it. */
export type FundsCommand = LaneCommand & {
  readonly kind: "organization_deposit" | "organization_payout";
  /** The organization by id or `external:<externalId>`. */
  readonly organization: string;
  readonly amount: bigint;
  readonly currency: string;
  readonly note: string | null;
};

/** A command whose organization is known: its work there, and the account it is about. */
type Placed = { readonly command: FundsCommand; readonly work: Work; readonly own: AccountRef };

/**
 * Decides deposits and payouts in order of arrival on one book, and writes them as sets.
 *
 * @returns for each command its transfer, or why it is refused: `not_found`, `organization_closed`,
 *   `insufficient_organization_balance`, `receivable_outstanding`, `overflow`.
 */
export async function decideFunds(
  commands: readonly FundsCommand[],
): Promise<(Transfer | Refusal)[]> {
  const [first] = commands;
  if (first === undefined) return [];
  const { sql } = first.work;
  const names = commands.map(({ organization }) => organization);
  const organizations = await shareOrganizations(sql, names);
  const placed = commands.map((command) => place(command, organizations));
  const { book, debtors } = await openFunds(
    sql,
    placed.filter((each): each is Placed => !(each instanceof Refusal)),
  );
  const made: MadeTransfers[] = [];
  const results = placed.map((each) => {
    if (each instanceof Refusal) return each;
    const decided = decide(book, debtors, each);
    if (decided instanceof Refusal) return decided;
    made.push({ work: each.work, transfers: [decided] });
    return decided;
  });
  sql.awaitBeforeCommit(Promise.all([writeBook(sql, book), writeTransfers(sql, made)]));
  return results;
}

function place(
  command: FundsCommand,
  organizations: ReadonlyMap<string, OrganizationAt>,
): Placed | Refusal {
  const organization = organizations.get(command.organization);
  if (organization === undefined) return generalErrors.refusal("not_found");
  const { id, status, now } = organization;
  if (status === "closed") return organizationErrors.refusal("organization_closed");
  const { currency } = command;
  return {
    command,
    work: { ...command.work, organizationId: id, now },
    own: availableOf({ organizationId: id, currency }),
  };
}

/** Opens the balances that a deposit is the first of, then locks all; and looks who owes. */
async function openFunds(
  sql: Sql,
  placed: readonly Placed[],
): Promise<{ book: Book; debtors: ReadonlySet<OrganizationId> }> {
  const accounts = placed.map(({ work: { organizationId, now }, own }) => ({
    organizationId,
    now,
    ref: own,
  }));
  const isDeposit = (_: unknown, index: number) =>
    placed[index]?.command.kind === "organization_deposit";
  const payers = placed
    .filter(({ command }) => command.kind === "organization_payout")
    .map(({ work }) => work.organizationId);
  const [, debtors, book] = await Promise.all([
    openAccountsOf(sql, accounts.filter(isDeposit)),
    readDebtors(sql, [...new Set(payers)]),
    openBook(sql, accounts),
  ]);
  return { book, debtors };
}

function decide(
  book: Book,
  debtors: ReadonlySet<OrganizationId>,
  { command, work, own }: Placed,
): Transfer | Refusal {
  const { kind, amount, currency, note } = command;
  const { organizationId } = work;
  const isPayout = kind === "organization_payout";
  if (isPayout && debtors.has(organizationId))
    return ledgerErrors.refusal("receivable_outstanding");
  const outside: AccountRef = { type: "external_funding", ownerId: organizationId, currency };
  const [from, to] = isPayout ? [own, outside] : [outside, own];
  const planned = planTransfer(book, work, { kind, from, to, amount, note });
  return isRefused(planned) ? refusalOf(planned, "amount") : planned.transfer;
}
