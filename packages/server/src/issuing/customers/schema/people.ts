import { Type } from "typebox";
import { about, personal, personalFieldsOf } from "../../../foundation/route/personal.ts";
import {
  countryCode,
  date,
  idText,
  nullable,
  object,
  oneOf,
  type StaticOf,
  text,
  timestamp,
} from "../../../foundation/route/schemas.ts";
import { type Person, personRoles, WHOLE_BASIS_POINTS } from "../model/people.ts";
import { MAX_PERSON_NAME } from "../model.ts";

const roles = Type.Array(oneOf(personRoles), {
  minItems: 1,
  maxItems: personRoles.length,
  uniqueItems: true,
  description:
    "beneficial_owner: who owns or controls a quarter and more; where nobody does, the director who manages the business.",
});

const details = {
  roles,
  firstName: text(MAX_PERSON_NAME),
  lastName: text(MAX_PERSON_NAME),
  birthDate: date,
  nationality: countryCode,
  residenceCountry: countryCode,
};

const ownershipBasisPoints = Type.Optional(
  nullable(
    Type.Integer({
      minimum: 1,
      maximum: WHOLE_BASIS_POINTS,
      description:
        "How much is owned, directly and through others; 10,000 is all. Left out: control by other means.",
    }),
  ),
);

/** Somebody who directs or owns a business. */
export const newPersonSchema = object({ ...details, ownershipBasisPoints });

/** A change: what is left out stays. */
export const personChangeSchema = object(
  { ...Type.Partial(object(details)).properties, ownershipBasisPoints },
  { minProperties: 1 },
);

const shown = <S extends Parameters<typeof nullable>[0]>(schema: S) => personal(nullable(schema));

/** A person of a business as the API shows it. */
export const personSchema = object(
  {
    id: idText("Id of the person."),
    customerId: idText("The business."),
    organizationId: idText("Whose customer that is."),
    roles: Type.Array(oneOf(personRoles)),
    firstName: shown(Type.String()),
    lastName: shown(Type.String()),
    birthDate: shown(date),
    nationality: shown(countryCode),
    residenceCountry: shown(countryCode),
    ownershipBasisPoints: shown(Type.Integer({ description: "10,000 is the whole." })),
    removedAt: nullable(timestamp),
    version: Type.Integer({ description: "Grows by one with each change." }),
    createdAt: timestamp,
  },
  { title: "Person", ...about("customerId") },
);

/** What of a shown person is personal data. */
export const personFields = personalFieldsOf(personSchema);

/** A person as the API shows it. */
export function showPerson(person: Person): StaticOf<typeof personSchema> {
  const { roles: has, removedAt, version, createdAt, ...same } = person;
  return {
    ...same,
    roles: [...has],
    removedAt: removedAt?.toISOString() ?? null,
    version: Number(version),
    createdAt: createdAt.toISOString(),
  };
}
