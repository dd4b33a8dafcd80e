import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../../test/harness/database.ts";
import { dice, extent, proofSeed } from "../../../../test/harness/proof.ts";
import type { CallAnswer, TestOrganization } from "../../../../test/harness/server.ts";
import { workOf } from "../../../../test/harness/work.ts";
import { Refusal } from "../../../foundation/errors/errors.ts";
import type { OrganizationId } from "../../../foundation/ids/ids.ts";
import { codesOf, type Fields, made, names, startCardTests } from "../fixture.ts";
import { readIssue } from "../schema.ts";
import { issueCards } from "./issue.ts";
import type { CardInFull } from "./read.ts";

const tests = await startCardTests();
const { server } = tests;

/** Every row that an issue may leave, by table; what was never committed is not among them. */
async function traces(): Promise<Record<string, number>> {
  const tables = [
    "cards",
    "card_restrictions",
    "card_status_history",
    "ledger_accounts",
    "journal",
    "transfers",
    "vault.card_numbers",
    "vault.pan_hash",
    "subject_keys",
  ];
  const counts = tables.map((table) => `(select count(*)::int from ${table}) as "${table}"`);
  const [row] = await asOwner<Record<string, number>>(
    server.database.url,
    `select ${counts.join(", ")}, (select count(*)::int from event_queue where type <> 'none')
       + (select count(*)::int from events) as events`,
  );
  assert.ok(row);
  return row;
}

type World = {
  readonly own: TestOrganization;
  readonly typeIds: readonly (string | null)[];
  readonly customerIds: readonly (string | null)[];
  readonly budgetIds: readonly (string | null)[];
  readonly budgetTypeIds: readonly (string | null)[];
};

type Programs = { readonly typeIds: readonly string[]; readonly inactive: string };

/** Programs of every kind that issuing distinguishes. */
async function makePrograms(): Promise<Programs> {
  const budgetTerms = { model: "budgetCard", fees: { issuance: 30 } };
  const strict = { requiresCustomer: true, requiresAccess: true, minimumLevel: "advanced" };
  const typeIds = [
    await tests.program({ fees: { issuance: 70 }, maximumBalance: 900 }),
    await tests.program({ minimumInitialBalance: 100, initialCardStatus: "blocked" }),
    await tests.program({ requiresCustomer: true, cardsPerCustomer: 3 }),
    await tests.program({ requiresCustomer: true, restrictedNationalities: ["FRA"] }),
    await tests.program({ requiresCustomer: true, accessGrant: "automatic", requiresAccess: true }),
    await tests.program(strict),
    await tests.program({ availability: "listed", organizationIds: [] }),
    await tests.program({ currency: "USD" }),
    await tests.program(budgetTerms),
    await tests.program({ ...budgetTerms, requiresCustomer: true }),
  ];
  const inactive = await tests.program();
  made(await server.call("PATCH", `/card-programs/${inactive}`, { status: "inactive" }));
  return { typeIds, inactive };
}

/** An organization with customers and budgets of every kind that issuing distinguishes. */
async function makeWorld({ typeIds, inactive }: Programs, available = 150_000): Promise<World> {
  const own = await tests.organization(available);
  const customerIds = [
    await tests.customer(own),
    await tests.customer(own, { nationality: "FRA", firstName: "Eva" }),
    await tests.customer(own, {}, null),
    await tests.customer(own, {}, { path: "hold", body: { reason: "sanctions" } }),
  ];
  for (const id of customerIds.slice(0, 2)) {
    made(await own.call("POST", `/customers/${id}/access-requests`, { typeId: typeIds[4] }));
  }
  const budgets = [typeIds[8], typeIds[8], typeIds[9]].map(async (typeId, index) => {
    const body = { name: `Budget ${index}`, currency: "EUR", typeIds: [typeId] };
    return made(await own.call("POST", "/budgets", body)).id;
  });
  const budgetIds = await Promise.all(budgets);
  made(await own.call("POST", `/budgets/${budgetIds[1]}/freeze`, {}));
  return {
    own,
    typeIds: [...typeIds, ...typeIds, inactive, "prog_none", null],
    customerIds: [...customerIds, customerIds[0] ?? null, "cus_none", null, null, null],
    budgetIds: [...budgetIds, ...budgetIds, "bud_none", null],
    budgetTypeIds: typeIds.slice(8, 10),
  };
}

