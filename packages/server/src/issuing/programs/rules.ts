import { isDeepStrictEqual } from "node:util";
import { isTimeZone } from "../../foundation/clock/zones.ts";
import { isCountry } from "../../foundation/countries/countries.ts";
import type { Problem } from "../../foundation/errors/errors.ts";
import type { ProgramId } from "../../foundation/ids/ids.ts";
import { isCurrency, least } from "../../foundation/money/money.ts";
import { programErrors } from "./errors.ts";
import {
  brands,
  numbersOf,
  type Program,
  type ProgramChange,
  type RangeThreshold,
  rangeThresholds,
  wholeRange,
} from "./model.ts";

/** Whether an organization may issue cards under a program. */
export function isAvailableTo(
  program: Pick<Program, "availability" | "organizationIds">,
  organizationId: string,
): boolean {
  if (program.availability === "all") return true;
  return program.organizationIds.some((id) => id === organizationId);
}

/**
 * Under which program a card of this one is replaced. Inactive stops nothing but issuing; cards of a retired
 * program go into its successor, which may itself be retired: ask again with that one until a program
 * names itself. That ends, because nothing retires into a program that is retired.
 *
 * @returns null where the program is retired without a successor: its cards are not replaced.
 */
export function replacementProgramOf({
  id,
  status,
  successorId,
}: Pick<Program, "id" | "status" | "successorId">): ProgramId | null {
  return status === "retired" ? successorId : id;
}

/** Whether cards of a program that is retired may be replaced by cards of this one. */
export const maySucceed = (successor: Program, program: Program): boolean =>
  successor.id !== program.id &&
  successor.status !== "retired" &&
  successor.model === program.model &&
  successor.currency === program.currency;

/** One way in which terms contradict each other: the field to change, and what is wrong in words. */
type Inconsistency = {
  readonly field: string;
  readonly message: string;
  readonly when: (program: Program) => boolean;
};

/** Rules that speak about a customer: without customerId nobody could be held to them. */
const needsCustomer: readonly (keyof Program)[] = [
  "requiresAccess",
  "minimumLevel",
  "customerTypes",
  "allowedNationalities",
  "restrictedNationalities",
  "allowedResidences",
  "restrictedResidences",
  "cardsPerCustomer",
];

const numberRules: readonly Inconsistency[] = [
  {
    field: "bin",
    message: "Numbers of this brand do not begin with this BIN.",
    when: ({ brand, bin }) => !brands[brand].begins.test(bin),
  },
  {
    field: "panLength",
    message: "The brand has no numbers of this length.",
    when: ({ brand, panLength }) => !panLengthsOf(brand).includes(panLength),
  },
  {
    field: "numberRange",
    message: "from is above to.",
    when: ({ range }) => range.from > range.to,
  },
  {
    field: "numberRange",
    message: "to has more digits than there are between the BIN and the check digit.",
    when: (program) => program.range.to > wholeRange(program).to,
  },
];

const moneyRules: readonly Inconsistency[] = [
  {
    field: "currency",
    message: "This is no ISO 4217 currency.",
    when: ({ currency }) => !isCurrency(currency),
  },
  {
    field: "maximumInitialBalance",
    message: "It is below minimumInitialBalance.",
    when: (program) => isBelow(program.maximumInitialBalance, program.minimumInitialBalance),
  },
  {
    field: "maximumBalance",
    message: "It is below minimumInitialBalance, so that no card could be issued.",
    when: (program) => isBelow(program.maximumBalance, program.minimumInitialBalance),
  },
  {
    field: "maximumBalance",
    message: "It is below maximumInitialBalance.",
    when: (program) => isBelow(program.maximumBalance, program.maximumInitialBalance),
  },
  {
    field: "fees.topUp",
    message: "A budget card is never topped up.",
    when: ({ model, fees }) => model === "budgetCard" && fees.topUp > 0n,
  },
  ...(["minimumInitialBalance", "maximumInitialBalance", "maximumBalance"] as const).map(
    (field) => ({
      field,
      message: "A budget card has no balance of its own.",
      when: (program: Program) =>
        program.model === "budgetCard" && program[field] !== null && program[field] !== 0n,
    }),
  ),
];

