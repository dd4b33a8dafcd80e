import type { Work } from "../../../foundation/database/work.ts";
import { generalErrors } from "../../../foundation/errors/errors.ts";
import { reference } from "../../../foundation/route/schemas.ts";
import { cardErrors } from "../errors.ts";
import { type StatusChange, statusOf } from "../model.ts";
import { renewed, unmetRenewal } from "../rules/renewal.ts";
import { statusRefusal } from "../rules/status.ts";
import { insertStatusChanges } from "../store/status.ts";
import { keyOf, updateCards } from "../store.ts";
import { lockCardFacts } from "./funds.ts";
import { announceCard, type CardInFull, inFull } from "./read.ts";
import type { Why } from "./restrict.ts";

/**
 * Renews a card: same id, number and account, next PAN sequence number, new expiry.
 *
 * @throws Refusal `not_found`, `card_blocked`, `card_deleted`, `renewal_too_early`,
 *   `pan_sequence_exhausted`; `card_not_renewable` with every unmet condition.
 */
export async function renewCard(work: Work, id: string, why: Why): Promise<CardInFull> {
  const { sql, organizationId, now, actor } = work;
  const named = { organizationId, reference: reference(id) };
  const facts = (await lockCardFacts(sql, [named], "change")).get(keyOf(named));
  if (facts === undefined) throw generalErrors.refusal("not_found");
  const { card: before, program } = facts;
  const refusal = statusRefusal("renew", before, now);
  if (refusal !== null) throw refusal;
  const problems = unmetRenewal(facts, now);
  if (problems.length > 0) throw cardErrors.refusal("card_not_renewable", undefined, { problems });
  const after = renewed(before, program, now);
  const [from, to] = [statusOf(before, now), statusOf(after, now)];
  const { version } = after;
  const change: StatusChange = { ...why, version, action: "renew", from, to, actor, at: now };
  const [full] = await Promise.all([
    inFull(work, after),
    updateCards(sql, [after]),
    insertStatusChanges(sql, [{ card: after, change }]),
  ]);
  announceCard(work, "card.renewed", full, { card: before, money: full.money });
  return full;
}
