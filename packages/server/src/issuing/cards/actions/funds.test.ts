import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../../test/harness/database.ts";
import { dice, proofSeed } from "../../../../test/harness/proof.ts";
import { type Fields, made, startCardTests } from "../fixture.ts";

const tests = await startCardTests();
const { server } = tests;

async function deadlocks(): Promise<number> {
  const [row] = await asOwner<{ count: number }>(
    server.database.url,
    "select deadlocks::int as count from pg_stat_database where datname = current_database()",
  );
  return row?.count ?? 0;
}

test("B1: 200 parallel top-ups and withdrawals on one card and one organization: nothing is lost", async () => {
  const start = 3_000;
  const own = await tests.organization(start);
  const card = await tests.card(own, { initialBalance: 1_000 }, { fees: { topUp: 1 } });
  const { roll, chance } = dice(proofSeed());
  const before = await deadlocks();
  const requests = Array.from({ length: 200 }, () => ({
    verb: chance(0.5) ? "top-up" : "withdraw",
    amount: 1 + roll(200),
  }));
  const answers = await Promise.all(
    requests.map(({ verb, amount }) => own.call("POST", `/cards/${card.id}/${verb}`, { amount })),
  );
  let onCard = 1_000;
  let ofOwn = start - 1_000;
  for (const [index, { status, body }] of answers.entries()) {
    const { verb, amount } = requests[index] as (typeof requests)[number];
    const sign = verb === "top-up" ? 1 : -1;
    if (status === 201) {
      onCard += sign * amount;
      ofOwn -= sign * amount + (verb === "top-up" ? 1 : 0);
      assert.ok(body.from.balanceAfter >= 0 && body.to.balanceAfter >= 0, "never below zero");
      continue;
    }
    const code = sign === 1 ? "insufficient_organization_balance" : "insufficient_card_balance";
    assert.deepEqual([status, body.code], [422, code]);
  }
  const after = made(await own.call("GET", `/cards/${card.id}`));
  assert.deepEqual([after.balances.available, await tests.available(own)], [onCard, ofOwn]);
  assert.equal(await deadlocks(), before);
  const done = answers.filter(({ status }) => status === 201).length;
  const [row] = await asOwner<{ count: number }>(
    server.database.url,
    "select count(*)::int as count from transfers where card_id = $1 and kind <> 'fee'",
    [card.id],
  );
  assert.equal(row?.count, done + 1);
  await tests.lawsHold(own);
});

test("B1: 300 at once for room of 100: exactly 100 are topped up, and exactly nothing is left", async () => {
  const own = await tests.organization(1_000 + 100 * 11);
  const card = await tests.card(own, { initialBalance: 1_000 }, { fees: { topUp: 1 } });
  const answers = await Promise.all(
    Array.from({ length: 300 }, () => own.call("POST", `/cards/${card.id}/top-up`, { amount: 10 })),
  );
  assert.equal(answers.filter(({ status }) => status === 201).length, 100);
  assert.equal(await tests.available(own), 0);
  await tests.lawsHold(own);
});

test("A9: one lane decides for many organizations at once, each in its own books", async () => {
  const owners = await Promise.all(Array.from({ length: 6 }, () => tests.organization(20_000)));
  const cards = await Promise.all(owners.map((own) => tests.card(own)));
  const answers = await Promise.all(
    owners.flatMap((own, index) =>
      Array.from({ length: 20 }, (_, round) =>
        round % 4 === 3
          ? own.call("POST", `/cards/card_none/top-up`, { amount: 1 })
          : own.call("POST", `/cards/${cards[index].id}/top-up`, { amount: index + 1 }),
      ),
    ),
  );
  const statuses = answers.map(({ status }) => status);
  assert.deepEqual([...new Set(statuses)].sort(), [201, 404]);
  for (const [index, own] of owners.entries()) {
    const { balances } = made(await own.call("GET", `/cards/${cards[index].id}`));
    assert.equal(balances.available, 10_000 + 15 * (index + 1));
    const { data } = made(await own.call("GET", "/transfers?limit=100"));
    assert.ok(data.every(({ organizationId }: Fields) => organizationId === own.id));
    await tests.lawsHold(own);
  }
});

test("a freeze, a block and a deletion in between: every transfer was right for some order", async () => {
  const own = await tests.organization(100_000);
  const card = await tests.card(own);
  const path = `/cards/${card.id}`;
  const answers = await Promise.all([
    ...Array.from({ length: 30 }, () => own.call("POST", `${path}/top-up`, { amount: 1 })),
    server.call("POST", `${path}/block`, { reason: "fraud" }),
    ...Array.from({ length: 30 }, () => own.call("POST", `${path}/top-up`, { amount: 1 })),
    server.call("POST", `${path}/unblock`, {}),
    ...Array.from({ length: 30 }, () => own.call("POST", `${path}/withdraw`, { amount: 1 })),
    own.call("DELETE", path),
    ...Array.from({ length: 30 }, () => own.call("POST", `${path}/top-up`, { amount: 1 })),
  ]);
  for (const { status, body } of answers) {
    assert.ok([200, 201, 409].includes(status), JSON.stringify(body));
  }
  const after = made(await own.call("GET", path));
  assert.deepEqual([after.status, after.balances.available], ["deleted", 0]);
  assert.equal(await tests.available(own), 100_000);
  await tests.lawsHold(own);
});
