import type { RetainedCard } from "../../customers/model.ts";
import type { Card } from "../model.ts";

/** What the law keeps of a card of a deleted customer: the names on it. */
export function retainedCardOf({ id, cardholder }: Card): RetainedCard {
  const { firstName, lastName, legalName } = cardholder;
  return { id, firstName, lastName, legalName };
}

/** A card of which nothing personal is left, in its next version. Its external id is never free again. */
export function erasedCard(card: Card): Card {
  return {
    ...card,
    cardholder: { firstName: null, lastName: null, legalName: null, email: null, phone: null },
    billingAddress: null,
    label: null,
    metadata: {},
    version: card.version + 1n,
  };
}
