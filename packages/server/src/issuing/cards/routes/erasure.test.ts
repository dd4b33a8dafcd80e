import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../../test/harness/database.ts";
import { giveDocuments } from "../../../../test/harness/evidence.ts";
import { inWork } from "../../../../test/harness/work.ts";
import type { OrganizationId } from "../../../foundation/ids/ids.ts";
import { destroySubjectKey } from "../../../records/vault/actions.ts";
import { type CardBody, made, startCardTests } from "../fixture.ts";

/** What is left of a deleted customer, and where. */
const tests = await startCardTests();
const { server } = tests;

/** Words that stand in no other data. */
const words = {
  firstName: "Qxvanna",
  lastName: "Zqbergson",
  birthDate: "1961-02-28",
  nationality: "ISL",
  nationalId: "QX-998877-ZQ",
  residence: { country: "MLT", line1: "Qxstreet 77", city: "Zqtown", postalCode: "QX1 7ZQ" },
  email: "qxvanna@example.com",
  phone: "+35699887766",
};
const secondName = "Zqnewname";
const billingAddress = {
  line1: "Qxbilling 5",
  city: "Zqcity",
  postalCode: "QX2 8ZQ",
  country: "MLT",
};
const label = "Qxlabel";
const metadata = { team: "zqmetadata" };
const identifying = [
  ...["Qxvanna", "Zqbergson", "Zqnewname", "1961-02-28", "QX-998877", "Qxstreet", "Zqtown"],
  ...["qxvanna@example.com", "99887766", "Qxbilling", "Zqcity", "QX1 7ZQ"],
];

/** A customer with two cards, used and changed in every way, and all its cards deleted. */
async function customerWithHistory() {
  const own = await tests.organization();
  const key = (name: string) => ({ idempotencyKey: `erasure-${name}` });
  const body = { type: "individual", level: "advanced", ...words, externalId: "Qxexternal" };
  const customer = made(await own.call("POST", "/customers", body, key("create")));
  const { id } = customer;
  await giveDocuments(own.call, id, ["passport", "proof_of_address", "selfie"]);
  made(await server.call("POST", `/customers/${id}/approve`, {}, key(`approve ${id}`)));
  const typeId = await tests.program({ requiresCustomer: true });
  const issue = { typeId, customerId: id, label, metadata, initialBalance: 500 };
  const holder = { cardholder: { email: words.email, phone: words.phone }, billingAddress };
  const cards: CardBody[] = [];
  for (const name of ["one", "two"]) {
    cards.push(made(await own.call("POST", "/cards", { ...issue, ...holder }, key(name))));
  }
  const [one, two] = cards;
  made(await own.call("POST", `/cards/${one.id}/top-up`, { amount: 100 }, key("top-up")));
  made(await own.call("POST", `/cards/${one.id}/freeze`, {}, key("freeze")));
  made(await own.call("PATCH", `/cards/${two.id}`, { label: "Qxlabel 2" }, key("card")));
  const change = { lastName: secondName };
  made(await own.call("PATCH", `/customers/${id}`, change, key("change")));
  made(await server.call("POST", `/customers/${id}/approve`, {}, key(`again ${id}`)));
  for (const card of cards) {
    made(await own.call("DELETE", `/cards/${card.id}`, undefined, key(`delete ${card.id}`)));
  }
  return { own, customer, cards, ask: () => own.call("POST", "/customers", body, key("create")) };
}

type History = Awaited<ReturnType<typeof customerWithHistory>>;

const remove = ({ own, customer }: History) =>
  own.call("DELETE", `/customers/${customer.id}`, undefined, { idempotencyKey: "erasure-delete" });

const retainedOf = ({ customer }: History) =>
  server.call("GET", `/customers/${customer.id}/retained`);

