import assert from "node:assert/strict";
import test, { after } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { send } from "../crash/load.ts";
import { asOwner } from "../harness/database.ts";
import { newServerFolder, removeFolder, startProcess, stopProcess } from "../harness/process.ts";
import { fixtureKeys, fixtureSecrets } from "./keys.ts";
import { releasedDatabase } from "./release.ts";

/** C12: this release's server, started on the data of the first one, works on with everything. */
const url = await releasedDatabase("0014");
const folder = await newServerFolder();
const environment = { DATABASE_URL: url, CARDWRIGHT_KEYS: fixtureKeys() };
const server = await startProcess(folder, environment);
after(async () => {
  await stopProcess(server);
  await removeFolder(folder);
});

// biome-ignore lint/suspicious/noExplicitAny: looks into answers of every route.
type Body = any;

/** @returns the answer, which must have that status. */
async function ask(
  method: string,
  path: string,
  body?: object,
  wanted = 200,
  key?: string,
): Promise<Body> {
  const answer = await send(server.facts, method, path, body, key);
  assert.equal(answer.status, wanted, `${method} ${path}: ${answer.body}`);
  return JSON.parse(answer.body);
}

const asPlatform = (method: string, path: string): Promise<Body> => {
  const facts = { ...server.facts, apiKey: server.facts.platformKey };
  return send(facts, method, path).then(({ body }) => JSON.parse(body));
};

async function everyPage(path: string): Promise<Body[]> {
  const found: Body[] = [];
  const join = path.includes("?") ? "&" : "?";
  for (let cursor = ""; ; ) {
    const page = await ask("GET", `${path}${join}limit=100${cursor}`);
    found.push(...page.data);
    if (page.nextCursor === null) return found;
    cursor = `&cursor=${encodeURIComponent(page.nextCursor)}`;
  }
}

test("the keys of the old installation open the new server", () => {
  assert.equal(server.facts.apiKey, fixtureSecrets().apiKey);
  assert.equal(server.facts.platformKey, fixtureSecrets().platformKey);
});

test("every old card, customer, budget, transfer, event and entry is read", async () => {
  const count = async (table: string) => {
    const [row] = await asOwner<{ count: string }>(
      url,
      `select count(*) from ${table} where organization_id = '${server.facts.organizationId}'`,
    );
    return Number(row?.count);
  };
  const lists = { customers: "customers", budgets: "budgets", transfers: "transfers" };
  for (const [path, table] of Object.entries(lists)) {
    assert.equal((await everyPage(path)).length, await count(table), path);
  }
  const cards = [...(await everyPage("cards")), ...(await everyPage("cards?status=deleted"))];
  assert.equal(new Set(cards.map(({ id }) => id)).size, await count("cards"));
  for (const card of cards) assert.deepEqual(await ask("GET", `cards/${card.id}`), card);
  assert.equal((await everyPage("ledger/entries")).length, await count("journal"));
  const events = (await ask("GET", "events?limit=100")).data;
  const issued = events.find(({ type }: { type: string }) => type === "card.issued");
  assert.equal(issued.data.object.cardholder.firstName, "Grace", "what is personal is opened");
});

test("an old answer under its idempotency key is given again", async () => {
  const body = { amount: 250, note: "For the train" };
  const path = "cards/external:first-tokyo/top-up";
  const answer = await send(server.facts, "POST", path, body, "top-up");
  assert.equal(answer.status, 201, answer.body);
  assert.ok(answer.replayed);
});

test("old cards are found by label, name and external id", async () => {
  const found = async (q: string) => (await ask("GET", `cards?search=${q}`)).data;
  assert.equal((await found("tRAIN"))[0].externalId, "first-tokyo");
  assert.equal((await found("first-n"))[0].externalId, "first-new-york");
  assert.ok((await found("grace%20sam")).length > 10);
});

test("an old card is topped up, withdrawn from, frozen, thawed, and its money adds up", async () => {
  const card = "cards/external:first-tokyo";
  const before = (await ask("GET", card)).balances.available;
  await ask("POST", `${card}/top-up`, { amount: 321 }, 201);
  await ask("POST", `${card}/withdraw`, { amount: 21 }, 201);
  assert.equal((await ask("GET", card)).balances.available, before + 300);
  assert.equal((await ask("POST", `${card}/freeze`, {})).status, "frozen");
  assert.equal((await ask("POST", `${card}/unfreeze`, {})).status, "active");
  const old = await ask("GET", "cards/external:frozen-twice");
  assert.equal(old.restrictions.length, 2);
  for (const requestedBy of ["organization", "cardholder"]) {
    await ask("POST", `cards/${old.id}/unfreeze`, { requestedBy });
  }
  assert.equal((await ask("GET", `cards/${old.id}`)).status, "active");
  const stopped = await ask("POST", "cards/external:compliance/withdraw", { amount: 1 }, 409);
  assert.equal(stopped.code, "compliance_restriction");
});

