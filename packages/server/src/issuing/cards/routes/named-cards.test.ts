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
