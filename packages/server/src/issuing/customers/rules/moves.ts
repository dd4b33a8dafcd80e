import { isDeepStrictEqual } from "node:util";
import { assert, type Problem, type Refusal } from "../../../foundation/errors/errors.ts";
import { canMove } from "../../../foundation/lifecycle/lifecycle.ts";
import type { CustomerType, VerificationLevel } from "../../programs/model.ts";
import { customerErrors } from "../errors.ts";
import { isField, isMet, missingOf, needsOf, passesByItself, reaches } from "../model/levels.ts";
import {
  type AgeTerms,
  beneath,
  type Customer,
  type CustomerDetails,
  type CustomerField,
  type CustomerMove,
  customerLifecycle,
  type Evidence,
  evidenceNeeds,
  fieldValue,
  type Held,
  type Need,
  needs,
  type Standing,
  standingAs,
} from "../model.ts";
import { detailProblems, noDetails, tidyDetails } from "./details.ts";

/** What an organization changes of a customer: what is absent stays, null clears. */
export type CustomerChange = Partial<CustomerDetails> & {
  readonly externalId?: string | null;
  readonly level?: VerificationLevel;
};

/** A customer after a change, and the move of its life cycle that the change made. */
export type Changed = { readonly customer: Customer; readonly move: CustomerMove | null };

const detailFields = [
  "firstName",
  "lastName",
  "legalName",
  "birthDate",
  "nationality",
  "nationalId",
  "residence",
  "email",
  "phone",
] as const satisfies readonly (keyof CustomerDetails)[];

/** What a review rests on: changed, it has to be reviewed again. Of the residence, the country. */
const reviewed: readonly CustomerField[] = [
  "firstName",
  "lastName",
  "legalName",
  "birthDate",
  "nationality",
  "nationalId",
  "residence.country",
];

/**
 * A customer after an organization's change; null where nothing would be different.
 *
 * @throws Refusal `customer_deleted`, `customer_invalid` with every problem, `customer_rejected`.
 */
export function changedBy(
  before: Customer,
  change: CustomerChange,
  terms: AgeTerms,
): Changed | null {
  if (before.status === "deleted") throw customerErrors.refusal("customer_deleted");
  const details = tidyDetails({ ...before, ...change });
  const after: Customer = {
    ...before,
    ...pickDetails(details),
    externalId: change.externalId === undefined ? before.externalId : change.externalId,
    level: change.level ?? before.level,
    residenceCountry: details.residence?.country ?? null,
  };
  refuseInvalid(before, after, terms);
  const { standing, move } = standingAfter(before, after, change);
  const moved = standingAs(after, beneathHold(before.standing, standing), terms.now);
  if (isDeepStrictEqual(moved, before)) return null;
  return { customer: { ...moved, version: before.version + 1n }, move };
}

const pickDetails = (details: CustomerDetails) =>
  Object.fromEntries(detailFields.map((field) => [field, details[field]])) as CustomerDetails;

function refuseInvalid(before: Customer, after: Customer, terms: AgeTerms): void {
  // Who was old enough stays so where the age is raised meanwhile.
  const isBornAnew = after.birthDate !== before.birthDate;
  const problems = [
    ...detailProblems(after, after.type, terms).filter(
      ({ code }) => isBornAnew || code !== "age_too_low",
    ),
    ...levelProblems(before.level, after.level),
    ...needProblems(before, after),
  ];
  if (problems.length > 0) throw invalidCustomer(problems);
}

/** The refusal of data that cannot be right. */
export const invalidCustomer = (problems: readonly Problem[]): Refusal =>
  customerErrors.refusal("customer_invalid", undefined, { problems });

function levelProblems(before: VerificationLevel, after: VerificationLevel): Problem[] {
  return reaches(after, before) ? [] : [customerErrors.problem("level_not_lowered", "level")];
}

/** What was complete stays complete: a change that raises the level brings what that level needs. */
function needProblems(before: Customer, after: Customer): Problem[] {
  if (beneath(after.standing).status === "needs_information") return [];
  // Documents are given by themselves, and asked for where the level that needs them is.
  const wanted = after.level === before.level ? needsOf(after).filter(isField) : needsOf(after);
  return requiredProblems(wanted.filter((need) => !isMet(after, need)));
}

