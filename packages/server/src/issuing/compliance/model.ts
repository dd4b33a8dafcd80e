import type { Actor } from "../../foundation/database/work.ts";
import type { ComplianceRuleId, ProgramId } from "../../foundation/ids/ids.ts";

/** What of a customer a rule is about. */
export const ruleSubjects = ["nationality", "residence"] as const;
export type RuleSubject = (typeof ruleSubjects)[number];

/** The platform's word that nationals or residents of some countries get no cards, for a time. */
export type ComplianceRule = {
  readonly id: ComplianceRuleId;
  /** null: every program. */
  readonly programId: ProgramId | null;
  readonly subject: RuleSubject;
  /** ISO 3166-1 alpha-3. */
  readonly countries: readonly string[];
  readonly effectiveFrom: Date;
  /** Not included; null: until somebody ends it. */
  readonly effectiveTo: Date | null;
  /** A stable word, so that programs can go by it. */
  readonly reasonCode: string;
  /** For the platform's own people. */
  readonly note: string | null;
  /** Days for which cards that exist go on working once their customer is affected. */
  readonly windDownDays: number;
  /** Who made it. */
  readonly actor: Pick<Actor, "kind" | "id">;
  readonly version: bigint;
  readonly createdAt: Date;
};

/** Days of a wind-down where nothing else is said, and by a program's own lists. */
export const WIND_DOWN_DAYS = 30;

/** The reason code of a program's own lists. */
export const PROGRAM_LISTS = "program_terms";
