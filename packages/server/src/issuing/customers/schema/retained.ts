import { type Static, Type } from "typebox";
import { about, personal } from "../../../foundation/route/personal.ts";
import { idText, nullable, object } from "../../../foundation/route/schemas.ts";
import type { Retained } from "../model.ts";
import { customerSchema } from "../schema.ts";
import { personSchema } from "./people.ts";

const shown = customerSchema.properties;
const {
  organizationId: _o,
  customerId: _c,
  removedAt: _r,
  version: _v,
  createdAt: _t,
  ...personFacts
} = personSchema.properties;
const { firstName, lastName, legalName, birthDate, nationality, nationalId } = shown;

/** What the law keeps of a deleted customer, as the platform is shown it. */
export const retainedSchema = object(
  {
    customerId: idText("The customer."),
    organizationId: idText("Whose customer it was."),
    identity: personal(
      nullable(
        object({
          firstName,
          lastName,
          legalName,
          birthDate,
          nationality,
          nationalId,
          residence: shown.residence,
        }),
      ),
    ),
    cards: personal(
      nullable(
        Type.Array(object({ id: idText("Id of the card."), firstName, lastName, legalName }), {
          description: "The names on its cards.",
        }),
      ),
    ),
    people: personal(
      nullable(
        Type.Array(object(personFacts), { description: "Who directed and owned the business." }),
      ),
    ),
  },
  about("customerId"),
);

export function showRetained(
  organizationId: string,
  customerId: string,
  retained: Retained | null,
): Static<typeof retainedSchema> {
  if (retained === null)
    return { customerId, organizationId, identity: null, cards: null, people: null };
  const { identity, cards, people } = retained;
  const residence = identity.residence && { ...identity.residence };
  return {
    customerId,
    organizationId,
    identity: { ...identity, residence },
    cards: cards.map((card) => ({ ...card })),
    people: people.map((person) => ({ ...person, roles: [...person.roles] })),
  };
}
