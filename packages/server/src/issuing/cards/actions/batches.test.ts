import assert from "node:assert/strict";
import test from "node:test";
import { dueIn, runJob } from "../../../../test/harness/jobs.ts";
import { type Dice, dice, extent, proofSeed } from "../../../../test/harness/proof.ts";
import type { TestOrganization } from "../../../../test/harness/server.ts";
import { type CardBody, type Fields, made, names, startCardTests } from "../fixture.ts";
import { batchJobs } from "../jobs/batches.ts";

const tests = await startCardTests();
const { server } = tests;
const [job] = batchJobs as [(typeof batchJobs)[0]];
const path = "/cards/batches";

/** What a row of an organization may name: good, bad, and what runs out. */
type Names = {
  readonly types: readonly string[];
  readonly customers: readonly string[];
  readonly budgets: readonly string[];
};

async function worldOf(own: TestOrganization): Promise<Names> {
  const limited = { requiresCustomer: true, cardsPerCustomer: 2, fees: { issuance: 3 } };
  const inactive = await tests.program();
  made(await server.call("PATCH", `/card-programs/${inactive}`, { status: "inactive" }));
  const budget = await tests.budget(own);
  const frozen = await tests.budget(own, { typeIds: [budget.typeId] });
  made(await own.call("POST", `/budgets/${frozen.id}/freeze`, {}));
  return {
    types: [
      await tests.program({ fees: { issuance: 7 } }),
      await tests.program(limited),
      await tests.program({ currency: "USD", fees: { issuance: 1 } }),
      budget.typeId,
      inactive,
      "prog_unknown",
    ],
    customers: [await tests.customer(own), await tests.customer(own, {}, null), "cus_unknown"],
    budgets: [budget.id, frozen.id, "bud_unknown"],
  };
}

function dealRow({ chance, pick, roll }: Dice, named: Names): Fields {
  // The first of each kind is the good one, and most rows have it.
  const some = (list: readonly string[]) => (chance(0.7) ? list[0] : pick(list));
  const typeId = chance(0.7) ? pick(named.types.slice(0, 2)) : pick(named.types);
  return {
    ...(chance(0.95) ? { typeId } : {}),
    ...(chance(0.8) ? names : {}),
    ...(chance(typeId === named.types[1] ? 0.9 : 0.2) ? { customerId: some(named.customers) } : {}),
    ...(chance(0.8) ? { initialBalance: roll(400) } : {}),
    ...(chance(0.2) ? { budgetId: some(named.budgets) } : {}),
    ...(chance(0.5) ? { externalId: `external ${roll(12)}` } : {}),
    ...(chance(0.1) ? { currency: pick(["EUR", "USD"]) } : {}),
  };
}

/** Works a batch off in groups of sizes as they come. */
async function workOff(own: TestOrganization, { roll }: Dice): Promise<void> {
  for (;;) {
    const due = await dueIn(server, job, own.id);
    if (due.length === 0) return;
    const ids = due.slice(0, 1 + roll(9)).map(({ id }) => id);
    assert.equal(await runJob(server, job, own.id, ids), ids.length);
  }
}

async function rowsOf(own: TestOrganization, id: string): Promise<CardBody[]> {
  return made(await own.call("GET", `${path}/${id}/rows?limit=100`)).data;
}

test("for any batch, what preflight says of each row is what becomes of it, and the prices agree", async () => {
  const seeded = dice(proofSeed());
  const seen = { issued: 0, failed: 0 };
  for (let round = 0; round < extent(12, 150); round += 1) {
    const own = await tests.organization(1 + seeded.roll(2_000));
    const named = await worldOf(own);
    const rows = Array.from({ length: 1 + seeded.roll(30) }, () => dealRow(seeded, named));
    const before = await tests.available(own);
    const checked = made(await own.call("POST", `${path}/preflight`, { rows }));
    const given = made(await own.call("POST", path, { rows }));
    assert.deepEqual(given.price, checked.price);
    await workOff(own, seeded);
    const results = await rowsOf(own, given.id);
    assert.deepEqual(
      results.map(({ errors }) => errors),
      checked.rows.map(({ unmet }: CardBody) => unmet),
    );
    const done = made(await own.call("GET", `${path}/${given.id}`));
    assert.deepEqual([done.status, done.counts.pending], ["completed", 0]);
    assert.equal(checked.eligible, done.counts.failed === 0);
    if (checked.eligible) assert.deepEqual(done.charged, checked.price);
    const charged = done.charged.find(({ currency }: CardBody) => currency === "EUR")?.total ?? 0;
    assert.equal(await tests.available(own), before - charged);
    const cards = made(await own.call("GET", "/cards?limit=100")).data;
    const issued = results.flatMap(({ cardId }) => cardId ?? []);
    assert.deepEqual(cards.map(({ id }: CardBody) => id).toReversed(), issued);
    seen.issued += issued.length;
    seen.failed += done.counts.failed;
    await tests.lawsHold(own);
  }
  assert.ok(seen.issued > 20 && seen.failed > 20, JSON.stringify(seen));
});
