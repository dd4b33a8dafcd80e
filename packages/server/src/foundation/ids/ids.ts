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
  document: "doc",
  screeningHit: "hit",
  person: "per",
  verification: "ver",
  verificationSettings: "vset",
  program: "prog",
  card: "card",
  restriction: "rst",
  complianceRule: "crl",
  windDown: "wnd",
  blockOrder: "blk",
  cardBatch: "batch",
  budget: "bud",
  limit: "lim",
  transfer: "trf",
  dueFee: "due",
  account: "acc",
  journal: "jrn",
  hold: "hold",
  event: "evt",
  audit: "aud",
  request: "req",
  process: "proc",
  session: "ses",
} as const;

export type IdKind = keyof typeof prefixes;
export type Id<K extends IdKind> = `${(typeof prefixes)[K]}_${string}`;

export type OrganizationId = Id<"organization">;
export type ApiKeyId = Id<"apiKey">;
export type CustomerId = Id<"customer">;
export type PersonId = Id<"person">;
export type DocumentId = Id<"document">;
export type ScreeningHitId = Id<"screeningHit">;
export type VerificationId = Id<"verification">;
export type VerificationSettingsId = Id<"verificationSettings">;
export type AccessRequestId = Id<"accessRequest">;
export type ProgramId = Id<"program">;
export type CardId = Id<"card">;
export type RestrictionId = Id<"restriction">;
export type ComplianceRuleId = Id<"complianceRule">;
export type WindDownId = Id<"windDown">;
export type BlockOrderId = Id<"blockOrder">;
export type CardBatchId = Id<"cardBatch">;
export type BudgetId = Id<"budget">;
export type LimitId = Id<"limit">;
export type TransferId = Id<"transfer">;
export type DueFeeId = Id<"dueFee">;
export type AccountId = Id<"account">;
export type JournalId = Id<"journal">;
export type HoldId = Id<"hold">;
export type EventId = Id<"event">;
export type SessionId = Id<"session">;
export type AuditId = Id<"audit">;

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

/** The random part is two numbers of 40 bits, because those are exact and 8 digits each. */
const HALF_DIGITS = 8;
const HALF_BYTES = 5;
const HALF = 2 ** 40;
const TIME_DIGITS = 10;
/** Step from one id to the next of the same millisecond: up to 32 random bits. */
const STEP = 2 ** 32;

/** An id as numbers: milliseconds, then the two halves of its random part. */
type Value = readonly [ms: number, high: number, low: number];

/**
 * Builds a source of ids.
 *
 * @param now gives milliseconds since 1970.
 * @param random gives that many bytes from a cryptographic source.
 * @returns a source whose ids grow also within one millisecond and when the time steps back.
 */
export function createIds(now: () => number, random: (bytes: number) => Uint8Array): Ids {
  const draw = drawer(random);
  let last: Value = [0, 0, 0];
  return (kind) => {
    const fresh: Value = [now(), draw(), draw()];
    last = isAfter(fresh, last) ? fresh : after(last, 1 + (draw() % STEP));
    const [ms, high, low] = last;
    const text = digits(ms, TIME_DIGITS) + digits(high, HALF_DIGITS) + digits(low, HALF_DIGITS);
    return `${prefixes[kind]}_${text}` as Id<typeof kind>;
  };
}

/** Whether a string has the prefix of a kind; says nothing about its existence. */
export function isIdOf<K extends IdKind>(kind: K, value: string): value is Id<K> {
  return value.startsWith(`${prefixes[kind]}_`);
}

/** Bytes that are drawn at once: asking the system costs more than an id. */
const POOL_BYTES = 4_000;

/** Random numbers of 40 bits. */
function drawer(random: (bytes: number) => Uint8Array): () => number {
  let pool = Buffer.alloc(0);
  let used = 0;
  return () => {
    if (used >= pool.length) {
      pool = Buffer.from(random(POOL_BYTES));
      used = 0;
    }
    used += HALF_BYTES;
    return pool.readUIntBE(used - HALF_BYTES, HALF_BYTES);
  };
}

function isAfter(value: Value, other: Value): boolean {
  const place = value.findIndex((part, index) => part !== other[index]);
  return place !== -1 && (value[place] ?? 0) > (other[place] ?? 0);
}

function after([ms, high, low]: Value, step: number): Value {
  const sum = low + step;
  if (sum < HALF) return [ms, high, sum];
  return high + 1 < HALF ? [ms, high + 1, sum - HALF] : [ms + 1, 0, sum - HALF];
}

function digits(value: number, count: number): string {
  let rest = value;
  let text = "";
  for (let digit = 0; digit < count; digit += 1) {
    text = ALPHABET.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}
