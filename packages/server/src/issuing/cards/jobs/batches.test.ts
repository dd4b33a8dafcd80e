import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../../test/harness/database.ts";
import { dueIn, runAll, runJob } from "../../../../test/harness/jobs.ts";
import type { CallAnswer, TestOrganization } from "../../../../test/harness/server.ts";
import { type CardBody, type Fields, made, names, startCardTests } from "../fixture.ts";
import { batchJobs } from "./batches.ts";

const tests = await startCardTests();
const { server } = tests;
const [job] = batchJobs as [(typeof batchJobs)[0]];
const path = "/cards/batches";

const batch = (own: TestOrganization, rows: readonly Fields[]) => own.call("POST", path, { rows });
const read = async (own: TestOrganization, { id }: CardBody): Promise<CardBody> =>
  made(await own.call("GET", `${path}/${id}`));
const rowsOf = async (own: TestOrganization, { id }: CardBody, query = "?limit=100") =>
  made(await own.call("GET", `${path}/${id}/rows${query}`)).data;
const work = (own: TestOrganization) => runAll(server, job, own.id);
const cardsOf = async (own: TestOrganization): Promise<CardBody[]> =>
  made(await own.call("GET", "/cards?limit=100")).data.reverse();
const codes = ({ errors }: CardBody): string[] => errors.map(({ code }: CardBody) => code);

test("each version of a batch has its event, and each card its own", async () => {
  const own = await tests.organization();
  const typeId = await tests.program();
  const rows = [1, 2].map(() => ({ typeId, ...names, initialBalance: 5 }));
  const given = made(await batch(own, rows));
  await work(own);
  await server.sequence();
  const { data } = made(await own.call("GET", "/events?limit=100"));
  const told = data.filter(({ objectId }: CardBody) => objectId === given.id);
  assert.deepEqual(
    told.map(({ type, objectVersion }: CardBody) => [type, objectVersion]),
    [
      ["card_batch.created", 1],
      ["card_batch.started", 2],
      ["card_batch.completed", 3],
    ],
  );
  assert.deepEqual(told[2].data.object, await read(own, given));
  assert.equal(data.filter(({ type }: CardBody) => type === "card.issued").length, 2);
});

test("a row that cannot be issued fails alone, with every unmet condition", async () => {
  const own = await tests.organization(2_500);
  const typeId = await tests.program();
  const limited = await tests.program({ requiresCustomer: true, cardsPerCustomer: 1 });
  const customerId = await tests.customer(own);
  const rows = [
    { typeId, ...names, initialBalance: 1_000, externalId: "same" },
    { typeId: "prog_unknown", ...names },
    { typeId, firstName: "Ada", externalId: "same" },
    { typeId: limited, customerId, initialBalance: 0 },
    { typeId: limited, customerId, initialBalance: 0 },
    { typeId, ...names, initialBalance: 2_000 },
    { typeId, ...names, initialBalance: 1_500 },
    {},
  ];
  const preflight = made(await own.call("POST", `${path}/preflight`, { rows }));
  const given = made(await batch(own, rows));
  assert.equal(await work(own), rows.length);
  const results = await rowsOf(own, given);
  assert.deepEqual(
    results.map((row: CardBody) => [row.status, codes(row)]),
    [
      ["issued", []],
      ["failed", ["program_not_found"]],
      ["failed", ["name_required", "initial_balance_required", "external_id_taken"]],
      ["issued", []],
      ["failed", ["card_limit_reached"]],
      ["failed", ["insufficient_organization_balance"]],
      ["issued", []],
      ["failed", ["program_not_found", "name_required", "name_required"]],
    ],
  );
  assert.deepEqual(
    preflight.rows.map(({ unmet }: CardBody) => unmet),
    results.map(({ errors }: CardBody) => errors),
  );
  assert.ok(results[1].errors[0].remedy);
  const { status, counts, charged } = await read(own, given);
  assert.equal(status, "completed");
  assert.deepEqual(counts, { rows: 8, issued: 3, failed: 5, cancelled: 0, pending: 0 });
  assert.equal(charged[0].total, 2_500);
  const failed = await rowsOf(own, given, "?status=failed&limit=2");
  assert.deepEqual(
    failed.map(({ row }: CardBody) => row),
    [2, 3],
  );
  assert.equal(await tests.available(own), 0);
  await tests.lawsHold(own);
});

test("cancelling leaves what is issued and gives up the rest; again it changes nothing", async () => {
  const own = await tests.organization();
  const typeId = await tests.program();
  const given = made(
    await batch(
      own,
      Array.from({ length: 5 }, () => ({ typeId, ...names, initialBalance: 10 })),
    ),
  );
  const due = await dueIn(server, job, own.id);
  const group = due.slice(0, 2).map(({ id }) => id);
  let cancelling: Promise<CallAnswer> | null = null;
  // While the group is being issued, a cancellation waits for it.
  await runJob(server, job, own.id, group, async () => {
    cancelling = own.call("POST", `${path}/${given.id}/cancel`);
    await new Promise((resolve) => setTimeout(resolve, 150));
  });
  const cancelled = made(await (cancelling as unknown as Promise<CallAnswer>));
  assert.deepEqual(
    [cancelled.status, cancelled.counts, cancelled.version, cancelled.progress],
    ["cancelled", { rows: 5, issued: 2, failed: 0, cancelled: 3, pending: 0 }, 3, 100],
  );
  assert.deepEqual(made(await own.call("POST", `${path}/${given.id}/cancel`)), cancelled);
  assert.equal(
    await runJob(
      server,
      job,
      own.id,
      due.map(({ id }) => id),
    ),
    0,
  );
  assert.equal((await cardsOf(own)).length, 2);
  assert.deepEqual(
    (await rowsOf(own, given)).map(({ status }: CardBody) => status),
    ["issued", "issued", "cancelled", "cancelled", "cancelled"],
  );
  assert.deepEqual(await dueIn(server, job, own.id), []);
});

