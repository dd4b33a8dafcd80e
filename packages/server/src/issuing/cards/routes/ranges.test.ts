import assert from "node:assert/strict";
import test from "node:test";
import { runDue, runJob } from "../../../../test/harness/jobs.ts";
import type { TestOrganization } from "../../../../test/harness/server.ts";
import { type CardBody, type Fields, made, names, startCardTests } from "../fixture.ts";
import { rangeJobs } from "../jobs/ranges.ts";

const tests = await startCardTests();
const { server } = tests;
const [warn] = rangeJobs as [(typeof rangeJobs)[0]];
const own = await tests.organization(0);

const issue = async (typeId: string, count: number, by: TestOrganization = own) => {
  const cards: CardBody[] = [];
  for (let done = 0; done < count; done += 1) {
    cards.push(made(await by.call("POST", "/cards", { typeId, ...names, initialBalance: 0 })));
  }
  return cards;
};
const useOf = async (typeId: string): Promise<CardBody> =>
  made(await server.call("GET", `/card-programs/${typeId}/number-range`));
const warningsOf = async (typeId: string) => {
  await server.sequence();
  const { data } = made(
    await server.call("GET", "/events?type=program.number_range_low&limit=100"),
  );
  return data
    .filter(({ objectId }: Fields) => objectId === typeId)
    .map(({ data: { object, previous } }: CardBody) => [
      previous.numberRangeLow,
      object.numberRangeLow,
    ]);
};

test("200: size, used, free and percentage; deleted cards' numbers are used, too", async () => {
  const typeId = await tests.program({ bin: "99990700", numberRange: { from: 10, to: 29 } });
  const numberRange = { from: 10, to: 29 };
  const nothing = { typeId, numberRange, size: 20, used: 0, free: 20, percentUsed: 0 };
  assert.deepEqual(await useOf(typeId), nothing);
  const [first] = await issue(typeId, 3);
  made(await own.call("DELETE", `/cards/${first.id}`));
  assert.deepEqual(await useOf(typeId), { ...nothing, used: 3, free: 17, percentUsed: 15 });
  const path = `/card-programs/${typeId}/number-range`;
  assert.equal((await own.call("GET", path)).status, 403);
  assert.equal((await server.call("GET", "/card-programs/prog_unknown/number-range")).status, 404);
});

test("replacements use numbers, of the program that they are made under", async () => {
  const [typeId, successorId] = [
    await tests.program({ bin: "99990701", numberRange: { from: 0, to: 9 } }),
    await tests.program({ bin: "99990702", numberRange: { from: 0, to: 9 } }),
  ];
  const [card] = await issue(typeId, 1);
  const next = made(await own.call("POST", `/cards/${card.id}/replace`, { reason: "lost" }));
  assert.deepEqual([(await useOf(typeId)).used, (await useOf(successorId)).used], [2, 0]);
  made(await server.call("POST", `/card-programs/${typeId}/retire`, { successorId }));
  made(await own.call("POST", `/cards/${next.id}/replace`, { reason: "lost" }));
  assert.deepEqual([(await useOf(typeId)).used, (await useOf(successorId)).used], [2, 1]);
});

test("programs that share a range share its use; a range that is moved on starts anew", async () => {
  const terms = { bin: "99990703", numberRange: { from: 0, to: 9 } };
  const [left, right] = [await tests.program(terms), await tests.program(terms)];
  await issue(left, 2);
  await issue(right, 3);
  assert.deepEqual([(await useOf(left)).used, (await useOf(right)).used], [5, 5]);
  const move = (numberRange: Fields) =>
    server.call("PATCH", `/card-programs/${left}`, { numberRange });
  made(await move({ from: 10, to: 19 }));
  assert.equal((await useOf(left)).used, 0);
  made(await move({ from: 0, to: 19 }));
  assert.deepEqual([(await useOf(left)).used, (await useOf(left)).size], [5, 20]);
});

test("program.number_range_low is told once at 80 and once at 95 percent; 503 when all is used", async () => {
  const typeId = await tests.program({ bin: "99990704", numberRange: { from: 0, to: 19 } });
  await issue(typeId, 15);
  assert.equal(await runDue(server, warn), 0);
  await issue(typeId, 1);
  assert.equal(await runDue(server, warn), 1);
  assert.equal(await runDue(server, warn), 0);
  assert.deepEqual(await warningsOf(typeId), [[0, 80]]);
  await issue(typeId, 2);
  assert.equal(await runDue(server, warn), 0);
  await issue(typeId, 1);
  const runs = await Promise.all(
    [1, 2, 3].map(() => runJob(server, warn, "org_platform", [typeId])),
  );
  assert.deepEqual(runs.sort(), [0, 0, 1]);
  assert.deepEqual(await warningsOf(typeId), [
    [0, 80],
    [80, 95],
  ]);
  await issue(typeId, 1);
  assert.deepEqual((await useOf(typeId)).free, 0);
  const body = { typeId, ...names, initialBalance: 0 };
  const full = await own.call("POST", "/cards", body);
  assert.deepEqual([full.status, full.body.code], [503, "number_range_exhausted"]);
  made(
    await server.call("PATCH", `/card-programs/${typeId}`, { numberRange: { from: 20, to: 29 } }),
  );
  await issue(typeId, 9);
  assert.equal(await runDue(server, warn), 1);
  assert.deepEqual((await warningsOf(typeId)).at(-1), [0, 80]);
});