test("an old transfer is reversed once", async () => {
  const [old] = (
    await ask("GET", "transfers?kind=card_withdrawal&status=completed&limit=100")
  ).data.filter(({ amount }: { amount: number }) => amount === 40);
  assert.equal((await ask("POST", `transfers/${old.id}/reverse`, {}, 201)).amount, 40);
  await ask("POST", `transfers/${old.id}/reverse`, {}, 409);
});

test("an old card is replaced and keeps its account; the replacement is deleted and swept", async () => {
  const path = "cards/external:first-new-york";
  const old = await ask("GET", path);
  const fresh = await ask("POST", `${path}/replace`, { reason: "lost" }, 201);
  const card = fresh.card ?? fresh;
  assert.equal(card.balances.available, old.balances.available);
  assert.equal((await ask("GET", `cards/${old.id}`)).status, "deleted");
  const deleted = await ask("DELETE", `cards/${card.id}`);
  assert.equal(deleted.sweep.amount, old.balances.available);
});

test("an old budget is topped up, gets a sub-budget, and a card from it", async () => {
  const budget = await ask("GET", "budgets/external:first-budget");
  await ask("POST", `budgets/${budget.id}/top-up`, { amount: 500 }, 201);
  const { typeIds, currency } = budget;
  const below = { name: "Below", currency, typeIds, parentId: budget.id };
  const child = await ask("POST", "budgets", below, 201);
  await ask("POST", `budgets/${child.id}/top-up`, { amount: 90 }, 201);
  const after = await ask("GET", `budgets/${budget.id}`);
  assert.equal(after.balances.available, budget.balances.available + 500 - 90);
  const card = { typeId: typeIds[0], budgetId: child.id, firstName: "Ada", lastName: "Example" };
  await ask("POST", "cards", card, 201);
});

type Statement = {
  readonly opening: { readonly posted: number };
  readonly lines: readonly { readonly postedChange: number }[];
  readonly closing: { readonly posted: number };
};

test("statements over old and new movements reconcile, from the first day and from the middle", async () => {
  // A statement is of a period that is over.
  await sleep(500);
  const cards = (await everyPage("cards?model=card")).map(({ id }) => `cards/${id}/statements`);
  const budgets = (await everyPage("budgets")).map(({ id }) => `budgets/${id}/statements`);
  const middle = encodeURIComponent("2027-02-15T00:00:00Z");
  let lines = 0;
  for (const path of ["statements?currency=EUR", ...cards, ...budgets]) {
    const join = path.includes("?") ? "&" : "?";
    const whole: Statement = await ask("GET", path);
    const first: Statement = await ask("GET", `${path}${join}to=${middle}`);
    const second: Statement = await ask("GET", `${path}${join}from=${middle}`);
    for (const { opening, lines, closing } of [whole, first, second]) {
      const moved = lines.reduce((sum, line) => sum + line.postedChange, 0);
      assert.equal(opening.posted + moved, closing.posted, path);
    }
    assert.equal(whole.opening.posted, 0);
    assert.equal(first.closing.posted, second.opening.posted, path);
    assert.equal(second.closing.posted, whole.closing.posted, path);
    assert.equal(first.lines.length + second.lines.length, whole.lines.length, path);
    lines += whole.lines.length;
  }
  assert.ok(lines > 60, `${lines} lines`);
});

test("the laws of every organization hold over old and new, and no job fails", async () => {
  await sleep(500);
  assert.equal((await ask("GET", "ledger/invariants")).holds, true);
  const { data } = await asPlatform("GET", "organizations");
  assert.ok(data.length >= 4);
  for (const { id } of data) {
    const report = await asPlatform("GET", `ledger/invariants?organizationId=${id}`);
    assert.equal(report.holds, true, JSON.stringify(report));
  }
  const failing = await asOwner(url, "select name from job_runs where failures_in_a_row > 0");
  assert.deepEqual(failing, []);
  const charged = await asOwner(url, "select from due_fees");
  assert.deepEqual(charged, [], "no month of the past is charged");
});
