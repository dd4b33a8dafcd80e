import { isCountry } from "../../../foundation/countries/countries.ts";
import type { Problem } from "../../../foundation/errors/errors.ts";
import type { CustomerType } from "../../programs/model.ts";
import { customerErrors } from "../errors.ts";
import type { AgeTerms, CustomerDetails } from "../model.ts";
import { businessNameFault, isPlaceholderPair, personNameFault, tidyName } from "./names.ts";

const problem = customerErrors.problem;

/** Older than anybody has become, in whole years. */
const MAXIMUM_AGE = 125;

type Case = CustomerDetails & {
  readonly type: CustomerType;
  /** YYYY-MM-DD of the organization's now, UTC. */
  readonly today: string;
  readonly minimumAge: number;
};

type Check = (given: Case) => readonly (Problem | null)[];

/**
 * Everything in a customer's data that cannot be right, one line for `errors[]` each. What is not known
 * yet is not wrong: see `missingOf`.
 */
export function detailProblems(
  details: CustomerDetails,
  type: CustomerType,
  { now, minimumAge }: AgeTerms,
): readonly Problem[] {
  const today = now.toISOString().slice(0, 10);
  const given: Case = { ...details, type, today, minimumAge };
  return checks.flatMap((check) => check(given)).filter((found) => found !== null);
}

/** Nothing known. */
export const noDetails: CustomerDetails = {
  firstName: null,
  lastName: null,
  legalName: null,
  birthDate: null,
  nationality: null,
  nationalId: null,
  residence: null,
  email: null,
  phone: null,
};

/** Fields that customers of one type do not have. */
const foreignFields = {
  individual: ["legalName"],
  business: ["firstName", "lastName", "birthDate"],
} as const satisfies Record<CustomerType, readonly (keyof CustomerDetails)[]>;

const typeMismatch: Check = (given) =>
  foreignFields[given.type].map((field) =>
    given[field] === null
      ? null
      : problem("customer_type_mismatch", field, `The customer is of type ${given.type}.`),
  );

const names: Check = ({ firstName, lastName, legalName }) => {
  const faults = [
    named("firstName", firstName, personNameFault),
    named("lastName", lastName, personNameFault),
    named("legalName", legalName, businessNameFault),
  ].filter((found) => found !== null);
  if (faults.length > 0 || firstName === null || lastName === null) return faults;
  return isPlaceholderPair(firstName, lastName)
    ? [problem("name_invalid", "lastName", "The names together stand for a name, but are none.")]
    : [];
};

function named(
  field: string,
  name: string | null,
  fault: (name: string) => string | null,
): Problem | null {
  const message = name === null ? null : fault(name);
  return message === null ? null : problem("name_invalid", field, message);
}

const birthDate: Check = ({ birthDate: born, today, minimumAge }) => {
  if (born === null) return [];
  if (!isDate(born)) return [problem("birth_date_invalid", "birthDate", "There is no such day.")];
  if (born > today) {
    return [problem("birth_date_invalid", "birthDate", "The date is in the future.")];
  }
  const age = ageOn(born, today);
  if (age > MAXIMUM_AGE) {
    return [problem("birth_date_invalid", "birthDate", `Nobody is ${age} years old.`)];
  }
  if (age >= minimumAge) return [];
  return [problem("age_too_low", "birthDate", `The person is not ${minimumAge} years old yet.`)];
};

const countries: Check = ({ nationality, residence }) => [
  isUnknown(nationality) ? problem("country_unknown", "nationality") : null,
  isUnknown(residence?.country ?? null) ? problem("country_unknown", "residence.country") : null,
];

const isUnknown = (code: string | null): boolean => code !== null && !isCountry(code);

const contact: Check = ({ email, phone }) => [
  email === null || isEmail(email) ? null : problem("email_invalid", "email"),
  phone === null || E164.test(phone) ? null : problem("phone_invalid", "phone"),
];

/** E.164: at most 15 digits with the country code, which never begins with 0. */
const E164 = /^\+[1-9]\d{6,14}$/;

/** What mail systems deliver to in practice, not all that RFC 5321 allows (no quotes, no addresses). */
const EMAIL =
  /^(?=.{3,254}$)[^\s@"(),:;<>[\]\\\p{C}.]+(?:\.[^\s@"(),:;<>[\]\\\p{C}.]+)*@(?:[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]{0,61}[\p{L}\p{M}\p{N}])?\.)+[\p{L}\p{N}-]{2,63}$/u;

function isEmail(text: string): boolean {
  return EMAIL.test(text) && text.indexOf("@") <= 64;
}

const checks: readonly Check[] = [typeMismatch, names, birthDate, countries, contact];

/** Whether YYYY-MM-DD is a day of the calendar. */
function isDate(text: string): boolean {
  const at = new Date(`${text}T00:00:00Z`);
  return (
    /^\d{4}-\d{2}-\d{2}$/.test(text) &&
    !Number.isNaN(at.getTime()) &&
    at.toISOString().startsWith(text)
  );
}

/**
 * Age in whole years on a day. A birthday is kept on its day; one on 29 February on 1 March of other
 * years.
 */
export function ageOn(born: string, day: string): number {
  const years = Number(day.slice(0, 4)) - Number(born.slice(0, 4));
  return day.slice(5) < born.slice(5) ? years - 1 : years;
}

/** Details as they are kept: names tidied, no spaces around what people typed. */
export function tidyDetails(details: CustomerDetails): CustomerDetails {
  const { firstName, lastName, legalName, residence } = details;
  return {
    ...details,
    firstName: tidied(firstName),
    lastName: tidied(lastName),
    legalName: tidied(legalName),
    nationalId: tidied(details.nationalId),
    email: details.email?.trim() ?? null,
    phone: details.phone?.trim() ?? null,
    residence:
      residence === null
        ? null
        : {
            country: residence.country,
            line1: tidied(residence.line1),
            line2: tidied(residence.line2),
            city: tidied(residence.city),
            region: tidied(residence.region),
            postalCode: tidied(residence.postalCode),
          },
  };
}

/** An empty text says as little as none. */
function tidied(text: string | null): string | null {
  const tidy = text === null ? "" : tidyName(text);
  return tidy === "" ? null : tidy;
}
