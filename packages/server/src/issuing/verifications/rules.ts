import type { Entropy } from "../../foundation/clock/clock.ts";
import { assert } from "../../foundation/errors/errors.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import { canMove } from "../../foundation/lifecycle/lifecycle.ts";
import type { Mode } from "../../foundation/route/route.ts";
import { beneath, type Customer } from "../customers/model.ts";
import type { Verdict } from "../customers/rules/moves.ts";
import { verificationErrors } from "./errors.ts";
import {
  type Decision,
  type Mover,
  movesOf,
  type Outcome,
  type Provider,
  type Verification,
  type VerificationMove,
  type VerificationSettings,
  verificationLifecycle,
} from "./model.ts";

const outcomeOfMove: Readonly<Record<Decision["move"], Outcome>> = {
  approve: "approved",
  reject: "rejected",
  requestInformation: "needs_information",
};

/** Whether a verdict on a customer ends a review of it. */
export const isDecision = (verdict: Verdict): verdict is Decision => verdict.move in outcomeOfMove;

/** Who moves a verification, with the id of its key. */
export type By = { readonly mover: Mover; readonly id: string };

/**
 * Whether somebody may make a move of a verification.
 *
 * @param takesOver whether a reviewer wants it although another one has it.
 * @throws Refusal `verification_move_not_allowed` naming the status, `verification_claimed` since when.
 */
export function requireMove(
  verification: Verification,
  move: VerificationMove,
  by: By,
  takesOver = false,
): void {
  const { status, claimedBy, claimedAt } = verification;
  const from = movesOf[move][by.mover] ?? [];
  assert(from.length > 0, `The ${by.mover} never makes the move ${move}.`);
  if (!from.includes(status) || !canMove(verificationLifecycle, move, status)) {
    const detail = `The verification is ${status}; this can be done from ${from.join(", ")}.`;
    throw verificationErrors.refusal("verification_move_not_allowed", detail);
  }
  if (by.mover !== "reviewer" || claimedBy === null || claimedBy === by.id || takesOver) return;
  const detail = `Another reviewer has it since ${claimedAt?.toISOString()}.`;
  throw verificationErrors.refusal("verification_claimed", detail);
}

/** A verification after a move that is allowed, without what belongs to the move. */
const moved = (before: Verification, move: VerificationMove): Verification => {
  const { to } = verificationLifecycle.moves[move];
  assert(to !== "previous", "A verification moves to a named status.");
  const version = before.version + 1n;
  return { ...before, status: to, claimedBy: null, claimedAt: null, version };
};

/** Claimed by a reviewer, who has seen the customer at this version. */
export const claimedBy = (before: Verification, id: string, version: bigint, now: Date) => ({
  ...moved(before, "claim"),
  claimedBy: id,
  claimedAt: now,
  customerVersion: version,
});

/** Back in the queue. */
export const released = (before: Verification): Verification => moved(before, "release");

/** At the provider, which has been given the customer at this version. */
export const submitted = (before: Verification, reference: string, version: bigint) => ({
  ...moved(before, "submit"),
  providerReference: reference,
  customerVersion: version,
});

/** Over, without an outcome. */
export const cancelled = (before: Verification): Verification => moved(before, "cancel");

/** Over, with the outcome that the customer's verdict is. */
export const decided = (
  before: Verification,
  decision: Decision,
  by: Mover,
  now: Date,
): Verification => ({
  ...moved(before, "decide"),
  outcome: outcomeOfMove[decision.move],
  reasons: "reasons" in decision ? decision.reasons : [],
  decidedBy: by,
  decidedAt: now,
});

/** Whether a customer waits for a review, beneath a hold too. */
export const isInReview = ({ standing }: Customer): boolean =>
  ["pending", "update_requested"].includes(beneath(standing).status);

/**
 * The settings where the platform said nothing. In a sandbox nobody outside is asked, and what an
 * organization attests is taken; a live one is reviewed by people, and may attest nothing.
 */
export const defaultSettings = (
  organizationId: OrganizationId,
  mode: Mode,
): VerificationSettings => ({
  organizationId,
  version: 0n,
  ...(mode === "sandbox"
    ? { provider: "sandbox", delegated: "reviewed" }
    : { provider: "manual", delegated: "refused" }),
});

const providersOfMode: Readonly<Record<Mode, readonly Provider[]>> = {
  sandbox: ["manual", "sandbox"],
  live: ["manual", "sumsub", "persona"],
};

/** @throws Refusal `provider_not_available` where an organization of this mode may not have this provider. */
export function requireProvider(provider: Provider, mode: Mode): void {
  if (providersOfMode[mode].includes(provider)) return;
  throw verificationErrors.refusal("provider_not_available", undefined, { field: "provider" });
}

/** First and longest pause between two attempts at a provider, seconds. */
const FIRST_RETRY_S = 30;
const LONGEST_RETRY_S = 21_600;

/**
 * In how many seconds a provider is tried again: doubled with each failure up to six hours, half of it at random,
 * so that what failed together does not come back together. What it asks for itself is the least, within an hour.
 *
 * @param attempts failures in a row before this one.
 */
export function retryInS(attempts: number, retryAfterS: number | null, random: Entropy): number {
  const whole = Math.min(FIRST_RETRY_S * 2 ** Math.min(attempts, 20), LONGEST_RETRY_S);
  const [share = 0] = random(1);
  const jittered = whole / 2 + (whole / 2) * (share / 255);
  return Math.ceil(Math.max(jittered, Math.min(retryAfterS ?? 0, 3_600)));
}
