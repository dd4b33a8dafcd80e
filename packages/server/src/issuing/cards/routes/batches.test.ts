import assert from "node:assert/strict";
import test from "node:test";
import { wordsOf } from "../../../../test/harness/database.ts";
import { dueIn, runAll } from "../../../../test/harness/jobs.ts";
import type { CallAnswer, TestOrganization } from "../../../../test/harness/server.ts";
import { type CardBody, type Fields, made, names, startCardTests } from "../fixture.ts";
import { batchJobs } from "../jobs/batches.ts";
import { batchLifecycle, batchRowLifecycle } from "../model/batches.ts";

const tests = await startCardTests();
const { server } = tests;
const [job] = batchJobs as [(typeof batchJobs)[0]];
const path = "/cards/batches";

const batch = (own: TestOrganization, rows: readonly Fields[], more: Fields = {}) =>
  own.call("POST", path, { rows, ...more });
const csv = (own: TestOrganization, text: string, at = path): Promise<CallAnswer> =>
  own.call("POST", at, text, { headers: { "content-type": "text/csv" } });
const read = async (own: TestOrganization, { id }: CardBody): Promise<CardBody> =>
  made(await own.call("GET", `${path}/${id}`));
const rowsOf = async (own: TestOrganization, { id }: CardBody, query = "?limit=100") =>
  made(await own.call("GET", `${path}/${id}/rows${query}`)).data;
const work = (own: TestOrganization) => runAll(server, job, own.id);
const cardsOf = async (own: TestOrganization): Promise<CardBody[]> =>
  made(await own.call("GET", "/cards?limit=100")).data.reverse();
const fieldsOf = ({ body }: CallAnswer): string[] =>
  body.errors.map(({ field }: CardBody) => field);

test("201: a batch is accepted with its price, and its cards are issued in the order of the rows", async () => {
  const own = await tests.organization(10_000);
  const typeId = await tests.program({ fees: { issuance: 100 } });
  const rows = [1, 2, 3].map((place) => ({
    typeId,
    ...names,
    initialBalance: place * 1_000,
    externalId: `row ${place}`,
    metadata: { place: String(place) },
    cardholder: { email: "ada@example.com" },
    billingAddress: { line1: "1 Example Street", city: "Paris", country: "FRA" },
  }));
  const answer = await batch(own, rows, { externalId: "payroll 7" });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  const given = answer.body;
  assert.match(given.id, /^batch_/);
  const price = {
    currency: "EUR",
    lines: [
      { kind: "issuance_fee", amount: 300 },
      { kind: "initial_balance", amount: 6_000 },
    ],
    total: 6_300,
  };
  assert.deepEqual(
    { ...given, id: null, actor: null, createdAt: null },
    {
      id: null,
      externalId: "payroll 7",
      status: "accepted",
      counts: { rows: 3, issued: 0, failed: 0, cancelled: 0, pending: 3 },
      progress: 0,
      price: [price],
      charged: [],
      actor: null,
      version: 1,
      createdAt: null,
      completedAt: null,
    },
  );
  assert.equal(await tests.available(own), 10_000, "nothing is taken by the acceptance");
  assert.equal(await work(own), 3);
  const done = await read(own, { id: "external:payroll 7" });
  assert.deepEqual(
    [done.status, done.progress, done.version, done.charged],
    ["completed", 100, 3, [price]],
  );
  assert.ok(done.completedAt);
  const cards = await cardsOf(own);
  assert.deepEqual(
    cards.map(({ externalId, balances, metadata }) => [externalId, balances.available, metadata]),
    [1, 2, 3].map((place) => [`row ${place}`, place * 1_000, { place: String(place) }]),
  );
  assert.deepEqual(
    await rowsOf(own, given),
    cards.map(({ id }, index) => ({ row: index + 1, status: "issued", cardId: id, errors: [] })),
  );
  assert.equal(await tests.available(own), 3_700);
  const history = made(await own.call("GET", `/cards/${cards[0].id}/status-history`)).data;
  assert.deepEqual(history[0].actor, given.actor, "in the name of who gave the batch");
  await tests.lawsHold(own);
});