/** Where each of some words stands in the database, every row of every table as text. */
async function placesOf(wanted: readonly string[]): Promise<string[]> {
  const { url } = server.database;
  const tables = await asOwner<{ name: string }>(
    url,
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
     where table_schema in ('public', 'vault') and table_type = 'BASE TABLE'`,
  );
  assert.ok(tables.length > 30, "the tables were read");
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await asOwner<{ word: string }>(
      url,
      `select distinct word from ${name} t, unnest($1::text[]) as word
       where t::text ilike '%' || word || '%'`,
      [wanted],
    );
    found.push(...rows.map(({ word }) => `${name}: ${word}`));
  }
  return found.sort();
}

test("a deleted customer's personal data is nowhere in the database in clear; before, only in its rows", async () => {
  const history = await customerWithHistory();
  await server.sequence();
  const before = await placesOf(identifying);
  assert.ok(before.includes("public.customers: Qxvanna"), "the search finds what is there");
  assert.deepEqual(
    before.filter((place) => !/^public\.(customers|cards): /.test(place)),
    [],
  );
  made(await remove(history));
  await server.sequence();
  assert.deepEqual(await placesOf(identifying), []);
  await tests.lawsHold(history.own);
});

test("a deleted customer and its cards are shown without personal data, each in its next version", async () => {
  const history = await customerWithHistory();
  const { own, customer, cards } = history;
  const deleted = made(await remove(history));
  assert.equal(deleted.status, "deleted");
  for (const field of [...Object.keys(words), "legalName", "externalId"]) {
    assert.equal(deleted[field], null, field);
  }
  assert.deepEqual(made(await own.call("GET", `/customers/${customer.id}`)), deleted);
  const nobody = { firstName: null, lastName: null, legalName: null, email: null, phone: null };
  for (const { id } of cards) {
    const card = made(await own.call("GET", `/cards/${id}`));
    assert.deepEqual(card.cardholder, nobody);
    assert.deepEqual([card.billingAddress, card.label, card.metadata], [null, null, {}]);
    await server.sequence();
    const { data } = made(await own.call("GET", `/events?objectId=${id}&limit=100`));
    const last = data.at(-1);
    assert.deepEqual([last.type, last.objectVersion], ["card.updated", card.version]);
    assert.deepEqual(last.data.object, card);
    assert.deepEqual(last.data.previous.cardholder, nobody);
  }
});

test("events and audit of a deleted customer are still listed, with null; stored answers replay with null", async () => {
  const history = await customerWithHistory();
  const { own, customer, ask } = history;
  await server.sequence();
  const list = async () => made(await own.call("GET", `/events?objectId=${customer.id}`)).data;
  const before = await list();
  assert.equal(before[0].data.object.firstName, "Qxvanna");
  made(await remove(history));
  await server.sequence();
  const after = await list();
  assert.deepEqual(
    after.map(({ id }: { id: string }) => id).slice(0, before.length),
    before.map(({ id }: { id: string }) => id),
  );
  assert.deepEqual([after.length, after.at(-1).type], [before.length + 1, "customer.deleted"]);
  for (const { data } of after) {
    for (const field of Object.keys(words)) assert.equal(data.object[field], null, field);
    for (const field of Object.keys(data.previous ?? {})) {
      if (field in words) assert.equal(data.previous[field], null, field);
    }
  }
  const replayed = (await ask()).body;
  assert.deepEqual([replayed.firstName, replayed.personalErased], [null, true]);
  const audit = made(await own.call("GET", `/audit-log?objectId=${customer.id}`)).data;
  assert.ok(audit.length >= 3);
});

test("the platform reads what the law keeps, and each read is in its audit log; contact is gone", async () => {
  const history = await customerWithHistory();
  const { customer, cards, own } = history;
  const whose = { customerId: customer.id, organizationId: own.id };
  const nothing = { ...whose, identity: null, cards: null, people: null };
  assert.deepEqual(made(await retainedOf(history)), nothing, "it is not deleted yet");
  made(await remove(history));
  const retained = made(await retainedOf(history));
  const { email: _, phone: __, ...identity } = words;
  assert.deepEqual(retained.identity, {
    ...identity,
    lastName: secondName,
    legalName: null,
    residence: { ...words.residence, line2: null, region: null },
  });
  const names = { firstName: "Qxvanna", lastName: "Zqbergson", legalName: null };
  assert.deepEqual(
    retained.cards,
    cards.map(({ id }) => ({ id, ...names })),
  );
  await server.sequence();
  const audit = made(await server.call("GET", `/audit-log?objectId=${customer.id}`)).data;
  const reads = audit.filter(({ action }: { action: string }) => action === "readRetainedIdentity");
  assert.equal(reads.length, 2);
  assert.equal((await own.call("GET", `/customers/${customer.id}/retained`)).status, 403);
  const other = await server.newKey(null, ["customers:read", "customers:review"]);
  const refused = await server.callAs(other)("GET", `/customers/${customer.id}/retained`);
  assert.deepEqual([refused.status, refused.body.code], [403, "scope_missing"]);
});

test("what is kept opens no more once the retained key is destroyed; books and records stay right", async () => {
  const history = await customerWithHistory();
  const { own, customer } = history;
  await tests.lawsHold(own);
  made(await remove(history));
  const { database, context } = server;
  const owner = own.id as OrganizationId;
  await inWork(database.app, owner, context.keys, (work) =>
    destroySubjectKey(work, customer.id, "retained"),
  );
  const { identity, cards } = made(await retainedOf(history));
  assert.deepEqual([identity, cards], [null, null]);
  await server.sequence();
  await tests.lawsHold(own);
});

test("a refused deletion erases nothing", async () => {
  const own = await tests.organization();
  const id = await tests.customer(own);
  const card = await tests.card(own, { customerId: id });
  const answer = await own.call("DELETE", `/customers/${id}`);
  assert.equal(answer.body.code, "customer_has_cards");
  assert.equal(made(await own.call("GET", `/customers/${id}`)).firstName, "Ada");
  assert.equal(made(await own.call("GET", `/cards/${card.id}`)).cardholder.firstName, "Ada");
  made(await own.call("DELETE", `/cards/${card.id}`));
  made(await own.call("DELETE", `/customers/${id}`));
  assert.equal((await own.call("DELETE", `/customers/${id}`)).body.code, "customer_deleted");
  assert.equal(
    made(await server.call("GET", `/customers/${id}/retained`)).identity.firstName,
    "Ada",
  );
});
