import type { Work } from "../../../foundation/database/work.ts";
import { assert } from "../../../foundation/errors/errors.ts";
import { cardErrors } from "../errors.ts";
import { renewed, renewsByItself, unmetRenewal } from "../rules/renewal.ts";
import { statusRefusal } from "../rules/status.ts";
import { lockCard, lockCardFacts } from "./funds.ts";
import type { CardInFull } from "./read.ts";
import { recordChanges } from "./record.ts";
import type { Why } from "./restrict.ts";

/**
 * Renews a card: same id, number and account, next PAN sequence number, new expiry.
 *
 * @throws Refusal `not_found`, `card_blocked`, `card_deleted`, `renewal_too_early`,
 *   `pan_sequence_exhausted`; `card_not_renewable` with every unmet condition.
 */
export async function renewCard(work: Work, id: string, why: Why): Promise<CardInFull> {
  const { now } = work;
  const facts = await lockCard(work, id, "change");
  const { card: before, program } = facts;
  const refusal = statusRefusal("renew", before, now);
  if (refusal !== null) throw refusal;
  const problems = unmetRenewal(facts, now);
  if (problems.length > 0) throw cardErrors.refusal("card_not_renewable", undefined, { problems });
  const step = { before, after: renewed(before, program, now) };
  const [full] = await recordChanges(work, [step], {
    action: "renew",
    event: "card.renewed",
    ...why,
  });
  assert(full !== undefined, "One card was renewed.");
  return full;
}

/** Why a card is renewed that nobody asked to renew. */
const BY_ITSELF = { reason: "automatic", note: null };

/**
 * Renews cards whose program says so, before they expire. Under the locks each is looked at again, so that
 * it is renewed once for each expiry.
 *
 * @param ids of cards of the work's organization.
 * @returns how many were renewed.
 */
export async function renewDue(work: Work, ids: readonly string[]): Promise<number> {
  const { sql, organizationId, now } = work;
  const named = ids.map((value) => ({ organizationId, reference: { by: "id", value } as const }));
  const facts = [...(await lockCardFacts(sql, named, "change")).values()];
  const steps = facts
    .filter((each) => renewsByItself(each, now))
    .map(({ card: before, program }) => ({ before, after: renewed(before, program, now) }));
  const what = { action: "renew", event: "card.renewed", ...BY_ITSELF } as const;
  return (await recordChanges(work, steps, what)).length;
}
