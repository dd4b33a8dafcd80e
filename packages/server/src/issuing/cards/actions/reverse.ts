import type { Work } from "../../../foundation/database/work.ts";
import type { Transfer } from "../../transfers/model.ts";
import { reversalRefusal } from "../rules/funds.ts";
import { keyOf } from "../store.ts";
import { lockCardFacts } from "./funds.ts";

/**
 * Refuses to undo what the card would refuse to do now: undoing a top-up takes money from the card,
 * undoing a withdrawal puts money on it. The card stays as it is until the transaction ends.
 *
 * @throws Refusal as withdrawing and topping up: `compliance_restriction`, `card_blocked`, ….
 */
export async function guardReversal(work: Work, { kind, cardId }: Transfer): Promise<void> {
  if (cardId === null || (kind !== "card_top_up" && kind !== "card_withdrawal")) return;
  const { sql, organizationId, now } = work;
  const named = { organizationId, reference: { by: "id", value: cardId } } as const;
  const facts = (await lockCardFacts(sql, [named])).get(keyOf(named));
  if (facts === undefined) return;
  const refusal = reversalRefusal(facts, kind === "card_top_up" ? "withdraw" : "topUp", now);
  if (refusal !== null) throw refusal;
}
