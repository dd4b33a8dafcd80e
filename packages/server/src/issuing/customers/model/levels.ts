import {
  type CustomerType,
  type VerificationLevel,
  verificationLevels,
} from "../../programs/model.ts";
import {
  beneath,
  type Customer,
  type CustomerDetails,
  type CustomerField,
  customerFields,
  type Evidence,
  type EvidenceNeed,
  evidenceNeeds,
  fieldValue,
  type Need,
  needs,
} from "../model.ts";

/** What verification goes by: the tables that GET /v1/verification-levels publishes. */

const person = ["firstName", "lastName", "birthDate"] as const;
const people = ["people.director", "people.beneficialOwner"] as const;
const address = ["residence.country", "residence.line1", "residence.city"] as const;

/** What each level needs, by type of customer, in every country. */
export const levelNeeds: Readonly<
  Record<CustomerType, Readonly<Record<VerificationLevel, readonly Need[]>>>
> = {
  individual: {
    minimum: person,
    basic: [...person, "nationality", ...address, "email", "documents.identity"],
    advanced: [
      ...([...person, "nationality", "nationalId", ...address, "email", "phone"] as const),
      ...(["documents.identity", "documents.address", "documents.selfie"] as const),
    ],
  },
  business: {
    minimum: ["legalName", "residence.country"],
    basic: ["legalName", "nationalId", ...address, "email", "documents.register", ...people],
    advanced: [
      ...(["legalName", "nationality", "nationalId", ...address, "email", "phone"] as const),
      ...(["documents.address", "documents.register", ...people] as const),
    ],
  },
};

/** What the law of a country of residence wants beyond that, from a level on. */
export type CountryNeeds = {
  /** ISO 3166-1 alpha-3. */
  readonly country: string;
  readonly type: CustomerType;
  readonly from: VerificationLevel;
  readonly needs: readonly Need[];
  /** The law that says so. */
  readonly source: string;
};

export const countryNeeds: readonly CountryNeeds[] = [
  {
    country: "USA",
    type: "individual",
    from: "basic",
    needs: ["nationalId"],
    source: "31 CFR 1020.220(a)(2)(i)(A)(4): a taxpayer identification number",
  },
  {
    country: "BRA",
    type: "individual",
    from: "minimum",
    needs: ["nationalId"],
    source: "Banco Central do Brasil, Circular 3.978/2020: the CPF number",
  },
];

/** Whether a level is passed without anybody's review once everything is there. */
export const passesByItself: Readonly<Record<VerificationLevel, boolean>> = {
  minimum: true,
  basic: false,
  advanced: false,
};

const rankOf = (level: VerificationLevel): number => verificationLevels.indexOf(level);

/** Whether one level is at least another. */
export const reaches = (level: VerificationLevel, least: VerificationLevel): boolean =>
  rankOf(level) >= rankOf(least);

type Leveled = Pick<Customer, "type" | "level" | "residence">;

/** What a customer of this type, level and country of residence needs, in a fixed order. */
export function needsOf({ type, level, residence }: Leveled): readonly Need[] {
  const added = countryNeeds.filter(
    (law) => law.country === residence?.country && law.type === type && reaches(level, law.from),
  );
  const all = new Set([...levelNeeds[type][level], ...added.flatMap((law) => law.needs)]);
  return needs.filter((need) => all.has(need));
}

/** Whether a need is one of the customer's own fields. */
export const isField = (need: Need): need is CustomerField =>
  (customerFields as readonly string[]).includes(need);

/** What is there of a customer that a need can be met by. */
export type Known = CustomerDetails & Pick<Customer, "evidence">;

/** Whether a need is met. */
export const isMet = (known: Known, need: Need): boolean =>
  isField(need) ? fieldValue(known, need) !== null : isEvident(known.evidence, need);

const isEvident = (evidence: Customer["evidence"], need: EvidenceNeed): boolean =>
  (evidenceNeeds[need] as readonly Evidence[]).some((kind) => evidence.includes(kind));

/** What verification still needs from a customer, in a fixed order; nothing of a deleted one. */
export function missingOf(customer: Leveled & Pick<Customer, "standing"> & Known): Need[] {
  const standing = beneath(customer.standing);
  if (standing.status === "deleted") return [];
  const asked = standing.status === "needs_information" ? standing.asked : [];
  const needed = needsOf(customer);
  return needs.filter(
    (need) => asked.includes(need) || (needed.includes(need) && !isMet(customer, need)),
  );
}
