import type { Entropy } from "../clock/clock.ts";

/** A key for one record, and the same key wrapped under the key-encryption key `keyId`. */
export type DataKey = {
  readonly keyId: string;
  /** 32 bytes, in clear: used and dropped, never stored. */
  readonly key: Uint8Array;
  readonly wrapped: Uint8Array;
};

/** What a keyed hash is for; each purpose has a key of its own. */
export type MacPurpose = "pan" | "idempotency" | "sandbox_key";

/** Tells whether two processes have the same key, without telling the key. 16 bytes, one-way. */
export type KeyCheck = { readonly keyId: string; readonly value: Uint8Array };

/** Where keys come from. */
export type KeyProvider = "file" | "environment";

/** What a set of keys was made for; test keys and production keys stay apart (PCI PIN 19). */
export type KeyMode = "sandbox" | "live";

/**
 * The port that key providers fill (file, environment; later KMS and HSM). Making a data key and a
 * keyed hash never wait on anything outside, so both may happen while locks are held.
 */
export type Keys = {
  readonly provider: KeyProvider;
  /** @param context what the key is for and whose it is; the same bytes are needed to unwrap it. */
  newDataKey(context: Uint8Array): DataKey;
  /**
   * @throws Outage when the provider does not answer, Fault when the key is unknown, the tag is
   *   wrong or the context is another.
   */
  unwrap(keyId: string, wrapped: Uint8Array, context: Uint8Array): Promise<Uint8Array>;
  /** HMAC-SHA-256, 32 bytes. */
  mac(purpose: MacPurpose, data: string | Uint8Array): Uint8Array;
  /** Random bytes from the provider's generator, for numbers, nonces and secrets. */
  readonly random: Entropy;
  /** One check value for each key of the provider, the hash key's under the id `hash`. */
  readonly checks: readonly KeyCheck[];
};

/** Keys that cannot be used. The message says what is wrong and what to do, never a key. */
export class KeysError extends Error {
  constructor(what: string, remedy: string) {
    super(`${what} ${remedy}`);
    this.name = "KeysError";
  }
}
