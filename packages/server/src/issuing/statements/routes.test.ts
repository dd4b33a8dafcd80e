import assert from "node:assert/strict";
import test from "node:test";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { furnish } from "../../../test/harness/furnish.ts";
import { dice, extent, proofSeed } from "../../../test/harness/proof.ts";
import { startTestServer } from "../../../test/harness/server.ts";
import { spendingOf } from "../../../test/harness/spending.ts";
import { statementSchema } from "./schema.ts";

const server = await startTestServer();
const ajv = new Ajv({ allErrors: true });
addFormats.default(ajv);
const isStatement = ajv.compile(statementSchema);

type Line = { kind: string; direction: string; amount: number; postedChange: number } & {
  owedChange: number | null;
  posted: number;
  owed: number | null;
  sequence: number;
  recordedAt: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into any field.
  [field: string]: any;
};

async function furnished() {
  const own = await furnish(server);
  const { card, budget } = own.objects;
  const account = (type: "card" | "budget", ownerId: string) =>
    spendingOf(server, own.id, { type, ownerId, currency: "EUR" });
  await server.sequence();
  return { ...own, card: account("card", card), budget: account("budget", budget) };
}

/** The instant right after the last record: the end of a period that has all of them. */
async function nowAfter(call: Awaited<ReturnType<typeof furnished>>["call"]): Promise<string> {
  await server.sequence();
  const { body } = await call("GET", "/ledger/entries?limit=1");
  return new Date(Date.parse(body.data[0].recordedAt) + 1).toISOString();
}

/** Waits until an instant has passed, so that a period may end there. */
const passed = async (instant: string) => {
  while (Date.now() <= Date.parse(instant)) await new Promise((resolve) => setTimeout(resolve, 2));
};

function addsUp(statement: {
  opening: { posted: number; owed: number };
  closing: { posted: number; owed: number };
  lines: Line[];
}): void {
  let { posted, owed } = statement.opening;
  for (const line of statement.lines) {
    posted += line.postedChange;
    owed += line.owedChange ?? 0;
    assert.equal(line.posted, posted);
    if (line.owed !== null) assert.equal(line.owed, owed);
    assert.ok(line.amount > 0);
  }
  assert.equal(posted, statement.closing.posted);
  if (statement.lines.every((line) => line.owed !== null))
    assert.equal(owed, statement.closing.owed);
}

test("a card's statement leads from its opening to its closing: top-up, capture, refund, fee of none", async () => {
  const { call, objects, card } = await furnished();
  await call("POST", `/cards/${objects.card}/top-up`, { amount: 500, note: '=lunch, "money"' });
  const hold = await card.hold(300n);
  await card.capture(hold, 250n);
  await card.refund(20n);
  await server.sequence();
  const { status, body } = await call("GET", `/cards/${objects.card}/statements`);
  assert.equal(status, 200);
  assert.ok(isStatement(body), JSON.stringify(isStatement.errors));
  addsUp(body);
  assert.deepEqual(
    body.lines.map((line: Line) => [line.kind, line.direction, line.amount, line.posted]),
    [
      ["top_up", "credit", 10_000, 10_000],
      ["top_up", "credit", 500, 10_500],
      ["capture", "debit", 250, 10_250],
      ["refund", "credit", 20, 10_270],
    ],
  );
  const [, topUp, capture] = body.lines;
  assert.equal(topUp.note, '=lunch, "money"');
  assert.match(topUp.transferId, /^trf_/);
  assert.deepEqual(topUp.counterpart.type, "organization_available");
  assert.equal(capture.holdId, hold);
  assert.equal(capture.cardId, objects.card);
  assert.equal(capture.counterpart.type, "network_settlement");
  assert.deepEqual(body.totals, { lines: 4, debits: "250", credits: "10520" });
  assert.deepEqual(body.subject, { type: "card", id: objects.card });
  assert.equal(body.period.from, null);
});

