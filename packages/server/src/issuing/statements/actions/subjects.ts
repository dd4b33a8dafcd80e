import type { Reading } from "../../../foundation/database/work.ts";
import { assert } from "../../../foundation/errors/errors.ts";
import type { Caller } from "../../../foundation/route/route.ts";
import { type AsOf, readBalances } from "../../../records/ledger/actions.ts";
import { type AccountRef, accountId, type Balances } from "../../../records/ledger/model.ts";
import { findNamed as findBudget, organizationOfBudget } from "../../budgets/actions/read.ts";
import { budgetAccount } from "../../budgets/model.ts";
import { findNamed, organizationOfCard } from "../../cards/actions/read.ts";
import { type Card, cardAccount } from "../../cards/model.ts";
import { readingOf } from "../../organizations/actions.ts";

/** What a path names, and the reading of whose it is. */
export type Named<T> = { readonly reading: Reading; readonly named: T };

/** The card that a path names. @throws Refusal `not_found` */
export async function findCard(caller: Caller, from: Reading, id: string): Promise<Named<Card>> {
  const reading = await readingOf(caller, from, organizationOfCard, id);
  return { reading, named: await findNamed(reading, id) };
}

/** The account of the budget that a path names. @throws Refusal `not_found` */
export async function findBudgetAccount(
  caller: Caller,
  from: Reading,
  id: string,
): Promise<Named<AccountRef>> {
  const reading = await readingOf(caller, from, organizationOfBudget, id);
  return { reading, named: budgetAccount(await findBudget(reading, id)) };
}

/**
 * The balances of one account; now, or as of an instant or a sequence.
 *
 * @throws Refusal `as_of_in_future`, `as_of_not_reached`, `invalid_request`.
 */
export async function balancesOf(
  { sql, organizationId }: Reading,
  account: AccountRef,
  asOf: AsOf,
): Promise<Balances> {
  const found = await readBalances(sql, organizationId, [account], asOf);
  const balances = found.get(accountId(account));
  assert(balances !== undefined, "One account was asked for.");
  return balances;
}

/** What a card spends from: its own account, or its budget's. */
export function spendsFrom(card: Card): AccountRef {
  if (card.budgetId === null) return cardAccount(card);
  return { type: "budget", ownerId: card.budgetId, currency: card.currency };
}
