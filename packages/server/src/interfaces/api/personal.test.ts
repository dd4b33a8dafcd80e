import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../test/harness/database.ts";
import { giveDocuments } from "../../../test/harness/evidence.ts";
import { inWork } from "../../../test/harness/work.ts";
import type { Transaction } from "../../foundation/database/database.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import { made, startCardTests } from "../../issuing/cards/fixture.ts";
import { personalFields } from "../../issuing/customers/schema.ts";
import { destroySubjectKey } from "../../records/vault/actions.ts";

/** Answers that are about a person, as they are stored and replayed. */
const tests = await startCardTests();
const { server } = tests;
const own = await tests.organization();

test("a stored answer has no personal data in clear; it replays whole, and with null once the key is destroyed", async () => {
  const words = { firstName: "Qwvxyz", nationalId: "QQ7766554433", email: "qwvxyz@example.com" };
  const residence = { country: "DEU", line1: "Qwvstreet 9", city: "Berlin" };
  const ask = (idempotencyKey: string) =>
    own.call(
      "POST",
      "/customers",
      { type: "individual", level: "basic", lastName: "Qwvlast", ...words, residence },
      { idempotencyKey },
    );
  const first = await ask("sealed-1");
  assert.equal(first.body.firstName, "Qwvxyz");
  const verification = { ...first.body.verification, link: null };
  const kept = { ...first, body: { ...first.body, verification, secretOmitted: true } };
  assert.deepEqual((await ask("sealed-1")).body, kept.body);
  const approval = { idempotencyKey: "sealed-2" };
  const approve = () => server.call("POST", `/customers/${first.body.id}/approve`, {}, approval);
  await own.call("PATCH", `/customers/${first.body.id}`, {
    birthDate: "1990-05-17",
    nationality: "DEU",
  });
  await giveDocuments(own.call, first.body.id);
  const approved = await approve();
  assert.equal(approved.status, 200, JSON.stringify(approved.body));
  assert.deepEqual((await approve()).body, approved.body, "the platform's answer, too");
  const rows = await asOwner<{ text: string }>(
    server.database.url,
    "select a::text as text from idempotency_keys a where key like 'sealed-%'",
  );
  assert.equal(rows.length, 2);
  for (const { text } of rows)
    assert.doesNotMatch(text, /qwv(xyz|last|street)|QQ77665|1990-05-17|"DEU"/i);
  const owner = own.id as OrganizationId;
  const { database, context } = server;
  await inWork(database.app, owner, context.keys, (work) =>
    destroySubjectKey(work, first.body.id, "other"),
  );
  const erased = Object.fromEntries(personalFields.map((field) => [field, null]));
  for (const [again, before] of [
    [await ask("sealed-1"), kept],
    [await approve(), approved],
  ] as const) {
    assert.equal(again.headers.get("idempotency-replayed"), "true");
    assert.deepEqual(again.body, { ...before.body, ...erased, personalErased: true });
  }
});

test("a card without a customer has a key of its own, and its answers are sealed under it", async () => {
  const card = await tests.card(own, { lastName: "Vqzwlast" });
  const body = { cardholder: { email: "vqzw@example.com" } };
  const ask = () => own.call("PATCH", `/cards/${card.id}`, body, { idempotencyKey: "card-sealed" });
  const first = await ask();
  assert.equal(first.status, 200);
  assert.deepEqual((await ask()).body, first.body);
  const rows = await asOwner<{ text: string; subject: string }>(
    server.database.url,
    "select a::text as text, subject_id as subject from idempotency_keys a where key = $1",
    ["card-sealed"],
  );
  assert.equal(rows[0]?.subject, card.id);
  assert.ok(!/vqzw/i.test(rows[0]?.text ?? "vqzw"));
  const { database, context } = server;
  const owner = own.id as OrganizationId;
  await inWork(database.app, owner, context.keys, (work) =>
    destroySubjectKey(work, card.id, "other"),
  );
  const { cardholder, personalErased } = (await ask()).body;
  const nobody = { firstName: null, lastName: null, legalName: null, email: null, phone: null };
  assert.deepEqual([cardholder, personalErased], [nobody, true]);
});

/** The names of the statements on people's keys that something takes, in its transactions. */
async function keyStatements(act: () => Promise<unknown>): Promise<(string | undefined)[]> {
  const { app } = server.database;
  const { transaction } = app;
  const taken: (string | undefined)[] = [];
  const counting = (sql: Transaction): Transaction => {
    const counted: Transaction = {
      ...sql,
      query: (asked, values) => {
        if (/^vault\..*SubjectKeys$/.test(asked.name ?? "")) taken.push(asked.name);
        return sql.query(asked, values);
      },
      beforeCommit: (key, flush) => sql.beforeCommit(key, () => flush(counted)),
    };
    return counted;
  };
  const watched: typeof transaction = (work) => transaction((sql) => work(counting(sql)));
  Object.assign(app, { transaction: watched });
  try {
    await act();
  } finally {
    Object.assign(app, { transaction });
  }
  return taken.sort();
}

test("the event and the stored answer of a request are sealed together, in two statements", async () => {
  const sealing = ["vault.findSubjectKeys", "vault.insertSubjectKeys"];
  const typeId = await tests.program();
  const card = { typeId, firstName: "Ada", lastName: "Example", initialBalance: 100 };
  const options = { idempotencyKey: "counted-card" };
  let id = "";
  const issue = async () => {
    id = made(await own.call("POST", "/cards", card, options)).id;
  };
  assert.deepEqual(await keyStatements(issue), sealing);
  assert.deepEqual(await keyStatements(issue), ["vault.findSubjectKeys"], "a replay only opens");
  const change = () =>
    own.call("PATCH", `/cards/${id}`, { label: "Travel" }, { idempotencyKey: "counted-change" });
  assert.deepEqual(await keyStatements(change), sealing);
  const topUp = () =>
    own.call("POST", `/cards/${id}/top-up`, { amount: 5 }, { idempotencyKey: "counted-top-up" });
  assert.deepEqual(await keyStatements(topUp), [], "money has no personal data");
  assert.deepEqual(await keyStatements(topUp), [], "nor has its replay");
});
