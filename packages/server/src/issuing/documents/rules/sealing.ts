import { assert } from "../../../foundation/errors/errors.ts";
import { bind, NONCE_BYTES, seal, unseal } from "../../../foundation/keys/cipher.ts";

/** First byte of a sealed document: its layout. Then the nonces' beginning, then the chunks. */
const FORMAT = 1;
const PREFIX_BYTES = 7;
const HEAD_BYTES = 1 + PREFIX_BYTES;
/** Bytes of a chunk in clear; only the last one may have fewer. */
const CHUNK_BYTES = 65_536;
const TAG_BYTES = 16;
const SEALED_BYTES = CHUNK_BYTES + TAG_BYTES;

/** What a sealed document belongs to; it opens nowhere else. */
export type DocumentContext = {
  readonly organizationId: string;
  readonly customerId: string;
  readonly documentId: string;
};

/** What is needed to seal or open one document. */
export type Seal = { readonly key: Uint8Array; readonly context: DocumentContext };

/** Random bytes that sealing one document takes. */
export const SEAL_RANDOM_BYTES = PREFIX_BYTES;

/**
 * Encrypts a document chunk by chunk (STREAM: Hoang, Reyhanitabar, Rogaway and Vizár, 2015, with
 * AES-256-GCM). Each nonce has the chunk's number and whether it is the last, so that chunks which are cut
 * off, swapped, repeated or taken from another document do not open.
 *
 * @param key of this document alone: its nonces are never used again.
 * @param prefix random, `SEAL_RANDOM_BYTES` of it.
 */
export async function* sealDocument(
  { key, context }: Seal,
  prefix: Uint8Array,
  clear: Uint8Array,
): AsyncGenerator<Uint8Array> {
  const bound = boundTo(context);
  yield Buffer.concat([Uint8Array.of(FORMAT), prefix]);
  const last = Math.max(0, Math.ceil(clear.length / CHUNK_BYTES) - 1);
  for (let number = 0; number <= last; number += 1) {
    const chunk = clear.subarray(number * CHUNK_BYTES, (number + 1) * CHUNK_BYTES);
    yield seal(key, nonceOf(prefix, number, number === last), chunk, bound);
  }
}

/**
 * Opens what `sealDocument` made, in the same chunks. What it gives out is authentic, and whole once it
 * ends by itself.
 *
 * @throws Fault when a byte was changed, chunks are missing, or it belongs to another document or key.
 */
export async function* openDocument(
  { key, context }: Seal,
  sealed: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const bound = boundTo(context);
  let prefix: Uint8Array | null = null;
  let held = Buffer.alloc(0);
  let number = 0;
  for await (const piece of sealed) {
    held = Buffer.concat([held, piece]);
    if (prefix === null) {
      if (held.length < HEAD_BYTES) continue;
      assert(held[0] === FORMAT, "A sealed document has an unknown layout.");
      prefix = Buffer.from(held.subarray(1, HEAD_BYTES));
      held = held.subarray(HEAD_BYTES);
    }
    // What could be the last chunk waits until something is behind it, or nothing is.
    while (held.length > SEALED_BYTES) {
      yield unseal(key, nonceOf(prefix, number, false), held.subarray(0, SEALED_BYTES), bound);
      held = held.subarray(SEALED_BYTES);
      number += 1;
    }
  }
  assert(prefix !== null, "A sealed document ends before it begins.");
  yield unseal(key, nonceOf(prefix, number, true), held, bound);
}

function nonceOf(prefix: Uint8Array, number: number, isLast: boolean): Uint8Array {
  const nonce = Buffer.alloc(NONCE_BYTES);
  nonce.set(prefix);
  nonce.writeUInt32BE(number, PREFIX_BYTES);
  nonce[NONCE_BYTES - 1] = isLast ? 1 : 0;
  return nonce;
}

const boundTo = ({ organizationId, customerId, documentId }: DocumentContext): Uint8Array =>
  bind("document", organizationId, customerId, documentId, String(FORMAT));
