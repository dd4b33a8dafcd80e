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
import { type Purse, purseKey } from "../model/dues.ts";
import type { Transfer } from "../model.ts";
import type { Dues, Settled } from "../rules/dues.ts";
import { planTransfer, refusalOf } from "../rules.ts";
import { readDues, type WrittenDues, writeDues } from "./dues.ts";
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
 * Decides deposits and payouts in order of arrival on one book, and writes them as sets. A deposit pays the
 * fees that wait for it, oldest first.
 *
 * @returns for each command its transfer, or why it is refused: `not_found`, `organization_closed`,
 *   `insufficient_organization_balance`, `receivable_outstanding`, `fees_due`, `overflow`.
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
  const facts = await openFunds(
    sql,
    placed.filter((each): each is Placed => !(each instanceof Refusal)),
  );
  const made: MadeTransfers[] = [];
  const settled: WrittenDues[] = [];
  const results = placed.map((each) => {
    if (each instanceof Refusal) return each;
    const decided = decide(facts, each);
    if (decided instanceof Refusal) return decided;
    const { work } = each;
    const fees = settle(facts, each, decided);
    made.push({ work, transfers: [decided, ...fees.transfers] });
    if (fees.dues.length > 0) settled.push({ work, dues: fees.dues });
    return decided;
  });
  sql.awaitBeforeCommit(
    Promise.all([
      writeBook(sql, facts.book),
      writeTransfers(sql, made),
      settled.length === 0 ? null : writeDues(sql, settled),
    ]),
  );
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

/** What decides: the locked balances, who owes, and the fees that wait, by `purseKey`. */
type FundsFacts = {
  readonly book: Book;
  readonly debtors: ReadonlySet<OrganizationId>;
  readonly dues: ReadonlyMap<string, Dues>;
};

const purseOf = ({ work: { organizationId }, own: { currency } }: Placed): Purse => ({
  organizationId,
  currency,
});

/** Opens the balances that a deposit is the first of, then locks all; and looks who owes what. */
async function openFunds(sql: Sql, placed: readonly Placed[]): Promise<FundsFacts> {
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
  // Sent together, run in order: fees that wait are read under the locks of the book.
  const [, debtors, book, dues] = await Promise.all([
    openAccountsOf(sql, accounts.filter(isDeposit)),
    readDebtors(sql, [...new Set(payers)]),
    openBook(sql, accounts),
    readDues(sql, placed.map(purseOf)),
  ]);
  return { book, debtors, dues };
}

/** Pays from a deposit what waits for one. */
function settle({ book, dues }: FundsFacts, each: Placed, decided: Transfer): Settled {
  const waiting = dues.get(purseKey(purseOf(each)));
  const pays = decided.kind === "organization_deposit" && waiting !== undefined;
  return pays ? waiting.settle(book, each.work, decided.id) : { transfers: [], dues: [] };
}

function decide({ book, debtors, dues }: FundsFacts, placed: Placed): Transfer | Refusal {
  const { command, work, own } = placed;
  const { kind, amount, currency, note } = command;
  const { organizationId } = work;
  const isPayout = kind === "organization_payout";
  if (isPayout && debtors.has(organizationId))
    return ledgerErrors.refusal("receivable_outstanding");
  const kept = isPayout ? dues.get(purseKey(purseOf(placed)))?.refuses(book, amount) : null;
  if (kept) return kept;
  const outside: AccountRef = { type: "external_funding", ownerId: organizationId, currency };
  const [from, to] = isPayout ? [own, outside] : [outside, own];
  const planned = planTransfer(book, work, { kind, from, to, amount, note });
  return isRefused(planned) ? refusalOf(planned, "amount") : planned.transfer;
}
