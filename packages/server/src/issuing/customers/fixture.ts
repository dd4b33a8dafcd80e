/** What the tests of this folder share. */
import type { CustomerId, OrganizationId } from "../../foundation/ids/ids.ts";
import {
  type AgeTerms,
  type Customer,
  type CustomerDetails,
  type Held,
  MINIMUM_AGE,
  type Standing,
  standingAs,
} from "./model.ts";
import { noDetails } from "./rules/details.ts";

/** The instant at which the tests of the rules take place. */
export const now = new Date("2026-06-15T12:00:00Z");

/** From 18 years on, at that instant. */
export const ageTerms: AgeTerms = { now, minimumAge: MINIMUM_AGE };

export const residence = {
  country: "DEU",
  line1: "Example Street 1",
  line2: null,
  city: "Berlin",
  region: null,
  postalCode: "10115",
};

/** Everything that an individual of any level needs. */
export const person = {
  firstName: "Ada",
  lastName: "Example",
  birthDate: "1990-05-17",
  nationality: "DEU",
  nationalId: "X1234567",
  residence,
  email: "ada@example.com",
  phone: "+4930123456",
};

/** Everything that a business of any level needs. */
export const business = {
  legalName: "Example GmbH & Co. 1",
  nationality: "DEU",
  nationalId: "HRB 12345",
  residence,
  email: "office@example.com",
  phone: "+4930123456",
};

export const detailsOf = (known: Partial<CustomerDetails>): CustomerDetails => ({
  ...noDetails,
  ...known,
});

/** A customer with this standing; a complete individual of level basic where nothing else is said. */
export function customerIn(
  standing: Standing | Held,
  terms: Partial<Omit<Customer, "standing" | "status">> = {},
): Customer {
  const customer: Customer = {
    ...detailsOf(person),
    organizationId: "org_example" as OrganizationId,
    id: "cus_example" as CustomerId,
    externalId: null,
    type: "individual",
    level: "basic",
    standing,
    status: standing.status,
    statusReason: null,
    statusAt: new Date("2026-06-01T00:00:00Z"),
    residenceCountry: "DEU",
    evidence: [
      "passport",
      "proof_of_address",
      "company_register",
      "selfie",
      "director",
      "beneficial_owner",
    ],
    retainUntil: null,
    legalHold: null,
    erasedAt: null,
    version: 3n,
    createdAt: new Date("2026-06-01T00:00:00Z"),
    ...terms,
  };
  return standingAs(customer, standing, customer.statusAt);
}
