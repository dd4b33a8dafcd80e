import type { Entropy } from "../clock/clock.ts";
import { KEY_BYTES } from "./cipher.ts";
import { type KeyMode, KeysError } from "./keys.ts";

/** The keys themselves, as a software provider holds them in memory. */
export type KeyMaterial = {
  readonly mode: KeyMode;
  /** Root of the keyed hashes; the key of each purpose is derived from it. */
  readonly hashKey: Uint8Array;
  /** Id of the key-encryption key that new data keys are wrapped under. */
  readonly current: string;
  /** All key-encryption keys by id: the current one, and older ones that rows still name. */
  readonly wrappingKeys: ReadonlyMap<string, Uint8Array>;
};

/** What marks a text as ours, and the version of its layout. */
const FORMAT = "cardwright-keys";
const VERSION = 1;

const KEY_ID_FORM = /^[A-Za-z0-9_-]{1,64}$/;
const KEY_FORM = /^[A-Za-z0-9_-]{43}$/;

/** Makes fresh keys. */
export function newMaterial(mode: KeyMode, random: Entropy): KeyMaterial {
  const current = `kek_${Buffer.from(random(6)).toString("hex")}`;
  return {
    mode,
    hashKey: random(KEY_BYTES),
    current,
    wrappingKeys: new Map([[current, random(KEY_BYTES)]]),
  };
}

/** The keys as JSON: what lies in the key file, and what `CARDWRIGHT_KEYS` takes. */
export function writeMaterial(material: KeyMaterial): string {
  const encode = (key: Uint8Array) => Buffer.from(key).toString("base64url");
  const wrappingKeys = [...material.wrappingKeys].map(([id, key]) => [id, encode(key)]);
  const document = {
    format: FORMAT,
    version: VERSION,
    mode: material.mode,
    hashKey: encode(material.hashKey),
    current: material.current,
    wrappingKeys: Object.fromEntries(wrappingKeys),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/**
 * Reads keys from JSON.
 *
 * @param where names the source in the message.
 * @param wanted the mode of the installation.
 * @throws KeysError when the text is damaged, of an unknown version, made for the other mode, or
 *   holds keys that are none.
 */
export function readMaterial(text: string, where: string, wanted: KeyMode): KeyMaterial {
  const { format, version, mode, hashKey, current, wrappingKeys } = parse(text, where);
  if (format !== FORMAT) throw damaged(where);
  if (version !== VERSION) {
    throw new KeysError(
      `${where} has a layout that this release does not know.`,
      "Start the Cardwright release that wrote it, or restore the keys of this one.",
    );
  }
  if (mode !== "sandbox" && mode !== "live") throw damaged(where);
  if (typeof wrappingKeys !== "object" || wrappingKeys === null) throw damaged(where);
  const keys = Object.entries(wrappingKeys).map(([id, key]): [string, Uint8Array] => {
    if (!KEY_ID_FORM.test(id)) throw damaged(where);
    return [id, decode(key, where)];
  });
  const material = {
    mode,
    hashKey: decode(hashKey, where),
    current: typeof current === "string" ? current : "",
    wrappingKeys: new Map(keys),
  } satisfies KeyMaterial;
  if (!material.wrappingKeys.has(material.current)) throw damaged(where);
  refuseWeak([material.hashKey, ...material.wrappingKeys.values()], where);
  refuseOtherMode(mode, wanted, where);
  return material;
}

function refuseOtherMode(made: KeyMode, wanted: KeyMode, where: string): void {
  if (made === wanted) return;
  throw new KeysError(
    `${where} holds keys made for ${made}, and this installation is ${wanted}.`,
    `Give ${wanted} a database and keys of its own, or set CARDWRIGHT_MODE=${made}.`,
  );
}

function parse(text: string, where: string): Record<string, unknown> {
  try {
    const document: unknown = JSON.parse(text);
    if (typeof document === "object" && document !== null) {
      return document as Record<string, unknown>;
    }
  } catch {
    // The parser's message may quote a key: it is dropped.
  }
  throw damaged(where);
}

function decode(text: unknown, where: string): Uint8Array {
  if (typeof text !== "string" || !KEY_FORM.test(text)) throw damaged(where);
  return Buffer.from(text, "base64url");
}

/** A key that is one byte repeated, or that serves twice, was typed in and not drawn. */
function refuseWeak(keys: readonly Uint8Array[], where: string): void {
  const distinct = new Set(keys.map((key) => Buffer.from(key).toString("hex")));
  const repeated = keys.some((key) => new Set(key).size < KEY_BYTES / 4);
  if (repeated || distinct.size < keys.length) {
    throw new KeysError(
      `${where} holds a key that was not drawn at random, or the same key twice.`,
      "Remove it and let Cardwright make the keys at its first start, or restore the right ones.",
    );
  }
}

function damaged(where: string): KeysError {
  return new KeysError(
    `${where} is damaged, or is no set of Cardwright keys.`,
    "Restore it from your back-up. Without the right keys no stored card number can be read.",
  );
}
