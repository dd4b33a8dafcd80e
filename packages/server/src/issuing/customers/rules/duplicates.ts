import { prepareName } from "../../screening/rules/normalise.ts";
import { nameReasons } from "../../screening/rules/score.ts";
import { type Customer, legalNameOf } from "../model.ts";

/** What two customers have in common, from what says most to what says least. */
export const sharedParts = {
  nationalId: "certain",
  nameAndBirthDate: "likely",
  legalName: "likely",
  email: "possible",
  phone: "possible",
} as const;
export type SharedPart = keyof typeof sharedParts;

/** How sure it is that two customers are one, from most to least. */
export const likelihoods = ["certain", "likely", "possible"] as const;
export type Likelihood = (typeof likelihoods)[number];

/** Another customer of the organization that may be the same person or business. */
export type Duplicate = {
  readonly customer: Customer;
  readonly shared: readonly SharedPart[];
  readonly likelihood: Likelihood;
  /** Which of the two to go on with: the one that is verified, else the older. */
  readonly keep: Customer["id"];
};

/** Names that score at least so many basis points are taken for one: see screening. */
const SAME_NAME = 8_500;

type Shares = (one: Customer, other: Customer) => boolean;

const shares: Readonly<Record<SharedPart, Shares>> = {
  nationalId: (one, other) => same(bare(one.nationalId), bare(other.nationalId)),
  nameAndBirthDate: (one, other) => same(one.birthDate, other.birthDate) && sameName(one, other),
  legalName: (one, other) =>
    one.type === "business" &&
    same(one.residenceCountry, other.residenceCountry) &&
    sameName(one, other),
  email: (one, other) => same(one.email?.toLowerCase(), other.email?.toLowerCase()),
  phone: (one, other) => same(one.phone, other.phone),
};

const same = (one: string | null | undefined, other: string | null | undefined): boolean =>
  one !== null && one !== undefined && one !== "" && one === other;

/** A number without the signs that people put into it. */
const bare = (number: string | null): string | null =>
  number === null ? null : bareNumber(number);

/** A number in capitals, of letters and digits only. */
const bareNumber = (number: string): string => number.toUpperCase().replace(/[^\p{L}\p{N}]/gu, "");

function sameName(one: Customer, other: Customer): boolean {
  const [ours, theirs] = [legalNameOf(one), legalNameOf(other)];
  if (ours === null || theirs === null) return false;
  const reasons = nameReasons(prepareName(ours), prepareName(theirs));
  return reasons.reduce((sum, { points }) => sum + points, 0) >= SAME_NAME;
}

/**
 * Which of some customers may be the same as one, the surest first. Deleted ones and those of another type
 * are never the same.
 */
export function duplicatesOf(customer: Customer, others: readonly Customer[]): Duplicate[] {
  if (customer.status === "deleted") return [];
  return others
    .filter(
      ({ id, type, status }) =>
        id !== customer.id && type === customer.type && status !== "deleted",
    )
    .flatMap((other) => {
      const shared = (Object.keys(sharedParts) as SharedPart[]).filter((part) =>
        shares[part](customer, other),
      );
      if (shared.length === 0) return [];
      return [
        { customer: other, shared, likelihood: likelihoodOf(shared), keep: kept(customer, other) },
      ];
    })
    .sort((a, b) => rank(a) - rank(b) || (a.customer.id < b.customer.id ? -1 : 1));
}

const rank = ({ likelihood }: Duplicate): number => likelihoods.indexOf(likelihood);

/** E-mail and phone together say more than one: families share one of them. */
function likelihoodOf(shared: readonly SharedPart[]): Likelihood {
  const strongest = likelihoods.find((one) => shared.some((part) => sharedParts[part] === one));
  return strongest === "possible" && shared.length > 1 ? "likely" : (strongest ?? "possible");
}

function kept(one: Customer, other: Customer): Customer["id"] {
  const verified = ({ status }: Customer) => status === "active" || status === "update_requested";
  if (verified(one) !== verified(other)) return verified(one) ? one.id : other.id;
  return one.createdAt <= other.createdAt ? one.id : other.id;
}
