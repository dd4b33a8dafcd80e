import type { Work } from "../../../foundation/database/work.ts";
import { assert } from "../../../foundation/errors/errors.ts";
import type { CardId } from "../../../foundation/ids/ids.ts";
import type { ReversalJudge } from "../../transfers/actions.ts";
import type { Transfer } from "../../transfers/model.ts";
import { balanceRefusal, reversalRefusal } from "../rules/funds.ts";
import { findLast, keyOf } from "../store.ts";
import { type LockedCard, lockCardFacts } from "./funds.ts";
import { findNamed } from "./read.ts";

/**
 * Refuses to undo what the card would refuse to do now: undoing a top-up takes money from the card,
 * undoing a withdrawal puts money on it. Of a card that was replaced, its replacement is asked: the money
 * is on the account that they share. The card stays as it is until the transaction ends.
 *
 * @returns what judges the card's balance once its account is locked.
 * @throws Refusal as withdrawing and topping up: `compliance_restriction`, `card_blocked`, ….
 */
export async function guardReversal(work: Work, transfer: Transfer): Promise<ReversalJudge> {
  const { kind, cardId, amount } = transfer;
  if (cardId === null || (kind !== "card_top_up" && kind !== "card_withdrawal")) return nothing;
  const facts = await lockHolder(work, cardId);
  const verb = kind === "card_top_up" ? "withdraw" : "topUp";
  const refusal = reversalRefusal(facts, verb, work.now);
  if (refusal !== null) throw refusal;
  if (verb === "withdraw") return nothing;
  return (book) => balanceRefusal(book, facts.card, facts.program, amount);
}

/** The card that answers for a card's account, locked: replacing it waits, or has just happened. */
async function lockHolder(work: Work, cardId: CardId): Promise<LockedCard> {
  const { sql, organizationId } = work;
  const last = await findLast(sql, await findNamed(work, cardId));
  const named = { organizationId, reference: { by: "id", value: last.id } } as const;
  const facts = (await lockCardFacts(sql, [named])).get(keyOf(named));
  assert(facts !== undefined, "A card's row is never removed.");
  return facts.card.replacedBy === null ? facts : lockHolder(work, facts.card.id);
}

const nothing: ReversalJudge = () => null;
