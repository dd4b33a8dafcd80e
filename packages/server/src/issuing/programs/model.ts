import type { OrganizationId, ProgramId } from "../../foundation/ids/ids.ts";
import { lifecycle, type StateOf } from "../../foundation/lifecycle/lifecycle.ts";

/** A card program: what the cards issued under it are, for whom, within which limits, at what price. */
export type Program = {
  readonly id: ProgramId;
  readonly name: string;
  readonly model: ProgramModel;
  readonly brand: Brand;
  /** 6 or 8 digits. */
  readonly bin: string;
  readonly panLength: number;
  readonly range: NumberRange;
  readonly currency: string;
  readonly status: ProgramStatus;
  /** Where replacements of a retired program's cards go; null: there are none. */
  readonly successorId: ProgramId | null;
  readonly availability: Availability;
  /** Who may use it where `availability` is `listed`; empty where it is `all`. */
  readonly organizationIds: readonly OrganizationId[];
  /** IANA name; the day of a card's expiry ends in it. */
  readonly timeZone: string;
  readonly validityMonths: number;
  /** `automatic`: cards renew by themselves, `renewalDays` before they expire. */
  readonly renewal: Renewal;
  readonly renewalDays: number;
  /** How long the identity of a deleted customer with cards of the program is kept. */
  readonly retentionYears: number;
  /** `blocked`: each new card waits for the platform's review. */
  readonly initialCardStatus: InitialCardStatus;
  readonly requiresCustomer: boolean;
  readonly requiresAccess: boolean;
  /** `automatic`: an access request is granted by itself, to whom `accessRule` allows it. */
  readonly accessGrant: AccessGrant;
  /** null: to everybody, when it is asked for. */
  readonly accessRule: AccessRule | null;
  readonly minimumLevel: VerificationLevel | null;
  /** null: any type. */
  readonly customerTypes: readonly CustomerType[] | null;
  /** ISO 3166-1 alpha-3; null: every country that is not restricted. */
  readonly allowedNationalities: readonly string[] | null;
  readonly restrictedNationalities: readonly string[];
  readonly allowedResidences: readonly string[] | null;
  readonly restrictedResidences: readonly string[];
  /** Cards of one customer that are not deleted; null: any number. */
  readonly cardsPerCustomer: number | null;
  /** Days for which existing cards go on working when their customer needs information. */
  readonly informationDays: number;
  /** Minor units of `currency`, as all amounts here. */
  readonly minimumInitialBalance: bigint;
  readonly maximumInitialBalance: bigint | null;
  readonly maximumBalance: bigint | null;
  readonly minimumTransfer: bigint;
  readonly fees: Fees;
  /** The highest of `rangeThresholds` that the use of the number range has passed; 0: none. */
  readonly numberRangeLow: RangeThreshold | 0;
  readonly version: bigint;
  readonly createdAt: Date;
};

/** A card has an account of its own; a budget card spends from its budget's. */
export const programModels = ["card", "budgetCard"] as const;
export type ProgramModel = (typeof programModels)[number];

/** What a customer can be verified to, from least to most. */
export const verificationLevels = ["minimum", "basic", "advanced"] as const;
export type VerificationLevel = (typeof verificationLevels)[number];

export const customerTypes = ["individual", "business"] as const;
export type CustomerType = (typeof customerTypes)[number];

export const availabilities = ["all", "listed"] as const;
export type Availability = (typeof availabilities)[number];

export const initialCardStatuses = ["active", "blocked"] as const;
export type InitialCardStatus = (typeof initialCardStatuses)[number];

export const accessGrants = ["manual", "automatic"] as const;
export type AccessGrant = (typeof accessGrants)[number];

/**
 * To whom access is granted by itself: to active customers who meet all that is not null; others wait for the
 * operator.
 */
export type AccessRule = {
  readonly minimumLevel: VerificationLevel | null;
  readonly customerTypes: readonly CustomerType[] | null;
  /** ISO 3166-1 alpha-3. */
  readonly nationalities: readonly string[] | null;
  readonly residences: readonly string[] | null;
  /** Whose customers. */
  readonly organizationIds: readonly OrganizationId[] | null;
};

export const renewals = ["manual", "automatic"] as const;
export type Renewal = (typeof renewals)[number];

/** Use of a number range, in percent, at which the platform is warned; once each. */
export const rangeThresholds = [80, 95] as const;
export type RangeThreshold = (typeof rangeThresholds)[number];

/** First and last value of the digits between the BIN and the check digit, both included. */
export type NumberRange = { readonly from: bigint; readonly to: bigint };

/** What the organization pays, in minor units of the program's currency. */
export type Fees = {
  readonly issuance: bigint;
  readonly replacement: bigint;
  readonly monthly: bigint;
  readonly topUp: bigint;
  /** Markup on converted amounts, paid by the cardholder: 100 = 1 %. */
  readonly fxBasisPoints: bigint;
};

