import { type Static, Type } from "typebox";
import { about, personal } from "../../../foundation/route/personal.ts";
import { idText, nullable, object } from "../../../foundation/route/schemas.ts";
import type { Retained } from "../model.ts";
import { customerSchema } from "../schema.ts";

const shown = customerSchema.properties;
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
  },
  about("customerId"),
);

export function showRetained(
  organizationId: string,
  customerId: string,
  retained: Retained | null,
): Static<typeof retainedSchema> {
  if (retained === null) return { customerId, organizationId, identity: null, cards: null };
  const { identity, cards } = retained;
  const residence = identity.residence && { ...identity.residence };
  return {
    customerId,
    organizationId,
    identity: { ...identity, residence },
    cards: cards.map((card) => ({ ...card })),
  };
}