test("409: a batch that is completed cannot be cancelled", async () => {
  const own = await tests.organization(0);
  const given = made(await batch(own, [{}]));
  await work(own);
  const answer = await own.call("POST", `${path}/${given.id}/cancel`);
  assert.deepEqual([answer.status, answer.body.code], [409, "card_batch_completed"]);
});

test("rows of an organization that is suspended meanwhile fail with that", async () => {
  const own = await tests.organization();
  const typeId = await tests.program();
  const given = made(await batch(own, [{ typeId, ...names, initialBalance: 1 }]));
  made(await server.call("POST", `/organizations/${own.id}/suspend`));
  await work(own);
  const [row] = await asOwner<{ errors: CardBody }>(
    server.database.url,
    "select errors from card_batch_rows where batch_id = $1",
    [given.id],
  );
  assert.deepEqual(codes({ errors: row?.errors }), ["organization_suspended"]);
});

test("where the range of numbers is full, a row fails with that alone and the others are issued", async () => {
  const own = await tests.organization();
  const typeId = await tests.program();
  const small = await tests.program({ bin: "99990077", numberRange: { from: 0, to: 0 } });
  const row = { ...names, initialBalance: 1 };
  const given = made(
    await batch(own, [
      { typeId: small, ...row },
      { typeId: small, ...row },
      { typeId, ...row },
    ]),
  );
  const due = (await dueIn(server, job, own.id)).map(({ id }) => id);
  await assert.rejects(runJob(server, job, own.id, due), { code: "number_range_exhausted" });
  assert.equal((await cardsOf(own)).length, 0, "the group was undone");
  for (const id of due) assert.equal(await runJob(server, job, own.id, [id]), 1);
  assert.deepEqual(
    (await rowsOf(own, given)).map((each: CardBody) => [each.status, codes(each)]),
    [
      ["issued", []],
      ["failed", ["number_range_exhausted"]],
      ["issued", []],
    ],
  );
  const [accounts] = await asOwner<{ count: number }>(
    server.database.url,
    `select count(*)::int as count from ledger_accounts where organization_id = $1 and type = 'card'`,
    [own.id],
  );
  assert.equal(accounts?.count, 2, "of the card that was not issued nothing is left");
  await tests.lawsHold(own);
});

test("two who work on the same rows at once issue each card once", async () => {
  const own = await tests.organization();
  const typeId = await tests.program();
  const given = made(
    await batch(
      own,
      Array.from({ length: 20 }, () => ({ typeId, ...names, initialBalance: 1 })),
    ),
  );
  const due = (await dueIn(server, job, own.id)).map(({ id }) => id);
  const done = await Promise.all([0, 1, 2].map(() => runJob(server, job, own.id, due)));
  assert.deepEqual(done.toSorted(), [0, 0, 20]);
  assert.equal((await cardsOf(own)).length, 20);
  assert.equal((await read(own, given)).counts.issued, 20);
  await tests.lawsHold(own);
});

test("what rows ask for lies sealed while they are pending, opens nowhere else, and is erased", async () => {
  const own = await tests.organization();
  const typeId = await tests.program();
  const row = { typeId, firstName: "Zebedee", lastName: "Quillfeather", initialBalance: 1 };
  const given = made(await batch(own, [row, row, row]));
  const look = () =>
    asOwner<{ text: string; sealed: Uint8Array | null; key: Uint8Array | null }>(
      server.database.url,
      `select r::text || b::text || coalesce(encode(r.sealed, 'escape'), '') as text, r.sealed,
         b.wrapped_key as key
       from card_batch_rows r join card_batches b on b.id = r.batch_id
       where b.id = $1 order by r.number`,
      [given.id],
    );
  const pending = await look();
  assert.equal(pending.length, 3);
  for (const { text, sealed } of pending) {
    assert.ok(sealed !== null && !/Zebedee|Quillfeather/.test(text));
  }
  const swap = (number: number, sealed: Uint8Array | null) =>
    asOwner(
      server.database.url,
      "update card_batch_rows set sealed = $3 where batch_id = $1 and number = $2",
      [given.id, number, sealed],
    );
  const due = (await dueIn(server, job, own.id)).map(({ id }) => id);
  await swap(2, pending[0]?.sealed ?? null);
  await assert.rejects(runJob(server, job, own.id, [due[1] ?? ""]), /belongs to another record/);
  await swap(2, pending[1]?.sealed ?? null);
  assert.equal(await runJob(server, job, own.id, due.slice(0, 2)), 2);
  assert.deepEqual(
    (await look()).map(({ sealed, key }) => [sealed === null, key === null]),
    [
      [true, false],
      [true, false],
      [false, false],
    ],
  );
  made(await own.call("POST", `${path}/${given.id}/cancel`));
  assert.ok((await look()).every(({ sealed, key }) => sealed === null && key === null));
});