const peopleRules: readonly Inconsistency[] = [
  {
    field: "accessRule",
    message: "It is only for programs whose accessGrant is automatic.",
    when: ({ accessGrant, accessRule }) => accessGrant === "manual" && accessRule !== null,
  },
  {
    field: "accessRule",
    message: "It names a code that is no ISO 3166-1 alpha-3 country.",
    when: ({ accessRule }) =>
      ![...(accessRule?.nationalities ?? []), ...(accessRule?.residences ?? [])].every(isCountry),
  },
  {
    field: "requiresCustomer",
    message: "It must be true where the program has rules about customers.",
    when: (program) =>
      !program.requiresCustomer && needsCustomer.some((rule) => isSet(program[rule])),
  },
  {
    field: "organizationIds",
    message: "It is only for programs whose availability is listed.",
    when: ({ availability, organizationIds }) =>
      availability === "all" && organizationIds.length > 0,
  },
  {
    field: "restrictedNationalities",
    message: "A country is both allowed and restricted.",
    when: (program) => meet(program.allowedNationalities, program.restrictedNationalities),
  },
  {
    field: "restrictedResidences",
    message: "A country is both allowed and restricted.",
    when: (program) => meet(program.allowedResidences, program.restrictedResidences),
  },
  ...(
    [
      "allowedNationalities",
      "restrictedNationalities",
      "allowedResidences",
      "restrictedResidences",
    ] as const
  ).map((field) => ({
    field,
    message: "It names a code that is no ISO 3166-1 alpha-3 country.",
    when: (program: Program) => !(program[field] ?? []).every(isCountry),
  })),
];

/** Days in the shortest month: a card of one month lives at least that long. */
const SHORTEST_MONTH = 28;

const timeRules: readonly Inconsistency[] = [
  {
    field: "renewalDays",
    message: "It is the whole life of a card, which would be renewed as soon as it is issued.",
    when: ({ renewal, renewalDays, validityMonths }) =>
      renewal === "automatic" && renewalDays >= validityMonths * SHORTEST_MONTH,
  },
  {
    field: "timeZone",
    message: "This is no time zone of the IANA database, such as Europe/Berlin.",
    when: ({ timeZone }) => !isTimeZone(timeZone),
  },
];

/** Everything in a program's terms that cannot be, one line for `errors[]` each. */
export function inconsistencies(program: Program): Problem[] {
  return [...numberRules, ...moneyRules, ...peopleRules, ...timeRules]
    .filter(({ when }) => when(program))
    .map(({ field, message }) => programErrors.problem("program_inconsistent", field, message));
}

/** How much of a number range is used. */
export type RangeUse = {
  /** Numbers in the range. */
  readonly size: bigint;
  /** Of those, given to cards; never free again. */
  readonly used: bigint;
  /** Whole percent, rounded down. */
  readonly percentUsed: number;
};

/** Cards whose numbers were drawn from one range: see `numbersOf`. */
export type DrawnNumbers = {
  readonly panLength: number;
  readonly from: bigint;
  readonly to: bigint;
  readonly count: bigint;
};

/**
 * The use of a program's number range. Numbers drawn from a range that overlaps this one count as if they
 * all lay in it: exact where ranges are equal, apart, or widened; else never too low.
 *
 * @param drawn how many numbers were drawn from which range, over all programs.
 */
export function rangeUseOf(
  program: Pick<Program, "bin" | "panLength" | "range">,
  drawn: readonly DrawnNumbers[],
): RangeUse {
  const { from, to } = numbersOf(program);
  const size = to - from + 1n;
  let used = 0n;
  for (const each of drawn) {
    const overlaps = each.panLength === program.panLength && each.from <= to && each.to >= from;
    if (overlaps) used += each.count;
  }
  used = least(used, size);
  return { size, used, percentUsed: Number((used * 100n) / size) };
}

/** The highest threshold that a use has passed; 0 where it has passed none. */
export function thresholdPassed({ percentUsed }: RangeUse): RangeThreshold | 0 {
  return rangeThresholds.findLast((threshold) => percentUsed >= threshold) ?? 0;
}

/** A program after a change, one version on; null where nothing would be different. */
export function changed(before: Program, change: ProgramChange): Program | null {
  const listed = (change.availability ?? before.availability) === "listed";
  const automatic = (change.accessGrant ?? before.accessGrant) === "automatic";
  const after: Program = {
    ...before,
    ...change,
    organizationIds: change.organizationIds ?? (listed ? before.organizationIds : []),
    accessRule:
      change.accessRule ?? (automatic && change.accessRule !== null ? before.accessRule : null),
    fees: { ...before.fees, ...change.fees },
    // Another range is warned about anew.
    numberRangeLow: isDeepStrictEqual(change.range ?? before.range, before.range)
      ? before.numberRangeLow
      : 0,
  };
  return isDeepStrictEqual(sorted(before), sorted(after))
    ? null
    : { ...after, version: before.version + 1n };
}

/** The order of a list of organizations means nothing. */
function sorted(program: Program): Program {
  return { ...program, organizationIds: [...program.organizationIds].sort() };
}

function panLengthsOf(brand: Program["brand"]): readonly number[] {
  return brands[brand].panLengths;
}

function isBelow(upper: bigint | null, lower: bigint | null): boolean {
  return upper !== null && lower !== null && upper < lower;
}

function isSet(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== null && value !== false;
}

function meet(left: readonly string[] | null, right: readonly string[]): boolean {
  return left?.some((code) => right.includes(code)) ?? false;
}