/** What a network allows its issuers: how numbers begin, and how long they are. */
type BrandRule = { readonly begins: RegExp; readonly panLengths: readonly number[] };

/**
 * The brands and their numbers. Source: ISO/IEC 7812 issuer identification as published by each network.
 * `private` is a brand of one's own, outside the networks.
 */
export const brands = {
  visa: { begins: /^4/, panLengths: [13, 16, 19] },
  mastercard: {
    begins: /^(5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/,
    panLengths: [16],
  },
  amex: { begins: /^3[47]/, panLengths: [15] },
  discover: { begins: /^(6011|64[4-9]|65)/, panLengths: [16, 17, 18, 19] },
  jcb: { begins: /^35(2[89]|[3-8])/, panLengths: [16, 17, 18, 19] },
  unionpay: { begins: /^(62|81)/, panLengths: [16, 17, 18, 19] },
  private: { begins: /^\d/, panLengths: [13, 14, 15, 16, 17, 18, 19] },
} as const satisfies Record<string, BrandRule>;
export type Brand = keyof typeof brands;
export const brandNames = Object.keys(brands) as Brand[];

/** Inactive is reversible, retired is final; cards that exist work in each (PRODUCT §5). */
export const programLifecycle = lifecycle(["active", "inactive", "retired"], {
  deactivate: { from: ["active"], to: "inactive" },
  activate: { from: ["inactive"], to: "active" },
  retire: { from: ["active", "inactive"], to: "retired" },
});
export type ProgramStatus = StateOf<typeof programLifecycle>;

/** What never changes once cards may exist. */
type FixedTerms = Pick<Program, "model" | "brand" | "bin" | "panLength" | "currency">;

/** What the platform sets and changes. */
export type ProgramTerms = Omit<
  Program,
  keyof FixedTerms | "id" | "status" | "successorId" | "numberRangeLow" | "version" | "createdAt"
>;

/** A program to be made: what has a sensible default may be left out. */
export type ProgramDraft = FixedTerms & { readonly name: string } & Partial<
    Omit<ProgramTerms, "fees">
  > & { readonly fees?: Partial<Fees> };

/** A change of a program: only what is to change. */
export type ProgramChange = Partial<Omit<ProgramTerms, "fees">> & {
  readonly fees?: Partial<Fees>;
  readonly status?: "active" | "inactive";
};

/** How long the identity of a deleted customer is kept where no program says otherwise, in years. */
export const RETENTION_YEARS = 5;

const noFees: Fees = { issuance: 0n, replacement: 0n, monthly: 0n, topUp: 0n, fxBasisPoints: 0n };

/** The terms of a program that names nothing but what it must. */
const defaultTerms: Omit<ProgramTerms, "name" | "range" | "fees"> = {
  availability: "all",
  organizationIds: [],
  timeZone: "UTC",
  validityMonths: 36,
  renewal: "manual",
  renewalDays: 30,
  retentionYears: RETENTION_YEARS,
  initialCardStatus: "active",
  requiresCustomer: false,
  requiresAccess: false,
  accessGrant: "manual",
  accessRule: null,
  minimumLevel: null,
  customerTypes: null,
  allowedNationalities: null,
  restrictedNationalities: [],
  allowedResidences: null,
  restrictedResidences: [],
  cardsPerCustomer: null,
  informationDays: 30,
  minimumInitialBalance: 0n,
  maximumInitialBalance: null,
  maximumBalance: null,
  minimumTransfer: 1n,
};

/** A new program from its draft; what is left out gets its default. */
export function draftProgram(
  draft: ProgramDraft,
  made: { readonly id: ProgramId; readonly createdAt: Date },
): Program {
  return {
    ...defaultTerms,
    range: wholeRange(draft),
    ...draft,
    ...made,
    fees: { ...noFees, ...draft.fees },
    status: "active",
    successorId: null,
    numberRangeLow: 0,
    version: 1n,
  };
}

/** Every number under a BIN. */
export function wholeRange(number: {
  readonly bin: string;
  readonly panLength: number;
}): NumberRange {
  return { from: 0n, to: 10n ** BigInt(Math.max(0, openDigits(number))) - 1n };
}

/**
 * A range as numbers of a card without the check digit, BIN included: of programs with numbers of one length
 * these can be compared, whatever the lengths of their BINs.
 */
export function numbersOf(program: Pick<Program, "bin" | "panLength" | "range">): NumberRange {
  const base = BigInt(program.bin) * 10n ** BigInt(openDigits(program));
  return { from: base + program.range.from, to: base + program.range.to };
}

/** Digits between the BIN and the check digit. */
function openDigits({ bin, panLength }: { bin: string; panLength: number }): number {
  return panLength - bin.length - 1;
}
