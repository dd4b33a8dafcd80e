import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../../test/harness/database.ts";
import type { TestOrganization } from "../../../../test/harness/server.ts";
import { inWork } from "../../../../test/harness/work.ts";
import type { OrganizationId } from "../../../foundation/ids/ids.ts";
import { destroySubjectKey } from "../../../records/vault/actions.ts";
import { type CardBody, codesOf, type Fields, made, startCardTests } from "../fixture.ts";

const tests = await startCardTests();
const { server } = tests;
const DAY_MS = 86_400_000;

const address = {
  line1: "1 Example Street",
  line2: null,
  city: "Berlin",
  region: null,
  postalCode: "10115",
  country: "DEU",
};
const contact = { email: "ada@example.com", phone: "+4930123456" };

const patch = (own: TestOrganization, { id }: CardBody, body: Fields) =>
  own.call("PATCH", `/cards/${id}`, body);
const read = async (own: TestOrganization, { id }: CardBody): Promise<CardBody> =>
  made(await own.call("GET", `/cards/${id}`));

test("contact and billing address change, null clears, the holder's name stays, an equal change is none", async () => {
  const own = await tests.organization();
  const card = await tests.card(own, { label: "Travel" });
  const first = made(await patch(own, card, { cardholder: contact, billingAddress: address }));
  assert.deepEqual(first.cardholder, { ...card.cardholder, ...contact });
  assert.deepEqual([first.billingAddress, first.label, first.version], [address, "Travel", 2]);
  const same = { cardholder: { email: contact.email }, billingAddress: address };
  assert.deepEqual(made(await patch(own, card, same)), first);
  const bare = { line1: "2 Example Street", city: "Paris", country: "FRA" };
  const second = made(
    await patch(own, card, { cardholder: { phone: null }, billingAddress: bare }),
  );
  assert.deepEqual(second.cardholder, { ...first.cardholder, phone: null });
  const { line2, region, postalCode } = second.billingAddress;
  assert.deepEqual([line2, region, postalCode], [null, null, null], "as a whole");
  const third = made(await patch(own, card, { cardholder: { email: null }, billingAddress: null }));
  assert.deepEqual(third, { ...card, version: 4 });
  assert.deepEqual(await read(own, card), third);
});

test("400: what issuing would refuse is refused here, and nothing is changed", async () => {
  const own = await tests.organization();
  const card = await tests.card(own);
  const refusedAtIssue: Fields[] = [
    { cardholder: { email: "nobody" } },
    { cardholder: { phone: "030 123" } },
    { cardholder: { firstName: "Eve" } },
    { billingAddress: { ...address, country: "Germany" } },
    { billingAddress: { ...address, city: "" } },
    { billingAddress: { line1: "1 Example Street" } },
    { billingAddress: { ...address, planet: "Earth" } },
  ];
  const issue = { typeId: card.typeId, firstName: "Ada", lastName: "Example", initialBalance: 0 };
  for (const body of refusedAtIssue) {
    const answer = await own.call("POST", "/cards", { ...issue, ...body });
    assert.equal(answer.status, 400, JSON.stringify(body));
  }
  for (const body of [...refusedAtIssue, { cardholder: null }, { cardholder: {} }]) {
    const answer = await patch(own, card, { ...body, label: "New" });
    const seen = [answer.status, answer.body.code];
    assert.deepEqual(seen, [400, "invalid_request"], JSON.stringify(body));
  }
  assert.deepEqual(await read(own, card), card);
});

