import type { CustomerId, OrganizationId, PersonId } from "../../../foundation/ids/ids.ts";

/** What somebody is to a business. */
export const personRoles = ["director", "beneficial_owner"] as const;
export type PersonRole = (typeof personRoles)[number];

/** The whole of a business, in basis points. */
export const WHOLE_BASIS_POINTS = 10_000;

/** Most people of a business that are not removed. */
export const MAX_PEOPLE = 50;

/** What is known of somebody who directs or owns a business (Directive (EU) 2015/849, Art. 30(5)). */
export type PersonDetails = {
  readonly roles: readonly PersonRole[];
  readonly firstName: string;
  readonly lastName: string;
  /** YYYY-MM-DD. */
  readonly birthDate: string;
  /** ISO 3166-1 alpha-3. */
  readonly nationality: string;
  readonly residenceCountry: string;
  /** Directly and through others, 10,000 being all; null: none, or control by other means. */
  readonly ownershipBasisPoints: number | null;
};

/** A director or beneficial owner of a customer that is a business. */
export type Person = PersonDetails & {
  readonly organizationId: OrganizationId;
  readonly id: PersonId;
  readonly customerId: CustomerId;
  readonly removedAt: Date | null;
  readonly version: bigint;
  readonly createdAt: Date;
};

/** What is changed of a person: what is absent stays. */
export type PersonChange = Partial<PersonDetails>;

/** What the law keeps of a person of a deleted business. */
export type RetainedPerson = PersonDetails & Pick<Person, "id">;
