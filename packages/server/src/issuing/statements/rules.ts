import { assert } from "../../foundation/errors/errors.ts";
import { total } from "../../foundation/money/money.ts";
import type { PostedSide } from "../../records/ledger/actions.ts";
import { accountRefOf } from "../../records/ledger/model/reference.ts";
import {
  type AccountRef,
  accountId,
  type Balances,
  postedOf,
  receivableOf,
} from "../../records/ledger/model.ts";
import type { FeeKind } from "../transfers/model.ts";
import type { Standing, Statement, StatementLine, StatementSubject } from "./model.ts";

/** What a transfer says of its movements. */
export type Remark = { readonly note: string | null; readonly feeKind: FeeKind | null };

/**
 * The accounts of a statement: the one it is about, and the receivable beside it. What an organization
 * owes stands beside its cards and budgets, and is on their statements.
 */
export function accountsOf(account: AccountRef): readonly AccountRef[] {
  const receivable = receivableOf(account);
  return receivable === null ? [account] : [account, receivable];
}

/** What of balances the lines add up; an organization's statement has no movements of what is owed. */
export function standingOf(subject: StatementSubject, balances: Balances): Standing {
  return { posted: balances.posted, owed: subject === "organization" ? 0n : balances.owed };
}

/**
 * Lines from the posted sides of a page, by sequence. A row that pays the receivable from the account has
 * both as its sides, and is one line.
 *
 * @param before what stood before the first of them.
 * @throws Fault when a side does not follow from what stood before it: the statement would not add up.
 */
export function linesOf(
  account: AccountRef,
  sides: readonly PostedSide[],
  remarks: ReadonlyMap<string, Remark>,
  before: Standing,
): StatementLine[] {
  const own = accountId(account);
  const lines: StatementLine[] = [];
  let standing = before;
  for (const rows of bySequence(sides)) {
    const [row] = rows;
    const main = rows.find((side) => side.accountId === own) ?? row;
    const posted = rows.filter((side) => side.accountId === own).map((side) => -signOf(side));
    const owed = rows.filter((side) => side.accountId !== own).map(signOf);
    const change = { posted: total(posted), owed: total(owed) };
    standing = { posted: standing.posted + change.posted, owed: standing.owed + change.owed };
    requireSame(account, rows, standing);
    lines.push(lineOf(main, remarks, change, standing));
  }
  return lines;
}

/** A debit as a positive amount, a credit as a negative one. */
const signOf = ({ side, amount }: PostedSide): bigint => (side === "debit" ? amount : -amount);

type Row = readonly [PostedSide, ...PostedSide[]];

function bySequence(sides: readonly PostedSide[]): Row[] {
  const rows: [PostedSide, ...PostedSide[]][] = [];
  for (const side of sides) {
    const last = rows.at(-1);
    if (last?.[0].sequence === side.sequence) last.push(side);
    else rows.push([side]);
  }
  return rows;
}

function requireSame(account: AccountRef, rows: Row, { posted, owed }: Standing): void {
  const own = accountId(account);
  for (const { accountId: id, numbers, journalId } of rows) {
    const stands = postedOf({ type: id === own ? account.type : "receivable", ...numbers });
    assert(stands === (id === own ? posted : owed), `${journalId} does not follow what is before.`);
  }
}

function lineOf(
  side: PostedSide,
  remarks: ReadonlyMap<string, Remark>,
  change: Standing,
  after: Standing,
): StatementLine {
  const { sequence, recordedAt, journalId, kind, amount, otherId } = side;
  const { transferId, holdId, cardId, budgetId } = side;
  const { note = null, feeKind = null } = remarks.get(transferId ?? "") ?? {};
  const { type, ownerId } = accountRefOf(otherId);
  return {
    ...{ sequence, recordedAt, journalId, kind, feeKind, direction: side.side, amount },
    ...{ change, after, counterpart: { type, id: ownerId } },
    ...{ transferId, holdId, cardId, budgetId, note },
  };
}

/**
 * That opening + movements = closing.
 *
 * @throws Fault when they are not: a statement that does not add up must not be finished.
 */
export function requireClosing({ subject, closing }: Statement, reached: Standing): void {
  const { posted, owed } = standingOf(subject, closing);
  assert(posted === reached.posted && owed === reached.owed, "A statement does not add up.");
}
