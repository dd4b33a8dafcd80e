import type { Database } from "../../foundation/database/database.ts";
import type { Sql } from "../../foundation/database/sql.ts";
import type { Reading, Work } from "../../foundation/database/work.ts";
import { assert, type Refusal } from "../../foundation/errors/errors.ts";
import type { CardId, OrganizationId } from "../../foundation/ids/ids.ts";
import { NONCE_BYTES, seal, unseal } from "../../foundation/keys/cipher.ts";
import { type KeyCheck, type Keys, KeysError } from "../../foundation/keys/keys.ts";
import { vaultErrors } from "./errors.ts";
import type { KeyPurpose, MaskedNumber, NumberRange } from "./model.ts";
import {
  capacityOf,
  drawBelow,
  drawPlaces,
  maskNumber,
  numberAt,
  numberContext,
  numberKeyContext,
  sealedUnder,
  sealText,
  shuffle,
  subjectKeyContext,
  unsealText,
} from "./rules.ts";
import * as store from "./store.ts";

/** Sizes of the sets of numbers that are drawn at random before the range is searched. */
const DRAWS = [16, 256, 4_096] as const;

/** Numbers that a search looks at together. */
const SEARCH_STEP = 4_096n;

/** Most numbers that one search looks at: about two seconds, which the work's locks are held. */
const SEARCH_LIMIT = 262_144n;

/** The version of a number that was never re-encrypted. */
const FIRST_VERSION = 1;

/** Ranges found full, for each installation: an issued number is never free again. */
const fullRanges = new WeakMap<Keys, Set<string>>();

/** How many numbers a transaction was asked for: what several find issued may be each other's. */
const asked = new WeakMap<Sql, number>();

/**
 * Draws a card number from a range, uniformly at random and never issued before by any
 * organization, and stores it encrypted. It exists once the caller's transaction commits, else it
 * never did.
 *
 * @throws Refusal `number_range_exhausted` when every number of the range is issued. In a range of
 *   more than 262,144 numbers that is also the answer, until the next start, when thousands of
 *   random ones, and 262,144 in a row from a random place on, are all issued.
 */
export async function storeCardNumber(
  work: Work,
  card: { readonly cardId: CardId; readonly range: NumberRange },
): Promise<MaskedNumber> {
  const { cardId, range } = card;
  const capacity = capacityOf(range);
  const name = [range.bin, range.panLength, range.from, range.to].join("/");
  if (fullRanges.get(work.keys)?.has(name)) throw exhausted();
  asked.set(work.sql, (asked.get(work.sql) ?? 0) + 1);
  const first = numberAt(range, drawBelow(capacity, work.keys.random));
  const stored =
    (await storeNumber(work, cardId, first)) ??
    (await drawNumber(work, cardId, range, capacity)) ??
    (await searchNumber(work, cardId, range, capacity));
  if (stored === null) {
    rememberFull(work, name);
    throw exhausted();
  }
  return maskNumber(stored);
}

/**
 * Tries sets of random numbers, each larger than the one before; small ranges are searched at once.
 */
async function drawNumber(
  work: Work,
  cardId: CardId,
  range: NumberRange,
  capacity: bigint,
): Promise<string | null> {
  if (capacity <= SEARCH_STEP) return null;
  for (const size of DRAWS) {
    const numbers = drawPlaces(capacity, size, work.keys.random).map((place) =>
      numberAt(range, place),
    );
    const stored = await storeAnyFree(work, cardId, numbers);
    if (stored !== null) return stored;
  }
  return null;
}

/**
 * Goes round the whole range from a random place on, so that its last free numbers are found too.
 */
async function searchNumber(
  work: Work,
  cardId: CardId,
  range: NumberRange,
  capacity: bigint,
): Promise<string | null> {
  const start = drawBelow(capacity, work.keys.random);
  const end = capacity < SEARCH_LIMIT ? capacity : SEARCH_LIMIT;
  for (let done = 0n; done < end; done += SEARCH_STEP) {
    const size = end - done < SEARCH_STEP ? end - done : SEARCH_STEP;
    const numbers = Array.from({ length: Number(size) }, (_, index) =>
      numberAt(range, (start + done + BigInt(index)) % capacity),
    );
    const stored = await storeAnyFree(work, cardId, numbers);
    if (stored !== null) return stored;
  }
  return null;
}

/**
 * Stores one of these numbers that nobody has, each equally likely. One that a transaction in
 * flight has taken shows as free: storing waits for that transaction, and goes on to another if it
 * commits.
 */
async function storeAnyFree(
  work: Work,
  cardId: CardId,
  numbers: readonly string[],
): Promise<string | null> {
  const hashes = numbers.map((number) => work.keys.mac("pan", number));
  const found = await store.findFreeHashes(work.sql, hashes);
  const free = new Set(found.map(asText));
  const candidates = numbers.filter((_, index) => free.has(asText(hashes[index] as Uint8Array)));
  for (const number of shuffle(candidates, work.keys.random)) {
    const stored = await storeNumber(work, cardId, number);
    if (stored !== null) return stored;
  }
  return null;
}

