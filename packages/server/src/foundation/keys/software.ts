import { createHmac, createSecretKey, hkdfSync, type KeyObject } from "node:crypto";
import { type Entropy, systemEntropy } from "../clock/clock.ts";
import { Fault } from "../errors/errors.ts";
import { bind, KEY_BYTES, NONCE_BYTES, seal, unseal } from "./cipher.ts";
import type { KeyCheck, KeyProvider, Keys, MacPurpose } from "./keys.ts";
import type { KeyMaterial } from "./material.ts";

/** Id of the hash key's check value. Key-encryption keys have ids of their own. */
const HASH_KEY_ID = "hash";

const CHECK_BYTES = 16;

/**
 * Keys in this process's memory, doing their work with its own OpenSSL.
 *
 * A data key is wrapped by AES-256-GCM under the current key-encryption key: nonce, ciphertext,
 * tag. The nonces are random, so one key-encryption key wraps at most 2^32 data keys (SP 800-38D
 * §8.3).
 */
export function softwareKeys(
  material: KeyMaterial,
  provider: KeyProvider,
  random: Entropy = systemEntropy,
): Keys {
  const macKeys = new Map<MacPurpose, KeyObject>();
  return {
    provider,
    random,
    checks: checksOf(material),
    newDataKey(context) {
      const keyId = material.current;
      const key = random(KEY_BYTES);
      const nonce = random(NONCE_BYTES);
      const sealed = seal(wrappingKey(material, keyId), nonce, key, wrapContext(keyId, context));
      return { keyId, key, wrapped: Buffer.concat([nonce, sealed]) };
    },
    async unwrap(keyId, wrapped, context) {
      const nonce = wrapped.subarray(0, NONCE_BYTES);
      const sealed = wrapped.subarray(NONCE_BYTES);
      return unseal(wrappingKey(material, keyId), nonce, sealed, wrapContext(keyId, context));
    },
    mac(purpose, data) {
      const key = macKeys.get(purpose) ?? macKey(material, purpose);
      macKeys.set(purpose, key);
      return createHmac("sha256", key).update(data).digest();
    },
  };
}

/** As an object of OpenSSL's: a quarter of the time of a key given as bytes. */
function macKey({ hashKey }: KeyMaterial, purpose: MacPurpose): KeyObject {
  return createSecretKey(derive(hashKey, `mac ${purpose}`, KEY_BYTES));
}

function wrapContext(keyId: string, context: Uint8Array): Uint8Array {
  return bind("data key", keyId, context);
}

function wrappingKey(material: KeyMaterial, keyId: string): Uint8Array {
  const key = material.wrappingKeys.get(keyId);
  if (key === undefined) throw new Fault("A row names a key-encryption key that is not here.");
  return key;
}

function checksOf(material: KeyMaterial): readonly KeyCheck[] {
  const check = (keyId: string, key: Uint8Array) => ({
    keyId,
    value: derive(key, `check ${keyId}`, CHECK_BYTES),
  });
  return [
    check(HASH_KEY_ID, material.hashKey),
    ...[...material.wrappingKeys].map(([keyId, key]) => check(keyId, key)),
  ];
}

/** HKDF-SHA-256 (RFC 5869); `purpose` keeps every derived value apart from the others. */
function derive(key: Uint8Array, purpose: string, bytes: number): Uint8Array {
  return Buffer.from(hkdfSync("sha256", key, "", `cardwright ${purpose}`, bytes));
}