test("preflight prices the whole batch by currency, writes nothing, and says what adds up", async () => {
  const own = await tests.organization(2_000);
  const euro = await tests.program({ fees: { issuance: 10 } });
  const dollar = await tests.program({ currency: "USD" });
  const rows = [
    { typeId: euro, ...names, initialBalance: 1_200 },
    { typeId: euro, ...names, initialBalance: 1_200 },
    { typeId: dollar, ...names, initialBalance: 0 },
    { typeId: "prog_unknown", ...names, initialBalance: 7 },
  ];
  const checked = made(await own.call("POST", `${path}/preflight`, { rows }));
  assert.equal(checked.eligible, false);
  assert.deepEqual(
    checked.price.map(({ currency, total }: CardBody) => [currency, total]),
    [
      ["EUR", 2_420],
      ["USD", 0],
    ],
  );
  assert.deepEqual(
    checked.rows.map(({ row, unmet }: CardBody) => [row, unmet.map(({ code }: CardBody) => code)]),
    [
      [1, []],
      [2, ["insufficient_organization_balance"]],
      [3, []],
      [4, ["program_not_found"]],
    ],
  );
  const fits = { rows: [rows[0], rows[2]] };
  assert.equal(made(await own.call("POST", `${path}/preflight`, fits)).eligible, true);
  assert.deepEqual(made(await own.call("GET", path)).data, []);
  assert.deepEqual(await dueIn(server, job, own.id), []);
});

test("CSV: quotes, CRLF, BOM, empty cells and columns of inner fields make the rows that JSON makes", async () => {
  const own = await tests.organization();
  const typeId = await tests.program();
  const text = [
    "\uFEFFtypeId,firstName,lastName,initialBalance,label,metadata.team,metadata.a.b,cardholder.email,billingAddress.line1,billingAddress.city,billingAddress.country",
    `${typeId},Ada,"Example, ""A""",1000,"two\r\nlines",red,x,ada@example.com,"1, Street",Paris,FRA`,
    `${typeId},Ada,Example,2000,,,,,,,`,
    "",
  ].join("\r\n");
  const checked = made(await csv(own, text, `${path}/preflight`));
  assert.deepEqual(
    checked.rows.map(({ unmet }: CardBody) => unmet.map(({ code }: CardBody) => code)),
    [["name_invalid"], []],
  );
  const given = made(await csv(own, text.replace(', ""A""', ""), `${path}?externalId=file-1`));
  assert.equal(given.externalId, "file-1");
  await work(own);
  const [first, second] = await cardsOf(own);
  assert.deepEqual(
    [first.label, first.metadata, first.cardholder.email, first.billingAddress.line1],
    ["two\r\nlines", { team: "red", "a.b": "x" }, "ada@example.com", "1, Street"],
  );
  assert.deepEqual(
    [second.label, second.metadata, second.cardholder.email, second.billingAddress],
    [null, {}, null, null],
  );
  assert.deepEqual([first.balances.available, second.balances.available], [1_000, 2_000]);
  const plain = "typeId,firstName,lastName,initialBalance\n";
  assert.equal(made(await csv(own, `${plain}${typeId},Ada,Example,1`)).counts.rows, 1);
});

