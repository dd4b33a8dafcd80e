import { assert } from "../../../foundation/errors/errors.ts";
import { canMove } from "../../../foundation/lifecycle/lifecycle.ts";
import {
  type ComplianceRule,
  PROGRAM_LISTS,
  type RuleSubject,
  ruleSubjects,
  WIND_DOWN_DAYS,
} from "../../compliance/model.ts";
import { type CountryTerms, type CountryVerdict, judgeCountry } from "../../compliance/rules.ts";
import type { Customer } from "../../customers/model.ts";
import { type WindDown, type WindDownStatus, windDownLifecycle } from "../model/winddowns.ts";
import type { Card } from "../model.ts";

/** What decides whether a card comes to its end because of a country. */
export type WindDownFacts = {
  readonly card: Pick<Card, "deletedAt">;
  readonly customer: Pick<Customer, "status" | "nationality" | "residenceCountry">;
  readonly program: CountryTerms;
  /** Those that are in force for the program. */
  readonly rules: readonly ComplianceRule[];
};

const DAY_MS = 86_400_000;

function verdictOn(subject: RuleSubject, { customer, program, rules }: WindDownFacts) {
  const { nationality, residenceCountry } = customer;
  const country = subject === "nationality" ? nationality : residenceCountry;
  return judgeCountry(subject, country, program, rules);
}

/** What a wind-down says from the beginning. */
export type Beginning = Pick<WindDown, "subject" | "ruleId" | "reasonCode" | "dueAt">;

/**
 * The wind-downs that begin for a card. A country that is not known begins none: it only keeps away new cards.
 *
 * @param open subjects for which it has one already.
 * @param inherited when the card that it replaced was to be blocked, by subject: a replacement gains no time.
 */
export function beginningsOf(
  facts: WindDownFacts,
  open: readonly RuleSubject[],
  inherited: Partial<Record<RuleSubject, Date>>,
  now: Date,
): Beginning[] {
  if (facts.card.deletedAt !== null) return [];
  return ruleSubjects.flatMap((subject) => {
    const verdict = verdictOn(subject, facts);
    if (verdict.answer !== "restricted" || open.includes(subject)) return [];
    return [beginning(subject, verdict, inherited[subject], now)];
  });
}

function beginning(
  subject: RuleSubject,
  { rule }: Extract<CountryVerdict, { answer: "restricted" }>,
  inherited: Date | undefined,
  now: Date,
): Beginning {
  const days = rule?.windDownDays ?? WIND_DOWN_DAYS;
  const due = inherited?.getTime() ?? now.getTime() + days * DAY_MS;
  return {
    subject,
    ruleId: rule?.id ?? null,
    reasonCode: rule?.reasonCode ?? PROGRAM_LISTS,
    dueAt: new Date(Math.max(due, now.getTime())),
  };
}

/**
 * Whether the cause of a wind-down is gone: the card is deleted, or its customer's country is not restricted any
 * more. What a customer has changed counts once somebody has verified it; until then only the end of the
 * rule does.
 */
export function isCured(
  { subject, ruleId }: Pick<WindDown, "subject" | "ruleId">,
  facts: WindDownFacts,
): boolean {
  if (facts.card.deletedAt !== null) return true;
  if (verdictOn(subject, facts).answer === "restricted") return false;
  const isOver = ruleId !== null && !facts.rules.some(({ id }) => id === ruleId);
  return isOver || facts.customer.status === "active";
}

/** A wind-down after a move at an instant. */
export function movedOn(
  windDown: WindDown,
  move: keyof typeof windDownLifecycle.moves,
  now: Date,
): WindDown {
  assert(canMove(windDownLifecycle, move, windDown.status), "A wind-down moves as its table says.");
  const status = windDownLifecycle.moves[move].to as WindDownStatus;
  const at = move === "block" ? { blockedAt: now } : { liftedAt: now };
  return { ...windDown, ...at, status, version: windDown.version + 1n };
}
