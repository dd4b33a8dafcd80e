import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../../test/harness/database.ts";
import { dueIn, runAll, runJob } from "../../../../test/harness/jobs.ts";
import type { TestOrganization } from "../../../../test/harness/server.ts";
import { listed } from "../../screening/fixture.ts";
import { type CardBody, type Fields, made } from "../fixture.ts";
import { retentionJobs } from "../jobs/retention.ts";
import { entries, startScreeningTests } from "./screening-fixture.ts";

/** What is left of the holder of a deleted card that has no customer, and until when. */
const { tests, server, decide, inForce, hitsOf, only, create } = await startScreeningTests();
const [erase] = retentionJobs;
assert.ok(erase);
const YEAR_MS = 366 * 86_400_000;
const holder = {
  firstName: "Qxvanna",
  lastName: "Zqbergson",
  label: "Qxlabel",
  cardholder: { email: "qxvanna@example.com", phone: "+35699887766" },
  billingAddress: { line1: "Qxbilling 5", city: "Zqcity", postalCode: "QX2", country: "MLT" },
};
const words = /qxvanna|zqbergson|qxlabel|99887766|qxbilling|zqcity/i;

const issue = async (own: TestOrganization, terms: Fields = {}, more: Fields = holder) => {
  const typeId = await tests.program(terms);
  return made(await own.call("POST", "/cards", { typeId, initialBalance: 100, ...more }));
};
const read = async (own: TestOrganization, id: string): Promise<CardBody> =>
  made(await own.call("GET", `/cards/${id}`));
const remove = async (own: TestOrganization, id: string) =>
  made(await own.call("DELETE", `/cards/${id}`));
const due = async (own: TestOrganization) =>
  (await dueIn(server, erase, own.id)).map(({ id }) => id);

/** Everything that a table has of a card, as text. */
async function rowsOf(table: string, id: string): Promise<string> {
  const sql = `select coalesce(string_agg(t::text, ' '), '') as text from ${table} t where t::text like $1`;
  const [row] = await asOwner<{ text: string }>(server.database.url, sql, [`%${id}%`]);
  return row?.text ?? "";
}

test("the holder of a deleted card without a customer is known until its program's years are over, then erased everywhere, once, and told", async () => {
  const own = await tests.organization();
  const { id } = await issue(own, { retentionYears: 2 });
  await remove(own, id);
  assert.equal((await read(own, id)).cardholder.firstName, "Qxvanna");
  assert.deepEqual(await due(own), []);
  await tests.advance(own, 1.9 * YEAR_MS);
  assert.deepEqual(await due(own), []);
  assert.equal(await runJob(server, erase, own.id, [id]), 0, "not where it was found too early");
  await tests.advance(own, 0.2 * YEAR_MS);
  assert.deepEqual(await due(own), [id]);
  const { version } = await read(own, id);
  const done = await Promise.all(
    Array.from({ length: 4 }, () => runJob(server, erase, own.id, [id])),
  );
  assert.deepEqual(done.sort(), [0, 0, 0, 1]);
  assert.deepEqual(await due(own), []);
  const after = await read(own, id);
  assert.doesNotMatch(JSON.stringify(after), words);
  assert.deepEqual([after.status, after.version], ["deleted", version + 1]);
  assert.doesNotMatch(await rowsOf("cards", id), words);
  await server.sequence();
  const { data } = made(await own.call("GET", `/events?objectId=${id}&limit=100`));
  assert.equal(data.at(-1).type, "card.updated");
  assert.doesNotMatch(JSON.stringify(data), /qxvanna|zqbergson|99887766|qxbilling/i);
});

test("a card that lives, and one of a customer, keep their names", async () => {
  const own = await tests.organization();
  const living = await issue(own);
  const customer = await create("Ada", "Sample", {}, own);
  const of = await issue(own, {}, { customerId: customer.id });
  await remove(own, of.id);
  await tests.advance(own, 30 * YEAR_MS);
  assert.deepEqual(await due(own), []);
  assert.equal(await runJob(server, erase, own.id, [living.id, of.id]), 0);
  assert.equal((await read(own, living.id)).cardholder.lastName, "Zqbergson");
});

test("a card that was replaced is erased by itself; its replacement goes on", async () => {
  const own = await tests.organization();
  const old = await issue(own);
  const fresh = made(await own.call("POST", `/cards/${old.id}/replace`, { reason: "lost" }));
  await tests.advance(own, 5 * YEAR_MS);
  assert.equal(await runAll(server, erase, own.id), 1);
  assert.equal((await read(own, old.id)).cardholder.firstName, null);
  const { cardholder, label } = await read(own, fresh.id);
  assert.deepEqual([cardholder.lastName, label], ["Zqbergson", "Qxlabel"]);
});

