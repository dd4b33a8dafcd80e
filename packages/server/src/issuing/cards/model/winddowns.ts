import type {
  CardId,
  ComplianceRuleId,
  OrganizationId,
  WindDownId,
} from "../../../foundation/ids/ids.ts";
import { lifecycle, type StateOf } from "../../../foundation/lifecycle/lifecycle.ts";
import type { RuleSubject } from "../../compliance/model.ts";

/**
 * The end of a card whose customer's country is restricted: announced with a date, blocked when that has
 * come, lifted when the cause is gone. A card has at most one that is not lifted for each subject.
 */
export const windDownLifecycle = lifecycle(["announced", "blocked", "lifted"], {
  block: { from: ["announced"], to: "blocked" },
  lift: { from: ["announced", "blocked"], to: "lifted" },
});
export type WindDownStatus = StateOf<typeof windDownLifecycle>;

export type WindDown = {
  readonly organizationId: OrganizationId;
  readonly id: WindDownId;
  readonly cardId: CardId;
  readonly subject: RuleSubject;
  /** The rule that began it; null: the lists of the card program. */
  readonly ruleId: ComplianceRuleId | null;
  /** Of that rule. */
  readonly reasonCode: string;
  readonly status: WindDownStatus;
  readonly announcedAt: Date;
  /** When the card is blocked. */
  readonly dueAt: Date;
  readonly blockedAt: Date | null;
  readonly liftedAt: Date | null;
  readonly version: bigint;
};

/** Reason of the rule's block on a card, and code of what it tells of itself, by subject. */
export const blockReasons = {
  nationality: "nationality_restricted",
  residence: "residence_restricted",
} as const satisfies Record<RuleSubject, string>;