test("what is owed is on the statement: the forced debit that made it, and what paid it, in one line", async () => {
  const { call, objects, card } = await furnished();
  await card.force(10_400n);
  await call("POST", `/cards/${objects.card}/top-up`, { amount: 150 });
  await call("POST", `/cards/${objects.card}/top-up`, { amount: 300 });
  await server.sequence();
  const { body } = await call("GET", `/cards/${objects.card}/statements`);
  addsUp(body);
  assert.deepEqual(
    body.lines.slice(1).map((line: Line) => [line.kind, line.postedChange, line.owedChange]),
    [
      ["forced_debit", -10_000, 0],
      ["forced_debit", 0, 400],
      ["top_up", 150, 0],
      ["receivable_repaid", -150, -150],
      ["top_up", 300, 0],
      ["receivable_repaid", -250, -250],
    ],
  );
  const [repaid] = body.lines.filter((line: Line) => line.kind === "receivable_repaid");
  assert.deepEqual(repaid.counterpart, { type: "receivable", id: objects.card });
  assert.equal(repaid.direction, "debit");
  assert.deepEqual([body.closing.posted, body.closing.owed], [50, 0]);
});

test("a budget's and an organization's statements lead from opening to closing too", async () => {
  const { call, objects, budget } = await furnished();
  await budget.force(50_010n);
  await call("POST", `/budgets/${objects.budget}/top-up`, { amount: 100 });
  await call("POST", `/budgets/${objects.budget}/withdraw`, { amount: 40 });
  await server.sequence();
  const ofBudget = (await call("GET", `/budgets/${objects.budget}/statements`)).body;
  addsUp(ofBudget);
  assert.deepEqual([ofBudget.closing.posted, ofBudget.closing.owed], [50, 0]);
  const { status, body } = await call("GET", "/statements?currency=EUR");
  assert.equal(status, 200);
  assert.ok(isStatement(body), JSON.stringify(isStatement.errors));
  addsUp(body);
  assert.equal(body.closing.posted, (await call("GET", "/balances")).body.balances[0].posted);
  assert.ok(body.lines.length >= 4 && body.lines.every((line: Line) => line.owed === null));
  const none = await call("GET", "/statements?currency=JPY");
  assert.deepEqual([none.body.lines, none.body.closing.posted], [[], 0]);
});

