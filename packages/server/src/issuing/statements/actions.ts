import type { Reading } from "../../foundation/database/work.ts";
import { readPosted, settlePeriod } from "../../records/ledger/actions.ts";
import type { AccountRef } from "../../records/ledger/model.ts";
import { readTransfers } from "../transfers/actions.ts";
import { balancesOf } from "./actions/subjects.ts";
import type { Statement, StatementLine, StatementSubject } from "./model.ts";
import { accountsOf, linesOf, type Remark, requireClosing, standingOf } from "./rules.ts";

/** A period as it was asked for; without an end it is until now. */
export type AskedPeriod = { readonly from?: Date | undefined; readonly to?: Date | undefined };

/** Whose statement: the subject that was asked for and the account that it spends from. */
export type Subject = {
  readonly subject: StatementSubject;
  readonly subjectId: string;
  readonly account: AccountRef;
};

/**
 * Opens the statement of an account over a period that is over: its bounds and balances, without lines.
 *
 * @throws Refusal `as_of_in_future`, `invalid_request`.
 */
export async function openStatement(
  reading: Reading,
  { subject, subjectId, account }: Subject,
  asked: AskedPeriod,
): Promise<Statement> {
  const { organizationId } = reading;
  const { period, range } = await settlePeriod(reading, asked);
  const [opening, closing] = await Promise.all([
    balancesOf(reading, account, { sequence: range.above }),
    balancesOf(reading, account, { sequence: range.upTo }),
  ]);
  return { organizationId, subject, subjectId, account, period, range, opening, closing };
}

/**
 * The lines of a statement, oldest first, a page at a time; only one page is ever in memory.
 *
 * @throws Fault where they do not lead from the opening to the closing.
 */
export async function* readLines(
  { sql }: Reading,
  statement: Statement,
): AsyncGenerator<readonly StatementLine[]> {
  const { organizationId, subject, account, range, opening } = statement;
  let standing = standingOf(subject, opening);
  for await (const sides of readPosted(sql, organizationId, accountsOf(account), range)) {
    const ids = new Set(sides.map(({ transferId }) => transferId).filter((id) => id !== null));
    const transfers = await readTransfers(sql, organizationId, [...ids]);
    const remarks = new Map<string, Remark>(transfers.map((each) => [each.id, each]));
    const lines = linesOf(account, sides, remarks, standing);
    standing = lines.at(-1)?.after ?? standing;
    yield lines;
  }
  requireClosing(statement, standing);
}
