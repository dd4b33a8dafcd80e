import assert from "node:assert/strict";
import test from "node:test";
import { dueIn, runAll, runJob } from "../../../../test/harness/jobs.ts";
import type { TestOrganization } from "../../../../test/harness/server.ts";
import { type Fields, made, startCardTests } from "../fixture.ts";
import { topUpJobs } from "./topups.ts";

/** PRODUCT §4: in which statuses of its customer a card that exists goes on working by itself. */
const tests = await startCardTests();
const { server } = tests;
const [job] = topUpJobs as [(typeof topUpJobs)[0]];
const DAY_MS = 86_400_000;
const INFORMATION_DAYS = 10;

/** An organization with one customer, who has a card that is below the threshold of its rule. */
async function lowCard() {
  const own = await tests.organization();
  const customerId = await tests.customer(own);
  const named = { customerId, firstName: undefined, lastName: undefined };
  const terms = { informationDays: INFORMATION_DAYS };
  const { id } = await tests.card(own, { ...named, initialBalance: 0 }, terms);
  made(await own.call("PUT", `/cards/${id}/auto-top-up`, { threshold: 100, amount: 40 }));
  return { own, customerId, cardId: id as string };
}

type Case = Awaited<ReturnType<typeof lowCard>>;

const verb = async ({ customerId }: Case, path: string, body: Fields): Promise<unknown> =>
  made(await server.call("POST", `/customers/${customerId}/${path}`, body));
const change = async ({ own, customerId }: Case, body: Fields): Promise<unknown> =>
  made(await own.call("PATCH", `/customers/${customerId}`, body));
const later = ({ own }: Case, ms: number) => tests.advance(own, ms);

const reasons = ["An older document."];
const ask = (the: Case) => verb(the, "request-information", { reasons, fields: ["lastName"] });
const answer = async (the: Case) => {
  await ask(the);
  await change(the, { lastName: "Example" });
};

/** A status, how a customer with a card comes into it, and whether the card is topped up there. */
const cases: readonly (readonly [string, string, (the: Case) => Promise<unknown>, boolean])[] = [
  ["active", "", async () => undefined, true],
  ["update_requested", "", (the) => change(the, { lastName: "Sample" }), true],
  [
    "needs_information",
    " a minute before it is due",
    async (the) => {
      await ask(the);
      await later(the, INFORMATION_DAYS * DAY_MS - 60_000);
    },
    true,
  ],
  [
    "needs_information",
    " when it is due",
    async (the) => {
      await ask(the);
      await later(the, INFORMATION_DAYS * DAY_MS);
    },
    false,
  ],
  ["pending", " after it answered", answer, false],
  [
    "rejected",
    "",
    async (the) => {
      await answer(the);
      await verb(the, "reject", { reasons });
    },
    false,
  ],
  ["on_hold", "", (the) => verb(the, "hold", { reason: "investigation" }), false],
];

const balance = async (own: TestOrganization, id: string): Promise<number> =>
  made(await own.call("GET", `/cards/${id}`)).balances.available;

for (const [status, when, bring, isServed] of cases) {
  const does = isServed ? "is topped up" : "is not topped up";
  test(`a card of a customer that is ${status}${when} ${does} by its rule`, async () => {
    const the = await lowCard();
    await bring(the);
    const { own, customerId, cardId } = the;
    assert.equal(made(await own.call("GET", `/customers/${customerId}`)).status, status);
    const due = (await dueIn(server, job, own.id)).map(({ id }) => id);
    assert.deepEqual(due, isServed ? [cardId] : []);
    if (isServed) await runAll(server, job, own.id);
    else assert.equal(await runJob(server, job, own.id, [cardId]), 0, "also where it was found");
    assert.equal(await balance(own, cardId), isServed ? 120 : 0);
    const { blockers } = made(await own.call("GET", `/cards/${cardId}/usability`));
    const told = blockers.some(({ code }: Fields) => code === "customer_not_verified");
    assert.equal(told, !isServed, "usability agrees");
  });
}
