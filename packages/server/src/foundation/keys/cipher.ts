import { createCipheriv, createDecipheriv } from "node:crypto";
import { Fault } from "../errors/errors.ts";

/** AES-256-GCM (NIST SP 800-38D) with 96-bit nonces and whole 128-bit tags. */
const ALGORITHM = "aes-256-gcm";

export const KEY_BYTES = 32;
export const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Joins parts so that no two different lists of parts give the same bytes: each has its length
 * before it.
 */
export function bind(...parts: readonly (string | Uint8Array)[]): Uint8Array {
  return Buffer.concat(
    parts.flatMap((part) => {
      const bytes = Buffer.from(part);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}

/**
 * Encrypts and authenticates.
 *
 * @param nonce 12 bytes, never used before with this key.
 * @param context what the text belongs to; not hidden, but needed to open it.
 * @returns the ciphertext with its tag behind it.
 */
export function seal(
  key: Uint8Array,
  nonce: Uint8Array,
  clear: Uint8Array,
  context: Uint8Array,
): Uint8Array {
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(context);
  return Buffer.concat([cipher.update(clear), cipher.final(), cipher.getAuthTag()]);
}

/**
 * Opens what `seal` made.
 *
 * @throws Fault when a byte of it was changed, or it belongs to another key or context.
 */
export function unseal(
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  context: Uint8Array,
): Uint8Array {
  const tagAt = sealed.length - TAG_BYTES;
  if (tagAt < 0 || key.length !== KEY_BYTES || nonce.length !== NONCE_BYTES) throw altered();
  const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(context);
  decipher.setAuthTag(sealed.subarray(tagAt));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, tagAt)), decipher.final()]);
  } catch {
    throw altered();
  }
}

/** The message names nothing of the value or its key. */
function altered(): Fault {
  return new Fault("A sealed value was changed, or belongs to another record or key.");
}
