import { isDeepStrictEqual } from "node:util";
import { generalErrors } from "../../../foundation/errors/errors.ts";
import type { Card } from "../model.ts";
import type { CardChanges } from "../schema/change.ts";

/** Most texts in a card's metadata. */
const MAX_METADATA = 50;

/**
 * A card with other words about it: label, metadata, how to reach its holder, where bills go. Null clears,
 * what is not named stays; an address is replaced as a whole.
 *
 * @returns the same card where nothing would be different.
 * @throws Refusal `invalid_request` where the metadata would have more than 50 texts.
 */
export function changed(card: Card, changes: CardChanges): Card {
  const { label, metadata, cardholder, billingAddress } = changes;
  const after = {
    label: label === undefined ? card.label : label,
    metadata: metadata === undefined ? card.metadata : merged(card.metadata, metadata),
    cardholder: { ...card.cardholder, ...cardholder },
    billingAddress: billingAddress === undefined ? card.billingAddress : billingAddress,
  };
  if (Object.keys(after.metadata).length > MAX_METADATA) {
    const detail = `metadata has at most ${MAX_METADATA} texts.`;
    throw generalErrors.refusal("invalid_request", detail, { field: "metadata" });
  }
  const isSame =
    after.label === card.label &&
    sameTexts(after.metadata, card.metadata) &&
    isDeepStrictEqual(after.cardholder, card.cardholder) &&
    isDeepStrictEqual(after.billingAddress, card.billingAddress);
  return isSame ? card : { ...card, ...after, version: card.version + 1n };
}

type Texts = Readonly<Record<string, string>>;

function merged(before: Texts, changes: Readonly<Record<string, string | null>> | null): Texts {
  if (changes === null) return {};
  const entries = Object.entries({ ...before, ...changes });
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => entry[1] !== null),
  );
}

function sameTexts(left: Texts, right: Texts): boolean {
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length && names.every((name) => left[name] === right[name])
  );
}
