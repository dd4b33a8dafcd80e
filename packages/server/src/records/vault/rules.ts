import type { Entropy } from "../../foundation/clock/clock.ts";
import { assert } from "../../foundation/errors/errors.ts";
import { bind, NONCE_BYTES, seal, unseal } from "../../foundation/keys/cipher.ts";
import type { KeyPurpose, MaskedNumber, NumberRange } from "./model.ts";

/** Check digit of ISO/IEC 7812-1 Annex B for the digits before it. */
export function luhnDigit(digits: string): string {
  let sum = 0;
  for (let place = 0; place < digits.length; place += 1) {
    const digit = Number(digits[digits.length - 1 - place]);
    const doubled = place % 2 === 0 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return String((10 - (sum % 10)) % 10);
}

/** How many numbers a range has. @throws Fault when it is no range. */
export function capacityOf({ bin, panLength, from, to }: NumberRange): bigint {
  const accountDigits = panLength - bin.length - 1;
  assert(/^(\d{6}|\d{8})$/.test(bin), "A BIN has 6 or 8 digits.");
  assert(panLength >= 13 && panLength <= 19, "A card number has 13 to 19 digits.");
  assert(from >= 0n && from <= to, "A number range goes upward.");
  assert(to < 10n ** BigInt(accountDigits), "A number range is beyond the number's length.");
  return to - from + 1n;
}

/** The card number at a place of its range, 0 being the first. */
export function numberAt(range: NumberRange, place: bigint): string {
  const accountDigits = range.panLength - range.bin.length - 1;
  const digits = range.bin + String(range.from + place).padStart(accountDigits, "0");
  return digits + luhnDigit(digits);
}

/** What may be seen of a number. */
export function maskNumber(number: string): MaskedNumber {
  return { firstSix: number.slice(0, 6), lastFour: number.slice(-4) };
}

/**
 * A whole number below `limit`, each equally likely: what does not divide evenly is drawn again.
 */
export function drawBelow(limit: bigint, random: Entropy): bigint {
  const bits = (limit - 1n).toString(2).length;
  const bytes = Math.ceil(bits / 8);
  for (;;) {
    const drawn = BigInt(`0x${Buffer.from(random(bytes)).toString("hex")}`);
    const candidate = drawn >> BigInt(bytes * 8 - bits);
    if (candidate < limit) return candidate;
  }
}

/**
 * Up to `count` distinct places of a range, each set equally likely; all of them in a smaller
 * range.
 */
export function drawPlaces(capacity: bigint, count: number, random: Entropy): bigint[] {
  const places = new Set<bigint>();
  const wanted = capacity < BigInt(count) ? Number(capacity) : count;
  while (places.size < wanted) places.add(drawBelow(capacity, random));
  return [...places];
}

/** The same items in an order drawn at random (Fisher and Yates). */
export function shuffle<T>(items: readonly T[], random: Entropy): T[] {
  const shuffled = [...items];
  for (let last = shuffled.length - 1; last > 0; last -= 1) {
    const chosen = Number(drawBelow(BigInt(last + 1), random));
    [shuffled[last], shuffled[chosen]] = [shuffled[chosen] as T, shuffled[last] as T];
  }
  return shuffled;
}

/** What a stored card number is bound to; it opens nowhere else. */
export function numberContext(
  organizationId: string,
  cardId: string,
  version: number,
  keyId: string,
): Uint8Array {
  return bind("card number", organizationId, cardId, String(version), keyId);
}

/** What the data key of a card number is bound to. */
export function numberKeyContext(
  organizationId: string,
  cardId: string,
  version: number,
): Uint8Array {
  return bind("card number key", organizationId, cardId, String(version));
}

/** What a person's key is bound to. The first keys had no purpose in it; they are the retained ones. */
export function subjectKeyContext(
  organizationId: string,
  subjectId: string,
  purpose: KeyPurpose,
): Uint8Array {
  const bound = ["subject key", organizationId, subjectId] as const;
  return purpose === "retained" ? bind(...bound) : bind(...bound, purpose);
}

/** What sealed personal data belongs to. */
export type PersonalContext = {
  readonly organizationId: string;
  readonly subjectId: string;
  readonly recordId: string;
};

/**
 * First byte of sealed personal data: under which key it is. Then nonce, ciphertext, tag. The first
 * release had one key for all, which is the retained one now: what it sealed are copies.
 */
const formats = {
  1: { purpose: "retained", isCopy: true },
  2: { purpose: "other", isCopy: true },
  3: { purpose: "retained", isCopy: false },
} as const satisfies Record<number, SealedUnder>;
type Format = keyof typeof formats;

/** What is newly sealed, by the key it is under. */
const formatOf = { other: 2, retained: 3 } as const satisfies Record<KeyPurpose, Format>;

/** Under which key something is; a copy is to go with the `other` key, whichever it is under. */
export type SealedUnder = { readonly purpose: KeyPurpose; readonly isCopy: boolean };

/** Under which key personal data is sealed. @throws Fault where it is none. */
export function sealedUnder(sealed: Uint8Array): SealedUnder {
  const under = formats[sealed[0] as Format] as SealedUnder | undefined;
  assert(under !== undefined, "Sealed personal data has an unknown layout.");
  return under;
}

/** Seals a text under a person's key of a purpose. */
export function sealText(
  key: Uint8Array,
  nonce: Uint8Array,
  text: string,
  context: PersonalContext & { readonly purpose: KeyPurpose },
): Uint8Array {
  const format = formatOf[context.purpose];
  const sealed = seal(key, nonce, Buffer.from(text), personalContext(context, format));
  return Buffer.concat([Uint8Array.of(format), nonce, sealed]);
}

/** Opens what `sealText` made. @throws Fault when it was changed or belongs to another. */
export function unsealText(key: Uint8Array, sealed: Uint8Array, context: PersonalContext): string {
  const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
  const bound = personalContext(context, sealed[0] ?? 0);
  const clear = unseal(key, nonce, sealed.subarray(1 + NONCE_BYTES), bound);
  return Buffer.from(clear).toString("utf8");
}

function personalContext(
  { organizationId, subjectId, recordId }: PersonalContext,
  format: number,
): Uint8Array {
  return bind("personal", organizationId, subjectId, recordId, String(format));
}
