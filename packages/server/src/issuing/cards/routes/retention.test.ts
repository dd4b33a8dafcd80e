import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../../test/harness/database.ts";
import { dueIn, runDue, runJob } from "../../../../test/harness/jobs.ts";
import type { TestOrganization } from "../../../../test/harness/server.ts";
import { customerJobs } from "../../customers/jobs.ts";
import { type CardBody, type Fields, made, startCardTests } from "../fixture.ts";

/** How long what the law keeps of a deleted customer is kept. */
const tests = await startCardTests();
const { server } = tests;
const [erase] = customerJobs;
assert.ok(erase);
const YEAR_MS = 366 * 86_400_000;

const verb = (method: string, id: string, body?: Fields) =>
  server.call(method, `/customers/${id}/legal-hold`, body);
const retained = async (id: string) =>
  made(await server.call("GET", `/customers/${id}/retained`)).identity;
const read = async (own: TestOrganization, id: string): Promise<CardBody> =>
  made(await own.call("GET", `/customers/${id}`));

/** A deleted customer whose deleted card was of a program that keeps for some years. */
async function deletedCustomer(own: TestOrganization, retentionYears?: number): Promise<string> {
  const id = await tests.customer(own);
  const terms = retentionYears === undefined ? {} : { retentionYears };
  const card = await tests.card(own, { customerId: id }, terms);
  made(await own.call("DELETE", `/cards/${card.id}`));
  made(await own.call("DELETE", `/customers/${id}`));
  return id;
}

/** Whole years between an instant and now, as the organization has it. */
const yearsOf = ({ retainUntil, statusSince }: CardBody): number =>
  new Date(retainUntil).getUTCFullYear() - new Date(statusSince).getUTCFullYear();

test("what is kept is destroyed when its retention is over by the organization's time, once, and told", async () => {
  const [own, other] = [await tests.organization(), await tests.organization()];
  const [id, longer, elsewhere] = [
    await deletedCustomer(own, 2),
    await deletedCustomer(own),
    await deletedCustomer(other, 2),
  ];
  assert.deepEqual([yearsOf(await read(own, id)), yearsOf(await read(own, longer))], [2, 5]);
  assert.equal(await runDue(server, erase), 0);
  await tests.advance(own, 2 * YEAR_MS);
  assert.equal((await retained(id)).firstName, "Ada");
  const { version } = await read(own, id);
  const done = await Promise.all(
    Array.from({ length: 4 }, () => runJob(server, erase, own.id, [id, longer])),
  );
  assert.deepEqual(done.sort(), [0, 0, 0, 1]);
  assert.equal(await runDue(server, erase), 0);
  assert.equal(await retained(id), null);
  assert.deepEqual(
    [(await retained(longer)).firstName, (await retained(elsewhere)).firstName],
    ["Ada", "Ada"],
  );
  const after = await read(own, id);
  assert.equal(after.version, version + 1);
  assert.ok(after.erasedAt >= after.retainUntil);
  await server.sequence();
  const { data } = made(await own.call("GET", `/events?objectId=${id}&limit=100`));
  const last = data.at(-1);
  assert.deepEqual([last.type, last.data.object], ["customer.erased", after]);
  const keys = await asOwner<{ wrapped: null }>(
    server.database.url,
    "select distinct wrapped_key as wrapped from subject_keys where subject_id = $1",
    [id],
  );
  assert.deepEqual(keys, [{ wrapped: null }], "both keys are destroyed");
  await tests.lawsHold(own);
});

test("nothing is erased under a legal hold; lifted, it is", async () => {
  const own = await tests.organization();
  const id = await deletedCustomer(own, 1);
  const held = made(await verb("POST", id, { reason: "litigation" }));
  assert.equal(held.legalHold.reason, "litigation");
  const again = made(await verb("POST", id, { reason: "litigation" }));
  assert.deepEqual(again, held, "the same again changes nothing");
  await tests.advance(own, 9 * YEAR_MS);
  assert.deepEqual(await dueIn(server, erase, own.id), []);
  assert.equal(await runJob(server, erase, own.id, [id]), 0, "not where a process found it before");
  assert.equal((await retained(id)).firstName, "Ada");
  const lifted = made(await verb("DELETE", id));
  assert.deepEqual([lifted.legalHold, lifted.version], [null, held.version + 1]);
  assert.equal(await runDue(server, erase), 1);
  assert.equal(await retained(id), null);
  await server.sequence();
  const { data } = made(await own.call("GET", `/events?objectId=${id}&limit=100`));
  assert.deepEqual(
    data.slice(-3).map(({ type }: Fields) => type),
    ["customer.legal_hold_set", "customer.legal_hold_lifted", "customer.erased"],
  );
  const audit = made(await server.call("GET", `/audit-log?objectId=${id}&limit=100`)).data;
  const actions = audit.map(({ action }: Fields) => action);
  assert.ok(actions.includes("setLegalHold") && actions.includes("liftLegalHold"));
});

test("a customer once held for sanctions is kept for 10 years; a legal hold from before goes on", async () => {
  const own = await tests.organization();
  const id = await tests.customer(own);
  made(await server.call("POST", `/customers/${id}/hold`, { reason: "sanctions" }));
  made(await server.call("POST", `/customers/${id}/release`, {}));
  made(await verb("POST", id, { reason: "inquiry" }));
  const deleted = made(await own.call("DELETE", `/customers/${id}`));
  assert.deepEqual([yearsOf(deleted), deleted.legalHold.reason], [10, "inquiry"]);
  const other = await tests.customer(own);
  made(await server.call("POST", `/customers/${other}/hold`, { reason: "investigation" }));
  assert.equal(yearsOf(made(await own.call("DELETE", `/customers/${other}`))), 5);
});

test("403, 404: a legal hold is the platform's, on a customer that exists", async () => {
  const own = await tests.organization();
  const id = await tests.customer(own);
  const refused = await own.call("POST", `/customers/${id}/legal-hold`, { reason: "mine" });
  assert.equal(refused.status, 403);
  assert.equal((await verb("POST", "cus_none", { reason: "none" })).status, 404);
  assert.equal((await read(own, id)).legalHold, null);
});