async function storeNumber(work: Work, cardId: CardId, number: string): Promise<string | null> {
  const { organizationId, keys } = work;
  const version = FIRST_VERSION;
  const { keyId, key, wrapped } = keys.newDataKey(
    numberKeyContext(organizationId, cardId, version),
  );
  const nonce = keys.random(NONCE_BYTES);
  const context = numberContext(organizationId, cardId, version, keyId);
  const ciphertext = seal(key, nonce, Buffer.from(number), context);
  key.fill(0);
  const stored = await store.insertNumber(work.sql, {
    organizationId,
    cardId,
    version,
    keyId,
    wrappedKey: wrapped,
    nonce,
    ciphertext,
    hash: keys.mac("pan", number),
    createdAt: work.now,
  });
  return stored ? number : null;
}

function rememberFull(work: Work, name: string): void {
  if (asked.get(work.sql) !== 1) return;
  const known = fullRanges.get(work.keys) ?? new Set();
  fullRanges.set(work.keys, known.add(name));
}

function exhausted(): Refusal {
  return vaultErrors.refusal("number_range_exhausted");
}

function asText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

/**
 * The whole number of a card, in clear. The application's role cannot do this: it takes a
 * connection of the vault's role.
 *
 * @throws Fault when the card has no number, or its row was tampered with.
 */
export async function revealCardNumber(
  vault: Sql,
  keys: Keys,
  organizationId: OrganizationId,
  cardId: CardId,
): Promise<string> {
  const row = await store.findNumber(vault, organizationId, cardId);
  assert(row !== null, "A card has no number in the vault.");
  const { version, keyId, wrappedKey, nonce, ciphertext } = row;
  const keyContext = numberKeyContext(organizationId, cardId, version);
  const key = await keys.unwrap(keyId, wrappedKey, keyContext);
  const context = numberContext(organizationId, cardId, version, keyId);
  const clear = unseal(key, nonce, ciphertext, context);
  key.fill(0);
  return Buffer.from(clear).toString("utf8");
}

/** Personal data to encrypt under the key of the person it is about. */
export type Personal = {
  readonly organizationId: OrganizationId;
  /** The customer, or a card without one. */
  readonly subjectId: string;
  /** What the data is part of (an event); needed again to open it. */
  readonly recordId?: string;
  /** Under which of the person's keys; `other` where nothing is said. */
  readonly purpose?: KeyPurpose;
  readonly json: string;
  /** When the person's key is made, where it is. */
  readonly now: Date;
};

/** What is about to be sealed in a transaction. */
type Gathered = { readonly items: Personal[]; readonly sealed: Promise<readonly Uint8Array[]> };

const gathered = new WeakMap<Sql, Gathered>();

/**
 * Encrypts personal data, each under its person's key, which is made where there is none. What one
 * transaction seals in the same moment (its events and its answers) shares two statements.
 *
 * @returns bytes to store, in the order given. None when the person's key is destroyed: then nothing is
 *   kept.
 */
export async function sealPersonal(
  { sql, keys }: { readonly sql: Sql; readonly keys: Keys },
  items: readonly Personal[],
): Promise<Uint8Array[]> {
  if (items.length === 0) return [];
  const together = gathered.get(sql) ?? gather(sql, keys);
  const from = together.items.length;
  together.items.push(...items);
  const sealed = await together.sealed;
  return sealed.slice(from, from + items.length);
}

function gather(sql: Sql, keys: Keys): Gathered {
  const items: Personal[] = [];
  const sealed = Promise.resolve().then(() => {
    gathered.delete(sql);
    return sealAll(sql, keys, items);
  });
  const together = { items, sealed };
  gathered.set(sql, together);
  return together;
}

async function sealAll(sql: Sql, keys: Keys, items: readonly Personal[]): Promise<Uint8Array[]> {
  const people = [
    ...new Map(items.map(withPurpose).map((item) => [keyNameOf(item), item])).values(),
  ];
  const [, rows] = await Promise.all([
    store.offerSubjectKeys(sql, people.map(offerOf(keys))),
    store.findSubjectKeys(sql, people),
  ]);
  const opened = await openKeys(keys, rows);
  const sealed = items.map(withPurpose).map((item) => {
    const key = opened.get(keyNameOf(item));
    assert(key !== undefined, "A person to whom a key was offered has one, or had one.");
    const { organizationId, subjectId, recordId = subjectId, purpose } = item;
    const context = { organizationId, subjectId, recordId, purpose };
    return key ? sealText(key, keys.random(NONCE_BYTES), item.json, context) : new Uint8Array();
  });
  for (const key of opened.values()) key?.fill(0);
  return sealed;
}

const withPurpose = (item: Personal): Personal & store.SubjectKeyRef => ({
  ...item,
  purpose: item.purpose ?? "other",
});

