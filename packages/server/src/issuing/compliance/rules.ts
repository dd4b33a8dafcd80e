import { isCountry } from "../../foundation/countries/countries.ts";
import type { Problem } from "../../foundation/errors/errors.ts";
import type { Program } from "../programs/model.ts";
import { complianceErrors } from "./errors.ts";
import type { ComplianceRule, RuleSubject } from "./model.ts";

/** Whether a rule holds at an instant: from its beginning, its end not included. */
export const isInForce = (
  { effectiveFrom, effectiveTo }: Pick<ComplianceRule, "effectiveFrom" | "effectiveTo">,
  now: Date,
): boolean => effectiveFrom <= now && (effectiveTo === null || now < effectiveTo);

/** The rules that hold for a program at an instant, the one that has held longest first. */
export function rulesFor(
  rules: readonly ComplianceRule[],
  programId: string,
  now: Date,
): ComplianceRule[] {
  return rules
    .filter((rule) => rule.programId === null || rule.programId === programId)
    .filter((rule) => isInForce(rule, now))
    .sort(byAge);
}

const byAge = (left: ComplianceRule, right: ComplianceRule): number =>
  left.effectiveFrom.getTime() - right.effectiveFrom.getTime() || (left.id < right.id ? -1 : 1);

/** The terms of a program that speak about countries. */
export type CountryTerms = Pick<
  Program,
  "allowedNationalities" | "restrictedNationalities" | "allowedResidences" | "restrictedResidences"
>;

const listsOf: Readonly<
  Record<
    RuleSubject,
    (terms: CountryTerms) => {
      readonly allowed: readonly string[] | null;
      readonly restricted: readonly string[];
    }
  >
> = {
  nationality: ({ allowedNationalities: allowed, restrictedNationalities: restricted }) => ({
    allowed,
    restricted,
  }),
  residence: ({ allowedResidences: allowed, restrictedResidences: restricted }) => ({
    allowed,
    restricted,
  }),
};

/** What is said about a country: `unknown` where there is a rule and no country to hold against it. */
export type CountryVerdict =
  | { readonly answer: "open" }
  | { readonly answer: "unknown" }
  | {
      readonly answer: "restricted";
      /** null: the program's own lists. */
      readonly rule: ComplianceRule | null;
    };

/**
 * Whether a country is open by a program's own lists and by the rules that are in force for it. A country is
 * asked for only where there is something to hold it against.
 *
 * @param rules those in force for the program: see `rulesFor`.
 */
export function judgeCountry(
  subject: RuleSubject,
  country: string | null,
  terms: CountryTerms,
  rules: readonly ComplianceRule[],
): CountryVerdict {
  const { allowed, restricted } = listsOf[subject](terms);
  const own = rules.filter((rule) => rule.subject === subject);
  if (allowed === null && restricted.length === 0 && own.length === 0) return { answer: "open" };
  if (country === null) return { answer: "unknown" };
  const rule = own.find(({ countries }) => countries.includes(country));
  if (rule !== undefined) return { answer: "restricted", rule };
  const isOpen = (allowed === null || allowed.includes(country)) && !restricted.includes(country);
  return isOpen ? { answer: "open" } : { answer: "restricted", rule: null };
}

/** Why a country is restricted, for a person. */
export const becauseOf = ({ reasonCode, effectiveFrom }: ComplianceRule): string =>
  `Restricted since ${effectiveFrom.toISOString()}: ${reasonCode}.`;

/** A rule to be made. */
export type RuleDraft = Pick<
  ComplianceRule,
  "subject" | "countries" | "effectiveFrom" | "effectiveTo"
>;

/**
 * Everything in a draft that cannot be, one line for `errors[]` each.
 *
 * @param program the one that the rule is about; null: every one.
 * @param now the platform's.
 */
export function ruleProblems(
  { countries, effectiveFrom, effectiveTo }: RuleDraft,
  program: Pick<Program, "requiresCustomer"> | null,
  now: Date,
): Problem[] {
  const lines: readonly (readonly [field: string, message: string, isSo: boolean])[] = [
    [
      "countries",
      "It names a code that is no ISO 3166-1 alpha-3 country.",
      !countries.every(isCountry),
    ],
    ["effectiveFrom", "It is in the past; what was allowed then stays so.", effectiveFrom < now],
    [
      "effectiveTo",
      "It is not after effectiveFrom.",
      effectiveTo !== null && effectiveTo <= effectiveFrom,
    ],
    [
      "typeId",
      "The program issues without a customer, who could not be held to the rule.",
      program !== null && !program.requiresCustomer,
    ],
  ];
  return lines
    .filter(([, , isSo]) => isSo)
    .map(([field, message]) => complianceErrors.problem("compliance_rule_invalid", field, message));
}

/**
 * A rule that ends at an instant. One that has not begun by then never holds.
 *
 * @returns null where it ends no later than that already.
 */
export function endedAt(rule: ComplianceRule, at: Date): ComplianceRule | null {
  const { effectiveFrom, effectiveTo, version } = rule;
  const end = at < effectiveFrom ? effectiveFrom : at;
  if (effectiveTo !== null && effectiveTo <= end) return null;
  return { ...rule, effectiveTo: end, version: version + 1n };
}
