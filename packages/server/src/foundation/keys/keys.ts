/** A key for one record, and the same key wrapped under the key-encryption key `keyId`. */
export type DataKey = {
  readonly keyId: string;
  /** 32 bytes, in clear: used and dropped, never stored. */
  readonly key: Uint8Array;
  readonly wrapped: Uint8Array;
};

/** What a keyed hash is for; each purpose has a key of its own. */
export type MacPurpose = "pan" | "idempotency";

/**
 * The port that key providers fill (file, environment; later KMS and HSM). Making a data key and a keyed
 * hash never wait on anything outside, so both may happen while locks are held.
 */
export type Keys = {
  newDataKey(): DataKey;
  /** @throws Outage when the provider does not answer, Fault when the key is unknown or the tag is wrong. */
  unwrap(keyId: string, wrapped: Uint8Array): Promise<Uint8Array>;
  /** HMAC-SHA-256, 32 bytes. */
  mac(purpose: MacPurpose, data: string | Uint8Array): Uint8Array;
};
