import assert from "node:assert/strict";
import { test } from "node:test";
import { csvRecord } from "./csv.ts";

test("G10: a text that a spreadsheet would take for a formula gets an apostrophe in front", () => {
  for (const start of [
    "=",
    "+",
    "-",
    "@",
    "\t",
    " =",
    "\uFEFF+",
    "\u00A0@",
    "＝",
    "＋",
    "－",
    "＠",
  ]) {
    assert.equal(csvRecord([`${start}cmd`]), `'${start}cmd\r\n`);
    assert.equal(csvRecord([`a${start}`]), `a${start}\r\n`, "only at the beginning");
  }
  assert.equal(csvRecord(["\rcmd"]), `"'\rcmd"\r\n`);
  assert.equal(csvRecord(["\ncmd"]), `"'\ncmd"\r\n`);
  assert.equal(csvRecord(["=1+1,2"]), `"'=1+1,2"\r\n`);
});

test("numbers stay numbers, and what is null is empty", () => {
  assert.equal(csvRecord([-5, 0, 7n, -8n, null, ""]), "-5,0,7,-8,,\r\n");
});

test("a cell with a comma, a quote or a line end is quoted as RFC 4180 says", () => {
  assert.equal(
    csvRecord(["a,b", 'say "x"', "a\nb", "a\r\nb", "plain é 日本"]),
    '"a,b","say ""x""","a\nb","a\r\nb",plain é 日本\r\n',
  );
});
