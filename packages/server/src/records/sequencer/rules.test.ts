import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import test from "node:test";
import {
  emptyHead,
  extendChain,
  genesis,
  judgeBlock,
  judgeLink,
  linkOf,
  type Unlinked,
} from "./rules.ts";

const recordedAt = new Date("2030-01-31T12:00:00.123Z");
const head = emptyHead("org_example");
const record = (recordId: string, text: string | null = "x"): Unlinked => ({
  kind: "journal",
  recordId,
  format: 1,
  columns: [text, 12n, Uint8Array.of(255), null],
});

test("the first link of an organization is built on the SHA-256 of its id", () => {
  const expected = createHash("sha256").update("org_example").digest("hex");
  assert.equal(Buffer.from(genesis("org_example")).toString("hex"), expected);
  assert.deepEqual(head, {
    sequence: 0n,
    link: genesis("org_example"),
    block: 0n,
    recordedAt: null,
  });
});

test("a link is the hash of the very bytes that its description names", () => {
  const row = { sequence: 7n, kind: "journal", recordId: "jrn_1", format: 1, recordedAt } as const;
  const hex = [
    Buffer.from(genesis("org_example")).toString("hex"),
    "01",
    "0000000000000007",
    recordedAt.getTime().toString(16).padStart(16, "0"),
    `00000007${Buffer.from("journal").toString("hex")}`,
    `00000005${Buffer.from("jrn_1").toString("hex")}`,
    `00000003${Buffer.from("é1").toString("hex")}`,
    `00000003${Buffer.from("-12").toString("hex")}`,
    "00000002ff00",
    "ffffffff",
    "00000000",
  ].join("");
  const expected = createHash("sha256").update(Buffer.from(hex, "hex")).digest("hex");
  const link = linkOf(genesis("org_example"), row, ["é1", -12n, Uint8Array.of(255, 0), null, ""]);
  assert.equal(Buffer.from(link).toString("hex"), expected);
});

test("no two rows have the same bytes: null is not empty, and columns do not run into each other", () => {
  const row = { sequence: 1n, kind: "audit", recordId: "r", format: 1, recordedAt } as const;
  const links = [[null], [""], ["", ""], ["ab", "c"], ["a", "bc"], ["abc"]].map((columns) =>
    Buffer.from(linkOf(head.link, row, columns)).toString("hex"),
  );
  assert.equal(new Set(links).size, links.length);
});

test("a record may be of any size: long texts, thousands of columns, bytes", () => {
  const row = { sequence: 1n, kind: "audit", recordId: "r", format: 1, recordedAt } as const;
  const long = "é€😀".repeat(40_000);
  const naive = (columns: (string | Uint8Array | null)[]) => {
    const sum = createHash("sha256").update(genesis("org_example")).update("\x01");
    const number = Buffer.alloc(16);
    number.writeBigUInt64BE(1n);
    number.writeBigUInt64BE(BigInt(recordedAt.getTime()), 8);
    sum.update(number);
    for (const column of ["audit", "r", ...columns]) {
      const bytes = column === null ? null : Buffer.from(column);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes?.length ?? 0xffff_ffff);
      sum.update(length).update(bytes ?? "");
    }
    return sum.digest("hex");
  };
  for (const columns of [[long], Array(5_000).fill(null), [Buffer.alloc(100_000), "x"], [long]]) {
    const link = Buffer.from(linkOf(genesis("org_example"), row, columns)).toString("hex");
    assert.equal(link, naive(columns));
  }
});

test("what is appended has the next sequences, and its block covers it", () => {
  const first = extendChain(head, recordedAt, [record("a"), record("b")]);
  assert.deepEqual(
    first.rows.map((row) => row.sequence),
    [1n, 2n],
  );
  const { block } = first;
  const after = { sequence: 2n, link: block.head, block: 1n, recordedAt };
  const second = extendChain(after, recordedAt, [record("c")]);
  assert.deepEqual(second.block, {
    number: 2n,
    firstSequence: 3n,
    lastSequence: 3n,
    count: 1n,
    head: second.rows[0]?.link,
  });
  const whole = extendChain(head, recordedAt, [record("a"), record("b"), record("c")]);
  assert.deepEqual(whole.block.head, second.block.head);
});

test("each thing that is wrong with a link is told", () => {
  const { rows } = extendChain(head, recordedAt, [record("a"), record("b")]);
  const [a, b] = rows;
  assert.ok(a && b);
  const { columns } = record("a");
  assert.equal(judgeLink(head, a, 1, columns), null);
  assert.equal(judgeLink(a, b, 1, columns), null);
  assert.match(judgeLink(head, a, 2, columns) ?? "", /format 1/);
  assert.match(judgeLink(head, a, undefined, undefined) ?? "", /Nothing here reads/);
  assert.match(judgeLink(head, a, 1, undefined) ?? "", /gone/);
  assert.match(judgeLink(head, a, 1, ["y"]) ?? "", /not as it was sealed/);
  assert.match(judgeLink(b, a, 1, columns) ?? "", /not as it was sealed/);
  const early = { ...b, recordedAt: new Date(recordedAt.getTime() - 1) };
  assert.match(judgeLink(a, early, 1, columns) ?? "", /recorded before/);
});

test("each thing that is wrong with a block is told", () => {
  const { block } = extendChain(head, recordedAt, [record("a"), record("b")]);
  const before = { number: 0n, lastSequence: 0n };
  const says = (...[first, second, link]: Parameters<typeof judgeBlock>) => {
    const bad = judgeBlock(first, second, link);
    return bad === null ? null : `${bad.sequence}: ${bad.wrong}`;
  };
  assert.equal(says(before, block, block.head), null);
  assert.match(says({ ...before, number: 1n }, block, block.head) ?? "", /^1: Block 2 is missing/);
  assert.match(says({ ...before, lastSequence: 1n }, block, block.head) ?? "", /^2: .* begin/);
  assert.match(says(before, { ...block, count: 3n }, block.head) ?? "", /^1: .* miscounts/);
  assert.match(says(before, block, head.link) ?? "", /^2: .* not the link/);
  assert.match(says(before, block, null) ?? "", /^2: .* not the link/);
});
