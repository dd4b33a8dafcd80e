import type { Work } from "../../../foundation/database/work.ts";
import type { ReversalJudge } from "../../transfers/actions.ts";
import type { Transfer } from "../../transfers/model.ts";
import { balanceRefusal, reversalRefusal } from "../rules/funds.ts";
import { keyOf } from "../store.ts";
import { lockCardFacts } from "./funds.ts";

/**
 * Refuses to undo what the card would refuse to do now: undoing a top-up takes money from the card,
 * undoing a withdrawal puts money on it. The card stays as it is until the transaction ends.
 *
 * @returns what judges the card's balance once its account is locked.
 * @throws Refusal as withdrawing and topping up: `compliance_restriction`, `card_blocked`, ….
 */
export async function guardReversal(work: Work, transfer: Transfer): Promise<ReversalJudge> {
  const { kind, cardId, amount } = transfer;
  if (cardId === null || (kind !== "card_top_up" && kind !== "card_withdrawal")) return nothing;
  const { sql, organizationId, now } = work;
  const named = { organizationId, reference: { by: "id", value: cardId } } as const;
  const facts = (await lockCardFacts(sql, [named])).get(keyOf(named));
  if (facts === undefined) return nothing;
  const verb = kind === "card_top_up" ? "withdraw" : "topUp";
  const refusal = reversalRefusal(facts, verb, now);
  if (refusal !== null) throw refusal;
  if (verb === "withdraw") return nothing;
  return (book) => balanceRefusal(book, facts.card, facts.program, amount);
}

const nothing: ReversalJudge = () => null;
