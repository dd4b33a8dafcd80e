import { isDeepStrictEqual } from "node:util";
import { isCountry } from "../../foundation/countries/countries.ts";
import type { Problem } from "../../foundation/errors/errors.ts";
import { isCurrency } from "../../foundation/money/money.ts";
import { programErrors } from "./errors.ts";
import { brands, type Program, type ProgramChange, wholeRange } from "./model.ts";

/** Whether an organization may issue cards under a program. */
export function isAvailableTo(
  program: Pick<Program, "availability" | "organizationIds">,
  organizationId: string,
): boolean {
  if (program.availability === "all") return true;
  return program.organizationIds.some((id) => id === organizationId);
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

const timeRules: readonly Inconsistency[] = [
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

/** A program after a change, one version on; null where nothing would be different. */
export function changed(before: Program, change: ProgramChange): Program | null {
  const listed = (change.availability ?? before.availability) === "listed";
  const after: Program = {
    ...before,
    ...change,
    organizationIds: change.organizationIds ?? (listed ? before.organizationIds : []),
    fees: { ...before.fees, ...change.fees },
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

function isTimeZone(name: string): boolean {
  // Intl also takes offsets such as +02:00, which have no summer and are no zone.
  if (/^[+-]/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
