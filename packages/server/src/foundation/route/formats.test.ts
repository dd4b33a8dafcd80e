import assert from "node:assert/strict";
import { test } from "node:test";
import { acceptedFormat, type StreamFormat } from "./formats.ts";

const all: readonly StreamFormat[] = ["json", "jsonl", "csv", "pdf"];

test("a format is the one that the Accept header wants most, and among equals the first", () => {
  const cases: [string | undefined, StreamFormat | null][] = [
    [undefined, "json"],
    ["", "json"],
    ["*/*", "json"],
    ["text/csv", "csv"],
    ["TEXT/CSV; charset=utf-8", "csv"],
    ["text/*", "csv"],
    ["application/x-ndjson", "jsonl"],
    ["application/pdf, text/csv", "csv"],
    ["text/csv;q=0.5, application/pdf;q=0.9", "pdf"],
    ["application/*;q=0.5, application/json;q=0", "jsonl"],
    ["*/*;q=0.1, application/pdf", "pdf"],
    ["text/html,application/xhtml+xml,*/*;q=0.8", "json"],
    ["text/html", null],
    ["text/csv;q=0", null],
    ["text/csv;q=nonsense", null],
    ["image/*, audio/ogg", null],
  ];
  for (const [accept, format] of cases) assert.equal(acceptedFormat(accept, all), format, accept);
});

test("of an Accept header only the first 20 ranges count, and only what is offered", () => {
  const ranges = (others: number) => `${"a/b,".repeat(others)}text/csv`;
  assert.equal(acceptedFormat(ranges(19), all), "csv");
  assert.equal(acceptedFormat(ranges(20), all), null);
  assert.equal(acceptedFormat("text/csv", ["json", "pdf"]), null);
});
