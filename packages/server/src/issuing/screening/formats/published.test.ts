import assert from "node:assert/strict";
import test from "node:test";
import { publishedOn } from "./published.ts";

for (const [publisher, beginning, day] of [
  ["OFAC", "<publshInformation><Publish_Date>06/05/2026</Publish_Date>", "2026-06-05"],
  [
    "the EU",
    '<export generationDate="2026-06-05T10:00:00.000+02:00" globalFileId="1">',
    "2026-06-05",
  ],
  ["the UN", '<CONSOLIDATED_LIST dateGenerated="2026-06-05T00:00:00Z">', "2026-06-05"],
  ["a CSV form", '36,"EXAMPLE AIR","-0- ","CUBA"', null],
] as const) {
  test(`when a list of ${publisher} was made is read at its beginning: ${day}`, () => {
    assert.equal(publishedOn(`<?xml version="1.0"?>\n${beginning}`), day);
  });
}
