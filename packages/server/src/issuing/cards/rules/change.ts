import { generalErrors } from "../../../foundation/errors/errors.ts";
import type { Card } from "../model.ts";
import type { CardChanges } from "../schema.ts";

/** Most texts in a card's metadata. */
const MAX_METADATA = 50;

/**
 * A card with another label and metadata; null clears one text or all of them, what is not named
 * stays.
 *
 * @returns the same card where nothing would be different.
 * @throws Refusal `invalid_request` where the metadata would have more than 50 texts.
 */
export function changed(card: Card, { label, metadata }: CardChanges): Card {
  const after = {
    label: label === undefined ? card.label : label,
    metadata: metadata === undefined ? card.metadata : merged(card.metadata, metadata),
  };
  if (Object.keys(after.metadata).length > MAX_METADATA) {
    const detail = `metadata has at most ${MAX_METADATA} texts.`;
    throw generalErrors.refusal("invalid_request", detail, { field: "metadata" });
  }
  if (after.label === card.label && sameTexts(after.metadata, card.metadata)) return card;
  return { ...card, ...after, version: card.version + 1n };
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