test("CSV, 400: what is wrong is named by row and column, and nothing is written", async () => {
  const own = await tests.organization();
  const wrong: [string, string[], RegExp][] = [
    ["typeId,surname\nx,y", ["surname"], /no such column/],
    ["typeId,cardholder.name\nx,y", ["cardholder.name"], /no such column/],
    ["typeId,metadata.__proto__\nx,y", ["metadata.__proto__"], /no such column/],
    ["typeId,typeId\nx,y", ["typeId"], /more than once/],
    [
      "typeId,initialBalance\nx,1\nx,1.5\nx,a",
      ["rows.1.initialBalance", "rows.2.initialBalance"],
      /^Row 2, initialBalance: /,
    ],
    [
      "typeId,initialBalance\nx,9007199254740992",
      ["rows.0.initialBalance"],
      /^Row 1, initialBalance: /,
    ],
    [
      "typeId,initialBalance\nx,-1",
      ["rows.0.initialBalance"],
      /^Row 1, initialBalance: .*at least 0/,
    ],
    ["typeId,currency\nx,EUR\nx,eur", ["rows.1.currency"], /^Row 2, currency: /],
    ["typeId,label\nx,y\nx", ["rows.1"], /^Row 2: It has 1 cells, and the header 2/],
    ["typeId,label\nx,a\u0000b", ["rows.0.label"], /^Row 1, label: .*NUL/],
    ['typeId,label\nx,"y', [undefined as never], /not well-formed CSV/],
    ['typeId,label\nx,y"z"', [undefined as never], /not well-formed CSV/],
    ["", [undefined as never], /not well-formed CSV/],
    ["\n\n", [undefined as never], /not well-formed CSV/],
    ["typeId\n", ["rows"], /at least 1 items/],
    [`typeId\n${"x\n".repeat(1_001)}`, ["rows"], /at most 1000 items/],
  ];
  for (const [text, fields, message] of wrong) {
    for (const at of [path, `${path}/preflight`]) {
      const answer = await csv(own, text, at);
      assert.equal(answer.status, 400, text.slice(0, 40));
      assert.deepEqual(fieldsOf(answer), fields, text.slice(0, 40));
      assert.match(answer.body.errors[0].message, message, text.slice(0, 40));
    }
  }
  const latin = await own.call("POST", path, "typeId\nx", {
    headers: { "content-type": "text/csv; charset=iso-8859-1" },
  });
  assert.equal(latin.status, 415);
  assert.deepEqual(made(await own.call("GET", path)).data, []);
});

test("415: only batches are taken as CSV", async () => {
  const own = await tests.organization(0);
  assert.equal((await csv(own, "typeId\nx", "/cards")).status, 415);
  assert.equal((await csv(own, "typeId\nx", "/cards/preflight")).status, 415);
});

test("JSON, 400: a malformed row is named by its number, and nothing of the batch is written", async () => {
  const own = await tests.organization();
  const typeId = await tests.program();
  const good = { typeId, ...names, initialBalance: 1 };
  const wrong: [unknown, string, RegExp][] = [
    [[good, { ...good, initialBalance: "1" }], "rows.1.initialBalance", /^Row 2, initialBalance: /],
    [[good, good, { surprise: 1 }], "rows.2.surprise", /^Row 3, surprise: /],
    [[good, 7], "rows.1", /^Row 2: /],
    [[], "rows", /at least 1 items/],
    [Array.from({ length: 1_001 }, () => good), "rows", /at most 1000 items/],
  ];
  for (const [rows, field, message] of wrong) {
    const answer = await own.call("POST", path, { rows });
    assert.equal(answer.status, 400);
    assert.deepEqual(fieldsOf(answer), [field]);
    assert.match(answer.body.errors[0].message, message);
  }
  const twice = await own.call("POST", `${path}?externalId=a`, { rows: [good], externalId: "a" });
  assert.deepEqual([twice.status, twice.body.code], [400, "invalid_request"]);
  assert.deepEqual(made(await own.call("GET", path)).data, []);
});

test("a body may have 1,000 rows and 4 MiB, and no more", async () => {
  const own = await tests.organization(0);
  const label = "x".repeat(200);
  const row = {
    typeId: "prog_unknown",
    label,
    metadata: { a: "y".repeat(500), b: "y".repeat(500) },
  };
  const rows = Array.from({ length: 1_000 }, () => row);
  assert.ok(JSON.stringify({ rows }).length > 1_200_000);
  assert.equal(made(await batch(own, rows)).counts.rows, 1_000);
  const large = JSON.stringify({ rows: [row] }) + " ".repeat(4_194_304);
  assert.equal((await own.call("POST", path, large)).status, 413);
  assert.equal((await own.call("POST", "/cards", " ".repeat(300_000))).status, 413);
});

test("an Idempotency-Key makes one batch of a repetition, and refuses another body", async () => {
  const own = await tests.organization();
  const typeId = await tests.program();
  const row = { typeId, ...names, initialBalance: 1 };
  const idempotencyKey = "batch-key";
  const send = (rows: readonly Fields[]) => own.call("POST", path, { rows }, { idempotencyKey });
  const first = await send([row]);
  const again = await send([row]);
  assert.deepEqual(again.body, made(first));
  assert.equal(again.headers.get("idempotency-replayed"), "true");
  const other = await send([row, row]);
  assert.deepEqual([other.status, other.body.code], [409, "idempotency_key_reused"]);
  await work(own);
  assert.equal((await cardsOf(own)).length, 1);
});

