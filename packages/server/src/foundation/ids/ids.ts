/**
 * Ids are prefixed and time-ordered: `card_` and 26 characters of Crockford base 32 that hold 48
 * bits of milliseconds and 80 random bits (the layout of a ULID). The prefix is part of the type,
 * so an account id is not a card id at compile time.
 */

/** The one registry of prefixes; a new kind of object is a new line here. */
export const prefixes = {
  organization: "org",
  apiKey: "key",
  customer: "cus",
  accessRequest: "acr",
  program: "prog",
  card: "card",
  restriction: "rst",
  budget: "bud",
  transfer: "trf",
  account: "acc",
  journal: "jrn",
  hold: "hold",
  event: "evt",
  audit: "aud",
  request: "req",
} as const;

export type IdKind = keyof typeof prefixes;
export type Id<K extends IdKind> = `${(typeof prefixes)[K]}_${string}`;

export type OrganizationId = Id<"organization">;
export type ApiKeyId = Id<"apiKey">;
export type CustomerId = Id<"customer">;
export type AccessRequestId = Id<"accessRequest">;
export type ProgramId = Id<"program">;
export type CardId = Id<"card">;
export type RestrictionId = Id<"restriction">;
export type BudgetId = Id<"budget">;
export type TransferId = Id<"transfer">;
export type AccountId = Id<"account">;
export type JournalId = Id<"journal">;
export type HoldId = Id<"hold">;
export type EventId = Id<"event">;
export type AuditId = Id<"audit">;
export type RequestId = Id<"request">;

/**
 * The organization that owns what belongs to the installation: programs, platform keys, their
 * events.
 */
export const PLATFORM: OrganizationId = "org_platform";

/** Longest id (and external id) that the API takes. */
export const MAX_ID_LENGTH = 255;

/** Makes a new id of one kind. */
export type Ids = <K extends IdKind>(kind: K) => Id<K>;

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const RANDOM_BITS = 80n;

/**
 * Builds a source of ids.
 *
 * @param now gives milliseconds since 1970.
 * @param random gives that many bytes from a cryptographic source.
 * @returns a source whose ids grow also within one millisecond and when the time steps back.
 */
export function createIds(now: () => number, random: (bytes: number) => Uint8Array): Ids {
  let last = 0n;
  return (kind) => {
    const fresh = (BigInt(now()) << RANDOM_BITS) | bits(random(10));
    last = fresh > last ? fresh : last + 1n + bits(random(4));
    return `${prefixes[kind]}_${encode(last)}` as Id<typeof kind>;
  };
}

/** Whether a string has the prefix of a kind; says nothing about its existence. */
export function isIdOf<K extends IdKind>(kind: K, value: string): value is Id<K> {
  return value.startsWith(`${prefixes[kind]}_`);
}

function bits(bytes: Uint8Array): bigint {
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

function encode(value: bigint): string {
  let rest = value;
  let text = "";
  for (let digit = 0; digit < 26; digit += 1) {
    text = ALPHABET.charAt(Number(rest & 31n)) + text;
    rest >>= 5n;
  }
  return text;
}
