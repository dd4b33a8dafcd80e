import { type TProperties, Type } from "typebox";
import { fromJsonAmount, toJsonAmount } from "../../foundation/money/money.ts";
import {
  amount,
  amountShown,
  countryCode,
  currencyCode,
  idText,
  nullable,
  object,
  oneOf,
  positiveAmount,
  type StaticOf,
  text,
  timestamp,
} from "../../foundation/route/schemas.ts";
import {
  type AccessRule,
  accessGrants,
  availabilities,
  brandNames,
  customerTypes,
  initialCardStatuses,
  type Program,
  type ProgramChange,
  type ProgramDraft,
  programLifecycle,
  programModels,
  rangeThresholds,
  renewals,
  verificationLevels,
} from "./model.ts";

const countryList = (minimum: number, description: string) =>
  Type.Array(countryCode, { minItems: minimum, maxItems: 249, uniqueItems: true, description });

/** Most organizations that a program can list. */
const MAX_LISTED = 500;

/** The largest value of the digits between a BIN of 6 and the check digit of a number of 19. */
const MAX_NUMBER = 999_999_999_999;

const number = Type.Integer({ minimum: 0, maximum: MAX_NUMBER });

const basisPoints = Type.Integer({
  minimum: 0,
  maximum: 10_000,
  description: "Markup on converted amounts in basis points: 100 is 1 %.",
});

/** What never changes once a program is made. */
const fixed = {
  model: oneOf(programModels, {
    description: "card: a balance of its own. budgetCard: spends from a budget.",
  }),
  brand: oneOf(brandNames, { description: "private: a brand of one's own." }),
  bin: Type.String({ pattern: "^(\\d{6}|\\d{8})$", description: "6 or 8 digits." }),
  panLength: Type.Integer({ minimum: 13, maximum: 19, description: "Digits of a card number." }),
  currency: currencyCode,
};

/** What a customer must be to be granted access by itself. */
const accessConditions = {
  minimumLevel: nullable(oneOf(verificationLevels)),
  customerTypes: nullable(Type.Array(oneOf(customerTypes), { minItems: 1, uniqueItems: true })),
  nationalities: nullable(countryList(1, "null: any.")),
  residences: nullable(countryList(1, "null: any.")),
  organizationIds: nullable(
    Type.Array(idText("An organization whose customers it is about."), {
      minItems: 1,
      maxItems: MAX_LISTED,
      uniqueItems: true,
    }),
  ),
};

const accessRule = Type.Partial(object(accessConditions)).properties;

/** What the platform sets and may change. */
const terms = {
  name: text(100),
  availability: oneOf(availabilities, {
    description: "all: every organization. listed: those in organizationIds.",
  }),
  organizationIds: Type.Array(idText("An organization that may use the program."), {
    maxItems: MAX_LISTED,
    uniqueItems: true,
  }),
  numberRange: object(
    { from: number, to: number },
    {
      description:
        "First and last value of the digits between the BIN and the check digit, both included.",
    },
  ),
  timeZone: text(64, { description: "IANA name. A card expires at the end of a day in it." }),
  validityMonths: Type.Integer({ minimum: 1, maximum: 240, description: "Life of a card." }),
  renewal: oneOf(renewals, {
    description: "automatic: cards renew by themselves, renewalDays before they expire.",
  }),
  renewalDays: Type.Integer({ minimum: 1, maximum: 365 }),
  retentionYears: Type.Integer({
    minimum: 1,
    maximum: 30,
    description: "How long the identity of a deleted customer with cards of it is kept.",
  }),
  initialCardStatus: oneOf(initialCardStatuses, {
    description: "blocked: each new card waits for the platform's review.",
  }),
  requiresCustomer: Type.Boolean({ description: "Issuing needs customerId." }),
  requiresAccess: Type.Boolean({ description: "The customer needs granted product access." }),
  accessGrant: oneOf(accessGrants, {
    description: "automatic: access is granted by itself, to whom accessRule allows it.",
  }),
  accessRule: nullable(
    object(accessRule, {
      description:
        "To whom access is granted by itself: to active customers who meet all that is given. null: to everybody, when it is asked for.",
    }),
  ),
  minimumLevel: nullable(oneOf(verificationLevels, { description: "Level a customer needs." })),
  customerTypes: nullable(
    Type.Array(oneOf(customerTypes), {
      minItems: 1,
      uniqueItems: true,
      description: "Types of customers it is for; null: any.",
    }),
  ),
  allowedNationalities: nullable(countryList(1, "null: every country that is not restricted.")),
  restrictedNationalities: countryList(0, "Nobody of these nationalities."),
  allowedResidences: nullable(countryList(1, "null: every country that is not restricted.")),
  restrictedResidences: countryList(0, "Nobody who lives there."),
  cardsPerCustomer: nullable(
    Type.Integer({ minimum: 1, maximum: 10_000, description: "null: any number." }),
  ),
  informationDays: Type.Integer({
    minimum: 0,
    maximum: 365,
    description: "Days that cards go on working while their customer's information is asked for.",
  }),
  minimumInitialBalance: amount,
  maximumInitialBalance: nullable(amount),
  maximumBalance: nullable(amount),
  minimumTransfer: positiveAmount,
};

const fees = {
  issuance: amount,
  replacement: amount,
  monthly: amount,
  topUp: amount,
  fxBasisPoints: basisPoints,
};

/** The same properties, each of which may be left out. */
const optional = <P extends TProperties>(properties: P) =>
  Type.Partial(object(properties)).properties;

const { name, ...defaulted } = terms;

/** What a program is made from; everything but the terms that fix it has a default. */
export const newProgramSchema = object({
  ...fixed,
  name,
  ...optional(defaulted),
  fees: Type.Optional(object(optional(fees))),
});