const verb = (method: string, id: string, body?: Fields) =>
  server.call(method, `/cards/${id}/legal-hold`, body);

test("nothing is erased of a card without a customer under a legal hold; lifted, it is", async () => {
  const own = await tests.organization();
  const { id } = await issue(own, { retentionYears: 1 });
  await remove(own, id);
  const held = made(await verb("POST", id, { reason: "litigation" }));
  assert.equal(held.legalHold.reason, "litigation");
  assert.deepEqual(made(await verb("POST", id, { reason: "litigation" })), held, "again: nothing");
  const renamed = made(await verb("POST", id, { reason: "appeal" }));
  assert.deepEqual(
    [renamed.legalHold, renamed.version],
    [{ reason: "appeal", since: held.legalHold.since }, held.version + 1],
  );
  await tests.advance(own, 9 * YEAR_MS);
  assert.deepEqual(await due(own), []);
  assert.equal(await runJob(server, erase, own.id, [id]), 0, "not where a process found it before");
  assert.equal((await read(own, id)).cardholder.firstName, "Qxvanna");
  const lifted = made(await verb("DELETE", id));
  assert.deepEqual([lifted.legalHold, lifted.version], [null, renamed.version + 1]);
  assert.deepEqual(made(await verb("DELETE", id)), lifted, "again: nothing");
  assert.deepEqual(await due(own), [id]);
  assert.equal(await runAll(server, erase, own.id), 1);
  assert.equal((await read(own, id)).cardholder.firstName, null);
  await server.sequence();
  const { data } = made(await own.call("GET", `/events?objectId=${id}&limit=100`));
  assert.deepEqual(
    data.slice(-4).map(({ type }: Fields) => type),
    ["card.legal_hold_set", "card.legal_hold_set", "card.legal_hold_lifted", "card.updated"],
  );
  const audit = made(await server.call("GET", `/audit-log?objectId=${id}&limit=100`)).data;
  const actions = audit.map(({ action }: Fields) => action);
  assert.ok(actions.includes("setCardLegalHold") && actions.includes("liftCardLegalHold"));
});

test("a card that replaces one under a legal hold is under it, too; each is lifted by itself", async () => {
  const own = await tests.organization();
  const { id } = await issue(own);
  const { status } = made(await verb("POST", id, { reason: "inquiry" }));
  assert.equal(status, "active", "its use is another question");
  const fresh = made(await own.call("POST", `/cards/${id}/replace`, { reason: "lost" }));
  assert.equal(fresh.legalHold.reason, "inquiry");
  await tests.advance(own, 9 * YEAR_MS);
  assert.deepEqual(await due(own), []);
  made(await verb("DELETE", id));
  assert.equal((await read(own, fresh.id)).legalHold.reason, "inquiry");
  assert.deepEqual(await due(own), [id]);
});

test("403, 404, 409: such a hold is the platform's, on a card that exists and has no customer", async () => {
  const own = await tests.organization();
  const { id } = await issue(own);
  const refused = await own.call("POST", `/cards/${id}/legal-hold`, { reason: "mine" });
  assert.equal(refused.status, 403);
  assert.equal((await verb("POST", "card_none", { reason: "none" })).status, 404);
  assert.equal((await verb("DELETE", "card_none")).status, 404);
  const customer = await create("Ada", "Sample", {}, own);
  const of = await issue(own, {}, { customerId: customer.id });
  for (const method of ["POST", "DELETE"]) {
    const { status, body } = await verb(
      method,
      of.id,
      method === "POST" ? { reason: "x" } : undefined,
    );
    assert.deepEqual([status, body.code], [409, "card_of_customer"]);
    assert.ok(body.detail.includes(customer.id), "where to put it");
  }
  assert.equal((await read(own, of.id)).legalHold, null);
  assert.equal((await read(own, id)).legalHold, null);
});

test("who was ever taken for somebody on a list of sanctions is kept for ten years, and then the hit forgets it, too", async () => {
  await inForce([...entries, listed("q", "Qxvanna Zqbergson")]);
  const own = await tests.organization();
  const { id } = await issue(own);
  made(await decide((await only(id)).id, "clear"));
  await remove(own, id);
  await tests.advance(own, 9.9 * YEAR_MS);
  assert.deepEqual(await due(own), []);
  await tests.advance(own, 0.2 * YEAR_MS);
  assert.equal(await runAll(server, erase, own.id), 1);
  const [hit] = await hitsOf(id);
  assert.deepEqual([hit.match, hit.sourceId, hit.status], [null, null, "cleared"]);
  const keys = await rowsOf("subject_keys", id);
  assert.ok(keys.includes("retained") && keys.includes("other"));
  const left = await asOwner(
    server.database.url,
    "select from subject_keys where subject_id = $1 and destroyed_at is null",
    [id],
  );
  assert.deepEqual(left, []);
  await inForce(entries);
});
