import type { Sql } from "../../../foundation/database/sql.ts";
import type { Work } from "../../../foundation/database/work.ts";
import { assert } from "../../../foundation/errors/errors.ts";
import type { Due, DuePage } from "../../../foundation/job/job.ts";
import { openAccounts, openBook, writeBook } from "../../../records/ledger/actions.ts";
import { lockOrganization } from "../../organizations/actions.ts";
import { lockProgram } from "../../programs/actions.ts";
import type { Program } from "../../programs/model.ts";
import { readDues, writeDues, writeTransfers } from "../../transfers/actions.ts";
import { type FeeCharge, purseAccount, purseKey } from "../../transfers/model/dues.ts";
import type { Settled } from "../../transfers/rules/dues.ts";
import type { Card } from "../model.ts";
import { isFeeDue, monthlyCharges, passAnniversaries } from "../rules/fees.ts";
import { listFeesDue, writeFees } from "../store/fees.ts";
import { findRows, lockRows } from "../store.ts";
import { inOrder } from "./facts.ts";

/** Most months of one card that are charged in one transaction: a clock may have moved by years. */
const MONTHS_AT_ONCE = 12;

/** Cards whose next monthly fee is to be charged, in the order of organization and id. Takes no lock. */
export const findFeesDue = (sql: Sql, page: DuePage): Promise<Due[]> => listFeesDue(sql, page);

/**
 * Charges the monthly fees of cards whose day has begun, each month once: the fees and the mark that they
 * were charged are written together, under the cards' locks. What the balance does not cover becomes due,
 * behind what is due already. Cards of a closed organization pay no more.
 *
 * @param ids of cards of the work's organization.
 * @returns how many cards were still due.
 */
export async function chargeMonthlyFees(work: Work, ids: readonly string[]): Promise<number> {
  const { sql, now } = work;
  const { organization, programs, cards } = await lockAll(work, ids);
  const due = cards.filter((card) => isFeeDue(card, now));
  if (due.length === 0) return 0;
  if (organization.status === "closed") {
    await writeFees(
      sql,
      due.map((card) => ({ ...card, nextFeeAt: null })),
    );
    return due.length;
  }
  const passed = due.map((card) => {
    const program = programs.get(card.programId);
    assert(program !== undefined, "A card has a program.");
    const { days, standing } = passAnniversaries(card, program.timeZone, now, MONTHS_AT_ONCE);
    return { after: { ...card, ...standing }, charges: monthlyCharges(card, program, days) };
  });
  const charges = passed.flatMap((each) => each.charges).sort(byDay);
  await Promise.all([
    writeFees(
      sql,
      passed.map(({ after }) => after),
    ),
    charges.length === 0 ? null : charge(work, charges),
  ]);
  return due.length;
}

/** Of one day the older card's first: which of them waits must not depend on how rows were read. */
const byDay = (left: FeeCharge, right: FeeCharge): number =>
  left.dueAt.getTime() - right.dueAt.getTime() || (left.cardId < right.cardId ? -1 : 1);

/** Locks what decides, in the order of locks; the cards' programs never change, so they are read before. */
async function lockAll(work: Work, ids: readonly string[]) {
  const { sql, organizationId } = work;
  const named = ids.map((id) => ({ organizationId, reference: { by: "id", value: id } }) as const);
  const found = [...(await findRows(sql, named)).values()];
  const programIds = inOrder(found.map(({ programId }) => programId));
  const [organization, locked, cards] = await Promise.all([
    lockOrganization(sql, organizationId, "share"),
    Promise.all(programIds.map((id) => lockProgram(sql, id, "share"))),
    lockRows(sql, found, "change"),
  ]);
  const programs = new Map(
    locked.flatMap((program): [string, Program][] => (program ? [[program.id, program]] : [])),
  );
  return { organization, programs, cards: [...cards.values()] as readonly Card[] };
}

/** Pays what waits as far as the balances allow, then these fees, in order; what is left over waits. */
async function charge(work: Work, charges: readonly FeeCharge[]): Promise<void> {
  const { sql, organizationId } = work;
  const purses = inOrder(charges.map(({ currency }) => currency)).map((currency) => ({
    organizationId,
    currency,
  }));
  // Sent together, run in order: an account that is not there could not be locked.
  const [, book, dues] = await Promise.all([
    openAccounts(work, purses.map(purseAccount)),
    openBook(
      sql,
      purses.map((purse) => ({ organizationId, ref: purseAccount(purse) })),
    ),
    readDues(sql, purses),
  ]);
  const settled: Settled[] = [...dues.values()].map((each) => each.settle(book, work));
  for (const fee of charges) {
    const own = dues.get(purseKey({ organizationId, currency: fee.currency }));
    assert(own !== undefined, "The purse of each fee was read.");
    settled.push(own.charge(book, work, fee));
  }
  const transfers = settled.flatMap((each) => each.transfers);
  const written = settled.flatMap((each) => each.dues);
  await Promise.all([
    writeBook(sql, book),
    writeTransfers(sql, [{ work, transfers }]),
    writeDues(sql, [{ work, dues: written }]),
  ]);
}