test("periods take the first instant in and leave the last out, and adjoin without gap or overlap", async () => {
  const { call, objects, card } = await furnished();
  for (const amount of [1n, 2n, 3n]) {
    await card.refund(amount);
    await server.sequence();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const path = `/cards/${objects.card}/statements`;
  const whole = (await call("GET", path)).body;
  const times = whole.lines.map((line: Line) => line.recordedAt);
  const [, first, second, third] = times;
  const part = async (from: string, to: string) =>
    (await call("GET", `${path}?from=${from}&to=${to}`)).body;
  const middle = await part(first, third);
  assert.deepEqual(
    middle.lines.map((line: Line) => line.amount),
    [1, 2],
  );
  addsUp(middle);
  const halves = [await part(first, second), await part(second, third)];
  assert.deepEqual(halves[0].closing, halves[1].opening);
  assert.deepEqual([...halves[0].lines, ...halves[1].lines], middle.lines);
  const empty = await part(second, second);
  assert.deepEqual([empty.lines, empty.opening], [[], empty.closing]);
  const [finer] = [second.replace("Z", "0001Z")];
  assert.deepEqual((await part(first, finer)).lines, middle.lines, "before a finer instant");
});

for (const format of ["json", "jsonl", "csv", "pdf"]) {
  test(`a statement about a past period has the same bytes later: ${format}`, async () => {
    const { call, objects, card } = await furnished();
    await card.force(10_050n);
    await call("POST", `/cards/${objects.card}/top-up`, { amount: 70, note: "before" });
    const to = await nowAfter(call);
    await passed(to);
    const key = await server.newKey(null, ["funds:read"]);
    const bytes = async () => {
      const path = `${server.url}/v1/cards/${objects.card}/statements?to=${to}&format=${format}`;
      const answer = await fetch(path, { headers: { authorization: `Bearer ${key}` } });
      assert.equal(answer.status, 200);
      return Buffer.from(await answer.arrayBuffer());
    };
    const before = await bytes();
    await card.refund(5n);
    await call("PATCH", `/cards/${objects.card}`, { label: "another" });
    const [{ id: last }] = (await call("GET", "/transfers?kind=card_top_up&limit=1")).body.data;
    await call("POST", `/transfers/${last}/reverse`, {});
    await server.sequence();
    assert.ok(before.length > 500);
    assert.ok(before.equals(await bytes()));
  });
}

test("422: a period that is not over; 400: one that ends before it begins, and a wrong field", async () => {
  const { call, objects } = await furnished();
  const path = `/cards/${objects.card}/statements`;
  const future = await call("GET", `${path}?to=2999-01-01T00:00:00Z`);
  assert.deepEqual(
    [future.status, future.body.code, future.body.errors[0].field],
    [422, "as_of_in_future", "to"],
  );
  const backwards = await call("GET", `${path}?from=2020-01-02T00:00:00Z&to=2020-01-01T00:00:00Z`);
  assert.deepEqual([backwards.status, backwards.body.errors[0].field], [400, "from"]);
  for (const query of ["from=yesterday", "format=xml", "currency=EUR", "limit=5"]) {
    const { status, body } = await call("GET", `${path}?${query}`);
    assert.deepEqual([status, body.errors[0].field], [400, query.split("=")[0]]);
  }
  const none = await call("GET", "/statements");
  assert.deepEqual([none.status, none.body.errors[0].field], [400, "currency"]);
});

test("409: a budget card has no account; its budget's statement has its movements", async () => {
  const { call, objects } = await furnished();
  const { status, body } = await call("GET", `/cards/${objects.budgetCard}/statements`);
  assert.deepEqual([status, body.code], [409, "budget_card_without_account"]);
});

test("200: the platform reads any card's and budget's statement, and an organization's that it names", async () => {
  const { id, objects } = await furnished();
  for (const path of [
    `/cards/${objects.card}/statements`,
    `/budgets/${objects.budget}/statements`,
    `/statements?currency=EUR&organizationId=${id}`,
  ]) {
    const { status, body } = await server.call("GET", path);
    assert.deepEqual([status, body.organizationId], [200, id], path);
    addsUp(body);
  }
  const unnamed = await server.call("GET", "/statements?currency=EUR");
  assert.deepEqual([unnamed.status, unnamed.body.errors[0].field], [400, "organizationId"]);
  const unknown = await server.call("GET", "/statements?currency=EUR&organizationId=org_0");
  assert.deepEqual([unknown.status, unknown.body.code], [422, "organization_not_found"]);
});

test("JSON Lines say opening, lines and closing with its counts", async () => {
  const { call, objects, card } = await furnished();
  await card.refund(5n);
  await server.sequence();
  const path = `/cards/${objects.card}/statements`;
  const { body, headers } = await call("GET", `${path}?format=jsonl`);
  assert.equal(headers.get("content-type"), "application/x-ndjson; charset=utf-8");
  const records = (body as string)
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    records.map(({ record }) => record),
    ["opening", "line", "line", "closing"],
  );
  const whole = (await call("GET", path)).body;
  const { record: _, ...line } = records[1];
  assert.deepEqual(line, whole.lines[0]);
  assert.deepEqual(records.at(-1).totals, whole.totals);
});

test("G10: CSV has a header, a record a line, the closing last, and no text that is a formula", async () => {
  const { call, objects } = await furnished();
  for (const note of ["=1+1", "@cmd", "+49 30", "-5", "\tx", 'say "a, b"\nnext']) {
    await call("POST", `/cards/${objects.card}/top-up`, { amount: 1, note });
  }
  await server.sequence();
  const { body } = await call("GET", `/cards/${objects.card}/statements?format=csv`);
  const text = body as string;
  const records = text.split("\r\n");
  assert.match(records[0] ?? "", /^record,sequence,recordedAt,kind,.*,note$/);
  assert.match(records[1] ?? "", /^opening,,,,,,,,,0,0,EUR,/);
  assert.equal(
    records.length,
    3 + 7 + 1,
    "header, opening, closing, and 7 lines, each with its end",
  );
  assert.match(records.at(-2) ?? "", /^closing,,2.*,10006,0,EUR,.*,7 lines$/);
  assert.ok(text.includes(',"say ""a, b""\nnext"\r\n'));
  for (const cell of text.replaceAll(/"(?:[^"]|"")*"/g, "quoted").split(/,|\r\n/)) {
    assert.ok(!/^[=+@\t\r]/.test(cell) && (!cell.startsWith("-") || /^-\d+$/.test(cell)), cell);
  }
});

test("a PDF is one, with as many pages as its lines need", async () => {
  const { call, objects, card } = await furnished();
  for (let line = 0; line < 30; line += 1) await card.refund(1n);
  await server.sequence();
  const { body, headers } = await call("GET", `/cards/${objects.card}/statements?format=pdf`);
  assert.equal(headers.get("content-type"), "application/pdf");
  assert.match(
    headers.get("content-disposition") ?? "",
    /^attachment; filename="statement-card_.*\.pdf"$/,
  );
  const text = body as string;
  assert.ok(text.startsWith("%PDF-") && text.trimEnd().endsWith("%%EOF"));
  assert.equal(text.match(/\/Type \/Page\n/g)?.length, 2);
});