const seed = proofSeed();

/** A request that is right in most parts, so that many succeed and few conditions stand alone. */
function randomRequest(world: World, { roll, pick, chance }: ReturnType<typeof dice>): Fields {
  const typeId = pick(world.typeIds);
  const fromBudget = world.budgetTypeIds.includes(typeId);
  const body = {
    typeId,
    customerId: pick(world.customerIds),
    firstName: chance(0.7) ? pick([...sure, ...sure, "ada", "Eva", "4711", " "]) : null,
    lastName: chance(0.7) ? pick(["Example", "Example", "Example", "Example", "Test"]) : null,
    initialBalance: chance(fromBudget ? 0.1 : 0.9) ? pick([0, 100, 250, 900, 901, 5_000]) : null,
    budgetId: chance(fromBudget ? 0.9 : 0.1) ? pick(world.budgetIds) : null,
    externalId: chance(0.4) ? `card ${roll(100)}` : null,
    currency: chance(0.2) ? pick(["EUR", "EUR", "USD"]) : null,
  };
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
}

const sure = ["Ada", "Ada", "Ada", "Ada"];

test(`preflight and issue agree on 1,000 random requests (seed ${seed})`, async () => {
  const world = await makeWorld(await makePrograms());
  const deal = dice(seed);
  const outcomes = new Map<string, number>();
  for (let round = 0; round < extent(1_000, 20_000); round += 1) {
    const body = randomRequest(world, deal);
    const preflight = made(await world.own.call("POST", "/cards/preflight", body));
    const issue = await world.own.call("POST", "/cards", body);
    const said = JSON.stringify({ body, preflight, issue: issue.body });
    assert.equal(issue.status, preflight.eligible ? 201 : 422, said);
    const unmet = preflight.unmet.map(({ code }: Fields) => code);
    assert.deepEqual(preflight.eligible ? [] : codesOf(issue), unmet, said);
    for (const outcome of preflight.eligible ? ["issued"] : unmet) {
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    // The money comes back now and then, so that want of it is one condition among others.
    if (round % 100 === 99) {
      made(
        await world.own.call("POST", "/simulations/deposits", { amount: 20_000, currency: "EUR" }),
      );
    }
  }
  console.log(JSON.stringify(Object.fromEntries(outcomes)));
  assert.ok((outcomes.get("issued") ?? 0) >= 25, "enough of them were issued");
  assert.ok(outcomes.size >= 18, `conditions seen: ${[...outcomes.keys()]}`);
  await tests.lawsHold(world.own);
});

test("A9: cards issued together in one batch are those issued one by one in that order", async () => {
  const programs = await makePrograms();
  // Too little money for all, so that the order decides.
  const [together, alone] = [await makeWorld(programs, 1_500), await makeWorld(programs, 1_500)];
  const outcomes = await Promise.all(
    [together, alone].map(async (world, which) => {
      const deal = dice(seed + 1);
      // One in thirteen can be issued: of so many some are, whatever the dice say.
      const bodies = Array.from({ length: 240 }, () => ({
        ...randomRequest(world, deal),
        ...(deal.chance(0.5) ? { externalId: `card ${deal.roll(20)}` } : {}),
      }));
      return which === 0 ? issueTogether(world.own, bodies) : issueAlone(world.own, bodies);
    }),
  );
  assert.deepEqual(outcomes[0], outcomes[1]);
  assert.ok(outcomes[0]?.includes("issued") && outcomes[0].some((each) => each !== "issued"));
  await tests.lawsHold(together.own);
});

/** What became of a request: the codes in the way, or that it was issued. */
const outcomeOf = (issued: CardInFull | Refusal): string =>
  issued instanceof Refusal ? issued.problems.map(({ code }) => code).join(" ") : "issued";

function issueTogether(own: TestOrganization, bodies: readonly Fields[]): Promise<string[]> {
  const organizationId = own.id as OrganizationId;
  return server.database.app.transaction(async (sql) => {
    const work = workOf(sql, organizationId, server.context.keys);
    const commands = bodies.map((body) => ({ work, request: readIssue(body) }));
    return (await issueCards(commands)).map(outcomeOf);
  });
}

async function issueAlone(own: TestOrganization, bodies: readonly Fields[]): Promise<string[]> {
  const outcomes: string[] = [];
  for (const body of bodies) outcomes.push(...(await issueTogether(own, [body])));
  return outcomes;
}

test("batches that draw from one small range at the same time never wait for each other in a circle", async () => {
  const typeId = await tests.program({ bin: "99990066", numberRange: { from: 0, to: 119 } });
  const owners = await Promise.all(Array.from({ length: 8 }, () => tests.organization()));
  const outcomes = await Promise.all(
    owners.map((own) => {
      const body = { typeId, ...names, initialBalance: 1 };
      return issueTogether(
        own,
        Array.from({ length: 14 }, () => body),
      );
    }),
  );
  assert.deepEqual(new Set(outcomes.flat()), new Set(["issued"]));
});

test("503: of many at once in a range of 5 numbers, 5 are issued and the others leave nothing", async () => {
  const own = await tests.organization();
  const typeId = await tests.program({ bin: "99990099", numberRange: { from: 10, to: 14 } });
  const before = await traces();
  const body = { typeId, ...names, initialBalance: 1 };
  const answers = await Promise.all(
    Array.from({ length: 24 }, () => own.call("POST", "/cards", body)),
  );
  const said = answers.map((answer) => answer.body.code ?? answer.status).sort();
  const full = Array.from({ length: 19 }, () => "number_range_exhausted");
  assert.deepEqual(said, [...Array.from({ length: 5 }, () => 201), ...full].sort());
  const after = await traces();
  for (const table of ["cards", "vault.card_numbers", "transfers"]) {
    assert.equal((after[table] ?? 0) - (before[table] ?? 0), 5, table);
  }
  await tests.lawsHold(own);
});

test("preflight writes nothing", async () => {
  const own = await tests.organization();
  const typeId = await tests.program({ fees: { issuance: 5 } });
  const before = await traces();
  for (const body of [{ typeId, ...names, initialBalance: 5 }, { typeId: "prog_none" }]) {
    assert.equal((await own.call("POST", "/cards/preflight", body)).status, 200);
  }
  assert.deepEqual(await traces(), before);
});

test("a refused issue leaves nothing: no number, no account, no event", async () => {
  const own = await tests.organization(100);
  const typeId = await tests.program({ fees: { issuance: 5 } });
  const before = await traces();
  const answer = await own.call("POST", "/cards", { typeId, ...names, initialBalance: 96 });
  assert.deepEqual(codesOf(answer), ["insufficient_organization_balance"]);
  assert.deepEqual(await traces(), before);
});

/** Makes the database refuse one table's rows, as a fault in the middle of the work would. */
async function breaking(table: string, act: () => Promise<void>): Promise<void> {
  const name = `broken_${table.replace(".", "_")}`;
  await asOwner(
    server.database.url,
    `create function ${name}() returns trigger language plpgsql as
       $$ begin raise exception 'broken on purpose'; end $$;
     create trigger ${name} before insert on ${table} for each row execute function ${name}()`,
  );
  try {
    await act();
  } finally {
    await asOwner(server.database.url, `drop trigger ${name} on ${table}; drop function ${name}()`);
  }
}

for (const table of ["journal", "transfers", "cards", "card_status_history", "event_queue"]) {
  test(`a fault after the number was stored leaves nothing half done: ${table}`, async () => {
    const own = await tests.organization(10_000);
    const typeId = await tests.program({ fees: { issuance: 5 } });
    const body = { typeId, ...names, initialBalance: 100, externalId: "again" };
    const before = await traces();
    await breaking(table, async () => {
      const answer = await own.call("POST", "/cards", body, { idempotencyKey: `key ${table}` });
      assert.equal(answer.status, 500, JSON.stringify(answer.body));
      assert.doesNotMatch(JSON.stringify(answer.body), /broken on purpose/);
    });
    assert.deepEqual(await traces(), before);
    assert.equal(await tests.available(own), 10_000);
    made(await own.call("POST", "/cards", body, { idempotencyKey: `key ${table}` }));
    assert.equal(await tests.available(own), 9_895);
    await tests.lawsHold(own);
  });
}

test("the fee or balance that fails because another took the money leaves nothing half done", async () => {
  const own = await tests.organization(1_000);
  const typeId = await tests.program({ fees: { issuance: 10 } });
  const before = await traces();
  const body = { typeId, ...names, initialBalance: 240 };
  const answers = await Promise.all(
    Array.from({ length: 12 }, () => own.call("POST", "/cards", body)),
  );
  const refused = answers.filter(({ status }) => status !== 201);
  assert.equal(answers.length - refused.length, 4);
  for (const answer of refused) {
    assert.deepEqual(codesOf(answer), ["insufficient_organization_balance"]);
  }
  const after = await traces();
  const grew = (table: string) => (after[table] ?? 0) - (before[table] ?? 0);
  assert.deepEqual(
    ["cards", "vault.card_numbers", "vault.pan_hash", "transfers", "ledger_accounts"].map(grew),
    [4, 4, 4, 8, 8],
  );
  assert.equal(await tests.available(own), 0);
  await tests.lawsHold(own);
});

test("B1: 60 at once for a customer who may have 5 cards: exactly 5 are issued", async () => {
  const own = await tests.organization();
  const typeId = await tests.program({ requiresCustomer: true, cardsPerCustomer: 5 });
  const customerId = await tests.customer(own);
  const answers = await Promise.all(
    Array.from({ length: 60 }, () =>
      own.call("POST", "/cards", { typeId, customerId, initialBalance: 1 }),
    ),
  );
  assert.equal(answers.filter(({ status }) => status === 201).length, 5);
  for (const answer of answers.filter(({ status }) => status !== 201)) {
    assert.deepEqual(codesOf(answer), ["card_limit_reached"]);
  }
});

test("B1: 30 at once with one external id: exactly one is issued, the others say why", async () => {
  const own = await tests.organization();
  const typeId = await tests.program();
  const body = { typeId, ...names, initialBalance: 1, externalId: "one" };
  const answers = await Promise.all(
    Array.from({ length: 30 }, () => own.call("POST", "/cards", body)),
  );
  assert.equal(answers.filter(({ status }) => status === 201).length, 1);
  for (const answer of answers.filter(({ status }) => status !== 201)) {
    assert.deepEqual([answer.status, codesOf(answer)], [422, ["external_id_taken"]]);
  }
  await tests.lawsHold(own);
});

/** All of these answers came from one piece of work, or say that it is still running. */
function onceOnly(answers: readonly CallAnswer[]): void {
  const done = answers.filter(({ status }) => status === 201);
  assert.equal(new Set(done.map(({ body }) => body.id)).size, 1);
  assert.equal(done.filter(({ headers }) => !headers.get("idempotency-replayed")).length, 1);
  for (const { status, body } of answers.filter((answer) => answer.status !== 201)) {
    assert.deepEqual([status, body.code], [409, "idempotency_in_progress"]);
  }
}

test("B3: the same idempotency key 50 times in parallel issues one card", async () => {
  const own = await tests.organization(10_000);
  const typeId = await tests.program({ fees: { issuance: 5 } });
  const body = { typeId, ...names, initialBalance: 100 };
  const send = () => own.call("POST", "/cards", body, { idempotencyKey: "issue once" });
  onceOnly(await Promise.all(Array.from({ length: 50 }, send)));
  assert.equal(made(await own.call("GET", "/cards")).data.length, 1);
  assert.equal(await tests.available(own), 9_895);
  assert.equal((await send()).headers.get("idempotency-replayed"), "true");
});

test("B3: the same idempotency key 50 times in parallel tops up once", async () => {
  const own = await tests.organization(20_000);
  const card = await tests.card(own);
  const send = () =>
    own.call("POST", `/cards/${card.id}/top-up`, { amount: 7 }, { idempotencyKey: "top up once" });
  onceOnly(await Promise.all(Array.from({ length: 50 }, send)));
  assert.equal(made(await own.call("GET", `/cards/${card.id}`)).balances.available, 10_007);
});