test("a card is changed in every status but deleted", async () => {
  const own = await tests.organization();
  const card = await tests.card(own, {}, { validityMonths: 1 });
  const steps: [string, () => Promise<unknown>][] = [
    ["active", async () => undefined],
    ["frozen", () => own.call("POST", `/cards/${card.id}/freeze`, {})],
    ["blocked", () => server.call("POST", `/cards/${card.id}/block`, { reason: "velocity" })],
    ["expired", () => tests.advance(own, 70 * DAY_MS)],
  ];
  for (const [status, step] of steps) {
    await step();
    const changes = { billingAddress: { ...address, line2: status } };
    const after = made(await patch(own, card, changes));
    assert.deepEqual([after.status, after.billingAddress.line2], [status, status]);
  }
  made(await own.call("DELETE", `/cards/${card.id}`));
  const before = await read(own, card);
  const answer = await patch(own, card, { cardholder: contact });
  assert.deepEqual([answer.status, answer.body.code], [409, "card_deleted"]);
  assert.deepEqual(await read(own, card), before);
});

test("404: another organization's card, and one that is none", async () => {
  const own = await tests.organization();
  const card = await tests.card(own, { externalId: "first" });
  const other = await tests.organization(0);
  for (const id of [card.id, "external:first", "card_none"]) {
    const answer = await patch(other, { id }, { cardholder: contact });
    assert.deepEqual([answer.status, codesOf(answer)], [404, ["not_found"]]);
  }
  const named = made(await patch(own, { id: "external:first" }, { cardholder: contact }));
  assert.deepEqual([named.id, named.cardholder.email], [card.id, contact.email]);
});

test("a change tells what was before; personal data is sealed in it, and gone with its key", async () => {
  const own = await tests.organization();
  const card = await tests.card(own, { label: "Travel", billingAddress: address });
  const changes = {
    label: "Food",
    cardholder: { email: "qwzx@example.com", phone: "+4915799887766" },
    billingAddress: { ...address, line1: "Plmokn Street 44" },
  };
  const after = made(await patch(own, card, changes));
  await server.sequence();
  const events = async () => {
    const { data } = made(await own.call("GET", `/events?objectId=${card.id}`));
    return data.map(({ type, objectVersion, data: told }: CardBody) => [
      type,
      objectVersion,
      told.object,
      told.previous,
    ]);
  };
  const { cardholder, billingAddress, label } = card;
  const previous = { label, cardholder, billingAddress };
  assert.deepEqual((await events())[1], ["card.updated", 2, after, previous]);
  const rows = await asOwner<{ text: string }>(
    server.database.url,
    `select e::text as text from events e where object_id = $1
     union all select a::text from audit_log a where a::text like '%' || $1 || '%'`,
    [card.id],
  );
  assert.ok(rows.length >= 3);
  for (const { text } of rows) {
    for (const word of ["qwzx", "99887766", "Plmokn", "Example Street", "Ada"])
      assert.ok(!text.includes(word), `${word} is in ${text}`);
  }
  const { database, context } = server;
  const owner = own.id as OrganizationId;
  await inWork(database.app, owner, context.keys, (work) =>
    destroySubjectKey(work, card.id, "other"),
  );
  const [, , object, before] = (await events())[1];
  const nobody = { firstName: null, lastName: null, legalName: null, email: null, phone: null };
  assert.deepEqual([object.cardholder, object.billingAddress], [nobody, null]);
  assert.deepEqual(before, { label: "Travel", cardholder: nobody, billingAddress: null });
});

test("changes at the same time all count: none takes back another's field, and each has its version", async () => {
  const own = await tests.organization();
  const card = await tests.card(own, { label: "Travel" });
  const changes: Fields[] = [
    { label: "Food" },
    { metadata: { team: "a" } },
    { metadata: { desk: "7" } },
    { cardholder: { email: contact.email } },
    { cardholder: { phone: contact.phone } },
    { billingAddress: address },
  ];
  const answers = await Promise.all(changes.map((body) => patch(own, card, body)));
  const versions = answers.map((answer) => made(answer).version);
  assert.deepEqual(versions.sort(), [2, 3, 4, 5, 6, 7]);
  assert.deepEqual(await read(own, card), {
    ...card,
    label: "Food",
    metadata: { team: "a", desk: "7" },
    cardholder: { ...card.cardholder, ...contact },
    billingAddress: address,
    version: 7,
  });
});
