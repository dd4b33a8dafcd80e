import assert from "node:assert/strict";
import test from "node:test";
import { testDatabase } from "../../../test/harness/database.ts";
import { statement } from "./sql.ts";

const { app } = await testDatabase(1);

const back = (type: string) => statement(`test.back.${type}`, `select $1::${type}[] as items`);

async function sendAndRead(type: string, items: readonly unknown[]) {
  const [row] = await app.query<{ items: unknown[] }>(back(type), [items]);
  return row?.items;
}

test("arrays of whole numbers arrive as they are: both ends of 64 bits, nulls anywhere, none at all", async () => {
  const cases = [
    [9_223_372_036_854_775_807n, -9_223_372_036_854_775_808n, 0n],
    [null, 7n],
    [7n, null],
    [null, null],
    [],
  ];
  for (const items of cases) assert.deepEqual(await sendAndRead("bigint", items), items);
});

test("arrays of texts arrive as they are: quotes, braces, commas, backslashes, the word NULL", async () => {
  const items = ["plain", 'a "quoted" text', "{1,2}", "back\\slash", "NULL", "", null];
  assert.deepEqual(await sendAndRead("text", items), items);
});
