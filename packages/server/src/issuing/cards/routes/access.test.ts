import assert from "node:assert/strict";
import test from "node:test";
import type { TestOrganization } from "../../../../test/harness/server.ts";
import { type CardBody, type Fields, made, startCardTests } from "../fixture.ts";

const tests = await startCardTests();
const { server } = tests;

const terms = { requiresCustomer: true, requiresAccess: true };

const decide = (id: string, move: string, body: Fields = {}) =>
  server.call("POST", `/access-requests/${id}/${move}`, body);

const revoke = async (id: string) =>
  made(await decide(id, "revoke", { reasons: ["Risk.", "Age."] }));

/** Asks for access and has it granted. */
async function grant(own: TestOrganization, customerId: string, typeId: string): Promise<string> {
  const { id, status } = made(
    await own.call("POST", `/customers/${customerId}/access-requests`, { typeId }),
  );
  if (status === "requested") made(await decide(id, "grant"));
  return id;
}

const read = async (own: TestOrganization, { id }: CardBody): Promise<CardBody> =>
  made(await own.call("GET", `/cards/${id}`));

const issue = async (
  own: TestOrganization,
  customerId: string,
  typeId: string,
  more: Fields = {},
) => made(await own.call("POST", "/cards", { typeId, customerId, initialBalance: 100, ...more }));

/** A customer with access to a program, and a card of it. */
async function covered(access: Fields = {}) {
  const own = await tests.organization();
  const typeId = await tests.program({ ...terms, ...access });
  const customerId = await tests.customer(own);
  const accessId = await grant(own, customerId, typeId);
  return { own, typeId, customerId, accessId, card: await issue(own, customerId, typeId) };
}

test("revoking product access blocks each card it covered, with a restriction of the rule", async () => {
  const { own, typeId, customerId, accessId, card } = await covered();
  const second = await issue(own, customerId, typeId);
  await revoke(accessId);
  for (const each of [card, second]) {
    const { status, statusReason, restrictions, version } = await read(own, each);
    assert.deepEqual([status, statusReason, version], ["blocked", "product_access_revoked", 2]);
    const [{ kind, owner, reason, note, endsAt }] = restrictions;
    assert.deepEqual(
      { kind, owner, reason, note, endsAt },
      {
        kind: "block",
        owner: "rule",
        reason: "product_access_revoked",
        note: "Risk.; Age.",
        endsAt: null,
      },
    );
    const topUp = await own.call("POST", `/cards/${each.id}/top-up`, { amount: 5 });
    assert.deepEqual([topUp.status, topUp.body.code], [409, "card_blocked"]);
    made(await own.call("POST", `/cards/${each.id}/withdraw`, { amount: 5 }));
  }
  await server.sequence();
  const { data } = made(await own.call("GET", "/events?after=0&limit=100"));
  const blocked = data.filter(({ type }: Fields) => type === "card.blocked");
  assert.deepEqual(
    blocked.map(({ objectId }: Fields) => objectId).sort(),
    [card.id, second.id].sort(),
  );
});

test("it leaves alone the cards of other customers and programs, and deleted ones", async () => {
  const { own, typeId, customerId, accessId } = await covered();
  const deleted = await issue(own, customerId, typeId);
  made(await own.call("DELETE", `/cards/${deleted.id}`));
  const otherProgram = await issue(own, customerId, await tests.program());
  const friend = await tests.customer(own);
  await grant(own, friend, typeId);
  const otherCustomer = await issue(own, friend, typeId);
  await revoke(accessId);
  assert.equal((await read(own, otherProgram)).status, "active");
  assert.equal((await read(own, otherCustomer)).status, "active");
  const { status, version, restrictions } = await read(own, deleted);
  assert.deepEqual([status, version, restrictions], ["deleted", 2, []]);
});

for (const accessGrant of ["manual", "automatic"]) {
  test(`access granted again (${accessGrant}) lifts the rule's block and no other`, async () => {
    const { own, typeId, customerId, accessId, card } = await covered({ accessGrant });
    const suspect = await issue(own, customerId, typeId);
    const block = { reason: "suspected_fraud" };
    made(await server.call("POST", `/cards/${suspect.id}/block`, block));
    await revoke(accessId);
    assert.equal((await read(own, suspect)).restrictions.length, 2);
    await grant(own, customerId, typeId);
    assert.equal((await read(own, card)).status, "active");
    const { status, statusReason } = await read(own, suspect);
    assert.deepEqual([status, statusReason], ["blocked", "suspected_fraud"]);
    const history = made(await own.call("GET", `/cards/${card.id}/status-history`)).data;
    assert.deepEqual(
      history.map(({ action, from, to, reason }: Fields) => [action, from, to, reason]),
      [
        ["unblock", "blocked", "active", "product_access_granted"],
        ["block", "active", "blocked", "product_access_revoked"],
        ["issue", null, "active", null],
      ],
    );
  });
}

test("the platform's unblock does not lift the rule's block", async () => {
  const { own, accessId, card } = await covered();
  await revoke(accessId);
  made(await server.call("POST", `/cards/${card.id}/unblock`, {}));
  assert.equal((await read(own, card)).status, "blocked");
});

test("issuing and revoking at once: every card that was issued is blocked in the end", async () => {
  const { own, typeId, customerId, accessId } = await covered();
  const body = { typeId, customerId, initialBalance: 1 };
  const issues = Array.from({ length: 40 }, () => own.call("POST", "/cards", body));
  const [answers] = await Promise.all([Promise.all(issues), revoke(accessId)]);
  const issued = answers.filter(({ status }) => status === 201);
  for (const { body: card } of issued) assert.equal((await read(own, card)).status, "blocked");
  for (const { status, body: refusal } of answers) {
    if (status !== 201) assert.equal(refusal.errors[0].code, "product_access_revoked");
  }
});
