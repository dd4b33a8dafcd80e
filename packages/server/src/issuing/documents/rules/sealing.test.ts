import assert from "node:assert/strict";
import test from "node:test";
import { systemEntropy } from "../../../foundation/clock/clock.ts";
import { Fault } from "../../../foundation/errors/errors.ts";
import { openDocument, SEAL_RANDOM_BYTES, type Seal, sealDocument } from "./sealing.ts";

const context = { organizationId: "org_1", customerId: "cus_1", documentId: "doc_1" };
const seal: Seal = { key: systemEntropy(32), context };
const CHUNK = 65_536;
const TAG = 16;
const HEAD = 8;

async function whole(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces) parts.push(piece);
  return Buffer.concat(parts);
}

const sealed = (clear: Buffer, by: Seal = seal) =>
  whole(sealDocument(by, systemEntropy(SEAL_RANDOM_BYTES), clear));

/** As a store gives it back: in pieces of any size. */
async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const opened = (bytes: Buffer, by: Seal = seal, size = 10_000) =>
  whole(openDocument(by, inPieces(bytes, size)));

test("a document is opened as it was sealed, at every edge of a chunk and in pieces of any size", async () => {
  for (const length of [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5]) {
    const clear = Buffer.from(systemEntropy(length));
    const stored = await sealed(clear);
    const chunks = Math.max(1, Math.ceil(length / CHUNK));
    assert.equal(stored.length, HEAD + length + chunks * TAG);
    for (const size of [7, CHUNK, CHUNK + TAG, 1_000_000]) {
      assert.ok((await opened(stored, seal, size)).equals(clear), `${length} in ${size}`);
    }
    if (length > 32) assert.equal(stored.indexOf(clear.subarray(0, 32)), -1);
  }
});

test("a document that is changed, cut, swapped, repeated, lengthened or moved does not open", async () => {
  const stored = await sealed(Buffer.alloc(3 * CHUNK, "x"));
  const size = CHUNK + TAG;
  const chunk = (number: number) =>
    stored.subarray(HEAD + number * size, HEAD + (number + 1) * size);
  const head = stored.subarray(0, HEAD);
  const other = await sealed(Buffer.alloc(3 * CHUNK, "x"));
  const flipped = Buffer.from(stored);
  flipped[100] = (flipped[100] as number) ^ 1;
  const otherHead = Buffer.from(stored);
  otherHead[3] = (otherHead[3] as number) ^ 1;
  const broken: Record<string, Buffer> = {
    changed: flipped,
    "with another beginning": otherHead,
    "of another layout": Buffer.concat([Buffer.of(2), stored.subarray(1)]),
    "cut at a chunk": stored.subarray(0, HEAD + 2 * size),
    "cut in a chunk": stored.subarray(0, HEAD + 2 * size + 9),
    "cut to its head": head,
    empty: Buffer.alloc(0),
    "without its first chunk": Buffer.concat([head, chunk(1), chunk(2)]),
    swapped: Buffer.concat([head, chunk(1), chunk(0), chunk(2)]),
    repeated: Buffer.concat([head, chunk(0), chunk(0), chunk(1), chunk(2)]),
    lengthened: Buffer.concat([stored, Buffer.of(0)]),
    "ended twice": Buffer.concat([stored, chunk(2)]),
    mixed: Buffer.concat([head, chunk(0), other.subarray(HEAD + size)]),
  };
  for (const [what, bytes] of Object.entries(broken)) {
    await assert.rejects(opened(bytes), Fault, what);
  }
  for (const name of ["organizationId", "customerId", "documentId"] as const) {
    const moved = { ...seal, context: { ...context, [name]: "another" } };
    await assert.rejects(opened(stored, moved), Fault, name);
  }
  await assert.rejects(opened(stored, { ...seal, key: systemEntropy(32) }), Fault, "key");
});