test("A6: random movements: any period's statement is what a plain replay of the journal gives", async () => {
  const { roll, pick, chance } = dice(proofSeed());
  const { call, objects, card } = await furnished();
  const holds: string[] = [];
  for (let step = 0; step < extent(120, 2_000); step += 1) {
    const amount = BigInt(1 + roll(3_000));
    const act = pick(["force", "refund", "topUp", "hold", "capture", "release"] as const);
    if (act === "topUp") {
      await call("POST", `/cards/${objects.card}/top-up`, { amount: Number(amount) });
    } else if (act === "hold") {
      await card.hold(amount).then(
        (id) => holds.push(id),
        () => undefined,
      );
    } else if (act === "capture" || act === "release") {
      const id = holds.pop();
      if (id !== undefined) await (act === "capture" ? card.capture(id, amount) : card.release(id));
    } else await card[act](amount);
    if (chance(0.2)) await server.sequence();
  }
  await server.sequence();
  const path = `/cards/${objects.card}/statements`;
  const whole = (await call("GET", path)).body;
  addsUp(whole);
  const shown = (await call("GET", `/cards/${objects.card}`)).body.balances;
  assert.deepEqual(whole.closing, shown);
  const times: string[] = whole.lines.map((line: Line) => line.recordedAt);
  for (let round = 0; round < extent(25, 300); round += 1) {
    const [from = "", to = ""] = [pick(times), pick(times)].sort();
    const { body } = await call("GET", `${path}?from=${from}&to=${to}`);
    addsUp(body);
    const expected = whole.lines.filter(
      ({ recordedAt }: Line) => recordedAt >= from && recordedAt < to,
    );
    assert.deepEqual(body.lines, expected);
    const last = whole.lines.findLast(({ recordedAt }: Line) => recordedAt < from);
    assert.deepEqual(
      [body.opening.posted, body.opening.owed],
      [last?.posted ?? 0, last?.owed ?? 0],
    );
    const before = new Date(Date.parse(to) - 1).toISOString();
    const at = (await call("GET", `/cards/${objects.card}/balances?at=${before}`)).body;
    assert.deepEqual(at.balances, body.closing, "a balance as of an instant is where it closes");
  }
});

test("A6: 200: balances of cards, budget cards and budgets, now and as of the past", async () => {
  const { call, objects, card, budget } = await furnished();
  const before = await nowAfter(call);
  await passed(before);
  await card.hold(400n);
  await budget.force(50_010n);
  await server.sequence();
  const of = async (path: string, query = "") => {
    const { status, body } = await call("GET", `${path}/balances${query}`);
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  };
  const cardPath = `/cards/${objects.card}`;
  const budgetPath = `/budgets/${objects.budget}`;
  const eur = { currency: "EUR", held: 0, owed: 0 };
  assert.deepEqual(await of(cardPath), {
    balances: { ...eur, posted: 10_000, held: 400, available: 9_600 },
    budget: null,
  });
  const then = `?at=${before}`;
  assert.deepEqual((await of(cardPath, then)).balances, {
    ...eur,
    posted: 10_000,
    available: 10_000,
  });
  assert.deepEqual((await of(budgetPath)).balances, { ...eur, posted: 0, available: 0, owed: 10 });
  assert.equal((await of(budgetPath, then)).balances.available, 50_000);
  const pair = { id: objects.budget, available: 50_000 };
  assert.deepEqual(await of(`/cards/${objects.budgetCard}`, then), {
    balances: null,
    budget: pair,
  });
  assert.equal((await of(cardPath, "?sequence=0")).balances.posted, 0);
  const future = await call("GET", `${cardPath}/balances?at=2999-01-01T00:00:00Z`);
  assert.deepEqual([future.status, future.body.code], [422, "as_of_in_future"]);
  const beyond = await call("GET", `${budgetPath}/balances?sequence=9007199254740991`);
  assert.deepEqual([beyond.status, beyond.body.code], [422, "as_of_not_reached"]);
  const both = await call("GET", `${budgetPath}/balances?sequence=1${then.replace("?", "&")}`);
  assert.equal(both.status, 400);
});