const keyNameOf = ({ organizationId, subjectId, purpose }: store.SubjectKeyRef): string =>
  `${organizationId}/${subjectId}/${purpose}`;

const offerOf =
  (keys: Keys) =>
  ({ now, ...item }: Personal & store.SubjectKeyRef): store.OfferedKey => {
    const { organizationId, subjectId, purpose } = item;
    const context = subjectKeyContext(organizationId, subjectId, purpose);
    const { keyId, wrapped } = keys.newDataKey(context);
    return { organizationId, subjectId, purpose, keyId, wrappedKey: wrapped, createdAt: now };
  };

/** Personal data as it is stored, with what it belongs to. */
export type SealedPersonal = {
  readonly subjectId: string;
  readonly sealed: Uint8Array;
  /** As given to `sealPersonal`. */
  readonly recordId?: string;
};

/**
 * Opens personal data, in the order given.
 *
 * @returns the texts; null where the key is destroyed, and of copies that an older release sealed under
 *   the retained key once the person's other key is.
 * @throws Fault when something was changed, or moved to another person, record or organization.
 */
export async function openPersonal(
  reading: Omit<Reading, "now">,
  items: readonly SealedPersonal[],
): Promise<(string | null)[]> {
  if (items.length === 0) return [];
  const { sql, organizationId, keys } = reading;
  const people = [...new Set(items.map((item) => item.subjectId))];
  const rows = await store.findSubjectKeys(
    sql,
    people.map((subjectId) => ({ organizationId, subjectId })),
  );
  const under = (subjectId: string, purpose: KeyPurpose) =>
    keyNameOf({ organizationId, subjectId, purpose });
  const needed = new Set(
    items
      .filter(({ sealed }) => sealed.length > 0)
      .map(({ subjectId, sealed }) => under(subjectId, sealedUnder(sealed).purpose)),
  );
  const destroyed = new Set(rows.filter(({ keyId }) => keyId === null).map(keyNameOf));
  const opened = await openKeys(
    keys,
    rows.filter((row) => needed.has(keyNameOf(row))),
  );
  const texts = items.map(({ subjectId, sealed, recordId = subjectId }) => {
    if (sealed.length === 0) return null;
    const { purpose, isCopy } = sealedUnder(sealed);
    const key = opened.get(under(subjectId, purpose));
    assert(key !== undefined, "Personal data names a person who never had this key.");
    if (key === null || (isCopy && destroyed.has(under(subjectId, "other")))) return null;
    return unsealText(key, sealed, { organizationId, subjectId, recordId });
  });
  for (const key of opened.values()) key?.fill(0);
  return texts;
}

/** The keys of people in clear, by `keyNameOf`; null where destroyed, absent where there never was one. */
async function openKeys(
  keys: Keys,
  rows: readonly store.SubjectKeyRow[],
): Promise<Map<string, Uint8Array | null>> {
  const opened = rows.map(async (row) => {
    const { keyId, wrappedKey } = row;
    const context = subjectKeyContext(row.organizationId, row.subjectId, row.purpose);
    const key = keyId && wrappedKey ? await keys.unwrap(keyId, wrappedKey, context) : null;
    return [keyNameOf(row), key] as const;
  });
  return new Map(await Promise.all(opened));
}

/**
 * Destroys one of a person's keys: all personal data sealed under it is unreadable from then on, for ever.
 */
export async function destroySubjectKey(
  { sql, organizationId, now }: Work,
  subjectId: string,
  purpose: KeyPurpose,
): Promise<void> {
  await store.eraseSubjectKey(sql, { organizationId, subjectId, purpose }, now);
}

/**
 * Opens the keys of this installation and makes sure that they are those its database was made
 * with. The first keys are remembered by one-way check values, and so are keys added later.
 *
 * @param open is told whether it may make new keys: only where the database never had any.
 * @throws KeysError when the keys are others, or one that rows may still name is missing.
 */
export async function bindKeys(
  database: Database,
  open: (mayCreate: boolean) => Promise<Keys>,
): Promise<Keys> {
  const known = await store.readKeyChecks(database);
  const keys = await open(known.length === 0);
  refuseOtherKeys(known, keys);
  await store.addKeyChecks(database, keys.checks);
  // Another process may have started with other keys in the same moment: the first one counts.
  refuseOtherKeys(await store.readKeyChecks(database), keys);
  return keys;
}

function refuseOtherKeys(known: readonly KeyCheck[], keys: Keys): void {
  const given = new Map(keys.checks.map(({ keyId, value }) => [keyId, asText(value)]));
  const wrong = known.find(({ keyId, value }) => given.get(keyId) !== asText(value));
  if (wrong === undefined) return;
  const what = given.has(wrong.keyId) ? "is another" : "is missing";
  throw new KeysError(
    `The keys given are not those this database was made with: the key "${wrong.keyId}" ${what}.`,
    "Restore the right keys from your back-up, or start with the database that belongs to these.",
  );
}