test("409: an externalId names one batch of an organization", async () => {
  const [own, other] = [await tests.organization(0), await tests.organization(0)];
  made(await batch(own, [{}], { externalId: "mine" }));
  const again = await batch(own, [{}], { externalId: "mine" });
  assert.deepEqual([again.status, again.body.code], [409, "external_id_taken"]);
  assert.equal((await dueIn(server, job, own.id)).length, 1);
  made(await batch(other, [{}], { externalId: "mine" }));
});

test("404: a batch of another organization is none, and its list has only its own", async () => {
  const [own, other] = [await tests.organization(0), await tests.organization(0)];
  const given = made(await batch(own, [{}], { externalId: "seen" }));
  for (const id of [given.id, "external:seen", "batch_unknown"]) {
    assert.equal((await other.call("GET", `${path}/${id}`)).status, 404);
    assert.equal((await other.call("GET", `${path}/${id}/rows`)).status, 404);
    assert.equal((await other.call("POST", `${path}/${id}/cancel`)).status, 404);
  }
  assert.deepEqual(made(await other.call("GET", path)).data, []);
  assert.deepEqual(made(await own.call("GET", `${path}?status=accepted`)).data, [given]);
  assert.deepEqual(made(await own.call("GET", `${path}?status=completed`)).data, []);
});

test("rows come in pages, in their order; a foreign cursor is a 400, and behind the last row is nothing", async () => {
  const own = await tests.organization(0);
  const given = made(
    await batch(
      own,
      Array.from({ length: 12 }, () => ({})),
    ),
  );
  const seen: number[] = [];
  for (let cursor = ""; ; ) {
    const page = made(await own.call("GET", `${path}/${given.id}/rows?limit=5${cursor}`));
    seen.push(...page.data.map(({ row }: CardBody) => row));
    if (page.nextCursor === null) break;
    cursor = `&cursor=${page.nextCursor}`;
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 12 }, (_, index) => index + 1),
  );
  const cursor = Buffer.from("1:abc").toString("base64url");
  assert.equal((await own.call("GET", `${path}/${given.id}/rows?cursor=${cursor}`)).status, 400);
  const far = Buffer.from(`1:${"9".repeat(18)}`).toString("base64url");
  assert.deepEqual(made(await own.call("GET", `${path}/${given.id}/rows?cursor=${far}`)).data, []);
});

test("results are all rows as JSON or CSV, and the batch comes last", async () => {
  const own = await tests.organization(100);
  const typeId = await tests.program();
  const good = { typeId, ...names, initialBalance: 1 };
  const bad = { typeId, firstName: "Ada" };
  const rows = Array.from({ length: 600 }, (_, index) => (index % 10 === 0 ? good : bad));
  const given = made(await batch(own, rows));
  await work(own);
  const at = `${path}/${given.id}/results`;
  const whole = made(await own.call("GET", at));
  assert.deepEqual(whole.batch, await read(own, given));
  assert.deepEqual(whole.rows.slice(0, 100), await rowsOf(own, given));
  assert.deepEqual(
    whole.rows.map(({ row }: CardBody) => row),
    rows.map((_, index) => index + 1),
  );
  const file = await own.call("GET", at, undefined, { headers: { accept: "text/csv" } });
  assert.match(file.headers.get("content-disposition") ?? "", /batch_\w+-results\.csv"$/);
  const [header, first, second, ...rest] = file.body.split("\r\n");
  assert.equal(header, "record,row,status,cardId,fields,codes,messages");
  assert.equal(first, `row,1,issued,${whole.rows[0].cardId},,,`);
  assert.match(
    second,
    /^row,2,failed,,lastName initialBalance,name_required initial_balance_required,/,
  );
  assert.deepEqual(rest.slice(-2), ["closing,600,completed,,,,", ""]);
  assert.equal(rest.length, 600);
  assert.equal((await own.call("GET", `${path}/batch_unknown/results`)).status, 404);
});

test("the life cycles and their constraints have the same states", async () => {
  for (const [table, cycle] of [
    ["card_batches", batchLifecycle],
    ["card_batch_rows", batchRowLifecycle],
  ] as const) {
    const words = await wordsOf(server.database.url, `${table}_status_check`);
    assert.deepEqual(words, [...cycle.states].sort());
  }
});