const requiredProblems = (missing: readonly Need[]): Problem[] =>
  missing.map((need) => customerErrors.problem("information_required", need));

/** Into review goes only what is whole. */
function refuseMissing(missing: readonly Need[]): void {
  if (missing.length > 0) throw invalidCustomer(requiredProblems(missing));
}

type Next = { readonly standing: Standing; readonly move: CustomerMove | null };

/** Where the customer stands after a change, leaving a hold aside. */
function standingAfter(before: Customer, after: Customer, change: CustomerChange): Next {
  const standing = beneath(before.standing);
  const raised = after.level !== before.level;
  const stays: Next = { standing, move: null };
  switch (standing.status) {
    case "needs_information": {
      const asked = standing.asked.filter((need) => !isGiven(change, need));
      const gave = raised || detailFields.some((field) => (change[field] ?? null) !== null);
      return completed(after, { ...standing, asked }, gave);
    }
    case "active": {
      const touched = reviewed.some(
        (field) => fieldValue(before, field) !== fieldValue(after, field),
      );
      if (!touched && !raised) return stays;
      return { standing: { status: "update_requested" }, move: "requestUpdate" };
    }
    case "rejected": {
      if (!raised && !reviewed.some((field) => isNamed(change, field))) return stays;
      if (!standing.canResubmit) throw customerErrors.refusal("customer_rejected");
      refuseMissing(missingOf(after));
      return { standing: { status: "pending" }, move: "resubmit" };
    }
    default:
      return stays;
  }
}

/** Where a customer that was asked for something stands, once something was given. */
function completed(
  after: Customer,
  standing: Extract<Standing, { status: "needs_information" }>,
  gave: boolean,
): Next {
  if (!gave || missingOf({ ...after, standing }).length > 0) return { standing, move: null };
  // What the platform asked for, a person looks at, whatever the level.
  return passesByItself[after.level] && standing.reasons.length === 0
    ? { standing: { status: "active" }, move: "pass" }
    : { standing: { status: "pending" }, move: "complete" };
}

/** What there is of a customer now beyond its fields. */
export type EvidenceChange = {
  /** All that stands. */
  readonly evidence: readonly Evidence[];
  /** What was just given: it answers what the platform had asked for. */
  readonly given: readonly Evidence[];
  /** Whether it is what a review rests on, so that an active customer is reviewed again. */
  readonly touched: boolean;
};

/**
 * A customer with other evidence; null where nothing would be different.
 *
 * @param now the organization's.
 */
export function evidencedBy(before: Customer, change: EvidenceChange, now: Date): Changed | null {
  const after: Customer = { ...before, evidence: change.evidence };
  const { standing, move } = standingWith(before, after, change);
  const moved = standingAs(after, beneathHold(before.standing, standing), now);
  if (isDeepStrictEqual(moved, before)) return null;
  return { customer: { ...moved, version: before.version + 1n }, move };
}

/**
 * Refuses to take away what a review rests on: only who is asked for something may lack it.
 *
 * @throws Refusal `document_needed`.
 */
export function requireStillMet(before: Customer, after: Customer): void {
  const { status } = beneath(after.standing);
  if (status === "needs_information" || status === "rejected") return;
  const missed = missingOf(before);
  const lost = missingOf(after).filter((need) => !missed.includes(need));
  if (lost.length === 0) return;
  throw customerErrors.refusal("document_needed", `It would lack ${lost.join(", ")}.`);
}

function standingWith(before: Customer, after: Customer, change: EvidenceChange): Next {
  const standing = beneath(after.standing);
  if (standing.status === "active" && change.touched) {
    return { standing: { status: "update_requested" }, move: "requestUpdate" };
  }
  if (standing.status !== "needs_information") return { standing, move: null };
  const gained = change.evidence.filter((kind) => !before.evidence.includes(kind));
  const given = [...change.given, ...gained];
  const answered = (need: Need) =>
    !isField(need) &&
    (evidenceNeeds[need] as readonly Evidence[]).some((kind) => given.includes(kind));
  const asked = standing.asked.filter((need) => !answered(need));
  return completed(after, { ...standing, asked }, given.length > 0);
}