/** What is to change in a program. */
export const programChangeSchema = object(
  optional({
    ...terms,
    fees: object(optional(fees)),
    status: oneOf(["active", "inactive"] as const, {
      description: "inactive: no cards are issued; everything else works.",
    }),
  }),
  { minProperties: 1 },
);

export const retirementSchema = object({
  successorId: Type.Optional(
    idText("The program that replacements of this one's cards go into. Without it: none."),
  ),
});

/** A card program as the API shows it. */
export const programSchema = object({
  id: idText("Id of the program: the typeId of its cards."),
  ...fixed,
  ...terms,
  accessRule: nullable(
    object(accessConditions, {
      description: "Its organizationIds are shown to the platform only.",
    }),
  ),
  organizationIds: nullable(
    Type.Array(idText("An organization that may use the program."), {
      description: "Shown to the platform only; null for an organization.",
    }),
  ),
  minimumInitialBalance: amountShown,
  minimumTransfer: amountShown,
  maximumInitialBalance: nullable(amountShown),
  maximumBalance: nullable(amountShown),
  fees: object({
    issuance: amountShown,
    replacement: amountShown,
    monthly: amountShown,
    topUp: amountShown,
    fxBasisPoints: basisPoints,
  }),
  status: oneOf(programLifecycle.states, {
    description: "inactive and retired programs issue no cards; existing cards work on.",
  }),
  successorId: nullable(idText("Where replacements of a retired program's cards go.")),
  numberRangeLow: nullable(
    Type.Integer({
      description: `Highest threshold (${rangeThresholds.join(", ")} percent) that the use of the number range has passed, 0 where none. Shown to the platform only; null for an organization.`,
    }),
  ),
  version: Type.Integer({ description: "Grows by one with each change." }),
  createdAt: timestamp,
});
export type ProgramShown = StaticOf<typeof programSchema>;

/**
 * A program as the API shows it.
 *
 * @param reader who reads: an organization is not told which others may use the program.
 */
export function showProgram(program: Program, reader: "platform" | "organization"): ProgramShown {
  const { range, fees, organizationIds, ...rest } = program;
  return {
    ...rest,
    numberRange: { from: Number(range.from), to: Number(range.to) },
    organizationIds: reader === "platform" ? [...organizationIds] : null,
    numberRangeLow: reader === "platform" ? program.numberRangeLow : null,
    accessRule: showAccessRule(program.accessRule, reader),
    customerTypes: copy(program.customerTypes),
    allowedNationalities: copy(program.allowedNationalities),
    restrictedNationalities: [...program.restrictedNationalities],
    allowedResidences: copy(program.allowedResidences),
    restrictedResidences: [...program.restrictedResidences],
    minimumInitialBalance: toJsonAmount(program.minimumInitialBalance),
    maximumInitialBalance: showAmount(program.maximumInitialBalance),
    maximumBalance: showAmount(program.maximumBalance),
    minimumTransfer: toJsonAmount(program.minimumTransfer),
    fees: {
      issuance: toJsonAmount(fees.issuance),
      replacement: toJsonAmount(fees.replacement),
      monthly: toJsonAmount(fees.monthly),
      topUp: toJsonAmount(fees.topUp),
      fxBasisPoints: Number(fees.fxBasisPoints),
    },
    version: Number(program.version),
    createdAt: program.createdAt.toISOString(),
  };
}

function showAccessRule(
  rule: AccessRule | null,
  reader: "platform" | "organization",
): ProgramShown["accessRule"] {
  if (rule === null) return null;
  return {
    minimumLevel: rule.minimumLevel,
    customerTypes: copy(rule.customerTypes),
    nationalities: copy(rule.nationalities),
    residences: copy(rule.residences),
    organizationIds: reader === "platform" ? copy(rule.organizationIds) : null,
  };
}

type NewProgramBody = StaticOf<typeof newProgramSchema>;
type ProgramChangeBody = StaticOf<typeof programChangeSchema>;

/** The draft that a body asks for. */
export const readDraft = (body: NewProgramBody): ProgramDraft => readBody(body) as ProgramDraft;

/** The change that a body asks for. */
export const readChange = (body: ProgramChangeBody): ProgramChange =>
  readBody(body) as ProgramChange;

/** A rule that asks for nothing but an active customer. */
const anybody: AccessRule = {
  minimumLevel: null,
  customerTypes: null,
  nationalities: null,
  residences: null,
  organizationIds: null,
};

const amountFields = [
  "minimumInitialBalance",
  "maximumInitialBalance",
  "maximumBalance",
  "minimumTransfer",
] as const;

/** A body with its amounts as bigint and its range under the model's name. */
function readBody(body: ProgramChangeBody | NewProgramBody): Record<string, unknown> {
  const { fees: feesGiven = {}, numberRange, accessRule: rule, ...rest } = body;
  const amounts = amountFields.flatMap((field) => {
    const given = body[field];
    return typeof given === "number" ? [[field, fromJsonAmount(given)]] : [];
  });
  const read = Object.entries(feesGiven).map(([kind, fee]) => [kind, fromJsonAmount(fee)]);
  return {
    ...rest,
    ...Object.fromEntries(amounts),
    ...(rule !== undefined && { accessRule: rule && { ...anybody, ...rule } }),
    ...(numberRange && { range: { from: BigInt(numberRange.from), to: BigInt(numberRange.to) } }),
    ...(read.length > 0 && { fees: Object.fromEntries(read) }),
  };
}

const copy = <T>(list: readonly T[] | null): T[] | null => (list === null ? null : [...list]);

const showAmount = (value: bigint | null): number | null =>
  value === null ? null : toJsonAmount(value);