/** Whether a change speaks about a field; the residence is one thing. */
function isNamed(change: CustomerChange, field: CustomerField): boolean {
  return change[field.split(".")[0] as keyof CustomerDetails] !== undefined;
}

/** Whether a change gives a field a value, the one it has included. */
function isGiven(change: CustomerChange, need: Need): boolean {
  if (!isField(need) || !isNamed(change, need)) return false;
  return fieldValue({ ...noDetails, ...change }, need) !== null;
}

/** A hold stays on top of what changes beneath it. */
function beneathHold(before: Standing | Held, standing: Standing): Standing | Held {
  if (before.status !== "on_hold" || standing.status === "deleted") return standing;
  return { ...before, before: standing };
}

/** Where a new customer stands: complete or not, and whether its level needs a review. */
export function firstStanding(
  type: CustomerType,
  level: VerificationLevel,
  details: CustomerDetails,
): Standing {
  const incomplete: Standing = { status: "needs_information", reasons: [], asked: [] };
  const known = { ...details, type, level, evidence: [], standing: incomplete };
  if (missingOf(known).length > 0) return incomplete;
  return { status: passesByItself[level] ? "active" : "pending" };
}

/** What an operator decides, or a deletion; with what belongs to it. */
export type Verdict =
  | { readonly move: "approve" | "release" | "delete" }
  | { readonly move: "reject"; readonly reasons: readonly string[]; readonly canResubmit: boolean }
  | {
      readonly move: "requestInformation";
      readonly reasons: readonly string[];
      readonly asked: readonly Need[];
    }
  | { readonly move: "hold"; readonly reason: string };

/** Which verdicts are still possible once the organization is closed: what protects, and what erases. */
export const afterClosing = {
  approve: false,
  reject: false,
  requestInformation: false,
  hold: true,
  release: true,
  delete: true,
} as const satisfies Record<Verdict["move"], boolean>;

/**
 * A customer after a verdict.
 *
 * @param now the organization's.
 * @throws Refusal `customer_deleted`, `customer_move_not_allowed` naming the status, `customer_incomplete`
 * where it is to be approved and something is missing.
 */
export function decidedBy(before: Customer, verdict: Verdict, now: Date): Customer {
  const { status } = before;
  if (status === "deleted") throw customerErrors.refusal("customer_deleted");
  if (!canMove(customerLifecycle, verdict.move, status)) {
    const from = customerLifecycle.moves[verdict.move].from.join(", ");
    throw customerErrors.refusal(
      "customer_move_not_allowed",
      `The customer is ${status}; this can be done from ${from}.`,
    );
  }
  if (verdict.move === "approve") refuseIncomplete(before);
  const after = standingAs(before, standingBy(before.standing, verdict), now);
  return { ...after, version: before.version + 1n };
}

/** A review can only be passed by what was there to be reviewed. */
function refuseIncomplete(customer: Customer): void {
  const problems = requiredProblems(missingOf(customer));
  if (problems.length === 0) return;
  throw customerErrors.refusal("customer_incomplete", undefined, { problems });
}

function standingBy(standing: Standing | Held, verdict: Verdict): Standing | Held {
  switch (verdict.move) {
    case "approve":
      return { status: "active" };
    case "delete":
      return { status: "deleted" };
    case "reject":
      return {
        status: "rejected",
        reasons: verdict.reasons,
        canResubmit: verdict.canResubmit,
      };
    case "requestInformation":
      return {
        status: "needs_information",
        reasons: verdict.reasons,
        asked: needs.filter((need) => verdict.asked.includes(need)),
      };
    case "hold": {
      const before = beneath(standing);
      assert(before.status !== "deleted", "A deleted customer is not held.");
      return { status: "on_hold", reason: verdict.reason, before };
    }
    case "release":
      return beneath(standing);
  }
}

/** Why, in a verdict's own words; empty where it needs no reason. */
export function reasonsOf(verdict: Verdict): readonly string[] {
  if ("reasons" in verdict) return verdict.reasons;
  return verdict.move === "hold" ? [verdict.reason] : [];
}
