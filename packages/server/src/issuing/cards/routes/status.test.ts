import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../../test/harness/database.ts";
import type { CallAnswer, TestOrganization } from "../../../../test/harness/server.ts";
import { inWork } from "../../../../test/harness/work.ts";
import type { HoldId, OrganizationId } from "../../../foundation/ids/ids.ts";
import { openBook, writeBook } from "../../../records/ledger/actions.ts";
import { isRefused } from "../../../records/ledger/errors.ts";
import type { AccountRef } from "../../../records/ledger/model.ts";
import type { Book, Posting } from "../../../records/ledger/rules.ts";
import { type CardBody, codesOf, type Fields, made, names, startCardTests } from "../fixture.ts";

const tests = await startCardTests();
const { server } = tests;

const post = (own: TestOrganization, card: CardBody, verb: string, body: Fields = {}) =>
  own.call("POST", `/cards/${card.id}/${verb}`, body);
const asPlatform = (card: CardBody, verb: string, body: Fields = {}) =>
  server.call("POST", `/cards/${card.id}/${verb}`, body);
const read = async (own: TestOrganization, card: CardBody) =>
  made(await own.call("GET", `/cards/${card.id}`));

/** Does something with a card's account in the books, as authorizations and clearing will. */
async function inBooks(
  own: TestOrganization,
  card: CardBody,
  act: (book: Book, by: Posting, refs: { account: AccountRef; network: AccountRef }) => object,
): Promise<void> {
  const organizationId = own.id as OrganizationId;
  const currency = card.currency;
  const account = { type: "card", ownerId: card.id, currency } as const;
  const network = { type: "network_settlement", ownerId: own.id, currency } as const;
  await inWork(server.database.app, organizationId, server.context.keys, async (work) => {
    const book = await openBook(work.sql, [{ organizationId, ref: account }]);
    assert.equal(isRefused(act(book, work, { account, network })), false);
    await writeBook(work.sql, book);
  });
}

const hold = (own: TestOrganization, card: CardBody, amount: bigint) =>
  inBooks(own, card, (book, by, { account, network }) =>
    book.openHold(by, {
      holdId: by.newId("hold") as HoldId,
      debit: account,
      credit: network,
      amount,
      expiresAt: null,
      cardId: card.id,
    }),
  );

const forcedDebit = (own: TestOrganization, card: CardBody, amount: bigint) =>
  inBooks(own, card, (book, by, { account, network }) =>
    book.forcedDebit(by, {
      kind: "forced_debit",
      debit: account,
      credit: network,
      amount,
      cardId: card.id,
    }),
  );

test("organization and cardholder each have a freeze of their own, and lift only theirs", async () => {
  const own = await tests.organization();
  const card = await tests.card(own);
  const first = made(await post(own, card, "freeze", { note: "Lost at home" }));
  assert.deepEqual(
    [first.status, first.statusReason, first.version],
    ["frozen", "requested_by_organization", 2],
  );
  const byHolder = { requestedBy: "cardholder", reason: "misplaced" };
  const second = made(await post(own, card, "freeze", byHolder));
  assert.deepEqual(
    second.restrictions.map(({ kind, owner, reason, note }: Fields) => [kind, owner, reason, note]),
    [
      ["freeze", "organization", "requested_by_organization", "Lost at home"],
      ["freeze", "cardholder", "misplaced", null],
    ],
  );
  const third = made(await post(own, card, "unfreeze"));
  assert.deepEqual([third.status, third.statusReason], ["frozen", "misplaced"]);
  const fourth = made(await post(own, card, "unfreeze", { requestedBy: "cardholder" }));
  assert.deepEqual([fourth.status, fourth.restrictions, fourth.version], ["active", [], 5]);
});

test("200: repeating a freeze, unfreeze, block or unblock changes nothing and announces nothing", async () => {
  const own = await tests.organization();
  const card = await tests.card(own);
  const verbs: [string, () => Promise<CallAnswer>][] = [
    ["unfreeze", () => post(own, card, "unfreeze")],
    ["freeze", () => post(own, card, "freeze", { reason: "again" })],
    ["unblock", () => asPlatform(card, "unblock")],
    ["block", () => asPlatform(card, "block", { reason: "again" })],
  ];
  made(await post(own, card, "freeze"));
  made(await post(own, card, "unfreeze"));
  for (const [name, verb] of verbs) {
    const first = await verb();
    const again = await verb();
    assert.deepEqual([again.status, again.body], [200, first.body], name);
  }
  await server.sequence();
  const { data } = made(await own.call("GET", "/events"));
  const types = data
    .filter(({ objectId }: Fields) => objectId === card.id)
    .map(({ type }: Fields) => type);
  assert.deepEqual(types, [
    "card.issued",
    "card.frozen",
    "card.unfrozen",
    "card.frozen",
    "card.blocked",
  ]);
});

test("a block outweighs a freeze, and what is below shows again when it is lifted", async () => {
  const own = await tests.organization();
  const card = await tests.card(own);
  made(await post(own, card, "freeze"));
  const blocked = made(await asPlatform(card, "block", { reason: "fraud", note: "Case 7" }));
  assert.deepEqual([blocked.status, blocked.statusReason], ["blocked", "fraud"]);
  assert.equal(made(await post(own, card, "unfreeze")).status, "blocked");
  made(await post(own, card, "freeze"));
  const lifted = made(await asPlatform(card, "unblock", { note: "Cleared" }));
  assert.deepEqual([lifted.status, lifted.restrictions.length], ["frozen", 1]);
});

test("403: an organization's key neither blocks nor unblocks", async () => {
  const own = await tests.organization();
  const card = await tests.card(own);
  for (const verb of ["block", "unblock"]) {
    const answer = await post(own, card, verb, { reason: "fraud" });
    assert.ok([403, 404].includes(answer.status), `${answer.status}`);
  }
  assert.equal((await read(own, card)).status, "active");
});

test("409: under a compliance restriction the money stays, and moves again when it is lifted", async () => {
  const own = await tests.organization();
  const card = await tests.card(own);
  const byLaw = { owner: "compliance", reason: "sanctions" };
  made(await asPlatform(card, "block", { reason: "fraud" }));
  const blocked = made(await asPlatform(card, "block", byLaw));
  assert.equal(blocked.statusReason, "sanctions");
  for (const answer of [
    await post(own, card, "withdraw", { amount: 5 }),
    await own.call("DELETE", `/cards/${card.id}`),
  ]) {
    assert.deepEqual([answer.status, answer.body.code], [409, "compliance_restriction"]);
  }
  made(await asPlatform(card, "unblock"));
  assert.equal((await read(own, card)).status, "blocked");
  made(await asPlatform(card, "unblock", { owner: "compliance" }));
  assert.equal((await post(own, card, "withdraw", { amount: 5 })).status, 201);
});

test("a deletion sends what is not held to the organization and names what is still held", async () => {
  const own = await tests.organization(20_000);
  const card = await tests.card(own);
  await hold(own, card, 3_000n);
  const deleted = made(await own.call("DELETE", `/cards/${card.id}`));
  assert.deepEqual(
    [deleted.card.status, deleted.card.statusReason, deleted.card.version],
    ["deleted", "deleted_by_organization", 2],
  );
  assert.deepEqual(deleted.card.balances, {
    currency: "EUR",
    posted: 3_000,
    held: 3_000,
    available: 0,
    owed: 0,
  });
  const { kind, amount, from, to } = deleted.sweep;
  assert.deepEqual([kind, amount], ["card_sweep", 7_000]);
  assert.deepEqual([from.balanceBefore, from.balanceAfter], [7_000, 0]);
  assert.deepEqual([to.balanceBefore, to.balanceAfter], [10_000, 17_000]);
  assert.deepEqual(
    deleted.openHolds.map(({ amount: held, currency, expiresAt }: Fields) => [
      held,
      currency,
      expiresAt,
    ]),
    [[3_000, "EUR", null]],
  );
  assert.deepEqual(await read(own, card), deleted.card);
  await tests.lawsHold(own);
});

test("a deleted card's account takes no movement that a person asks for, the platform's neither", async () => {
  const own = await tests.organization(20_000);
  const card = await tests.card(own);
  const topUp = made(await post(own, card, "top-up", { amount: 100 }));
  const withdrawal = made(await post(own, card, "withdraw", { amount: 100 }));
  made(await own.call("DELETE", `/cards/${card.id}`));
  for (const { id } of [topUp, withdrawal]) {
    for (const [call, code] of [
      [own.call, "card_deleted"],
      [server.call, "account_closed"],
    ] as const) {
      const answer = await call("POST", `/transfers/${id}/reverse`, {});
      assert.deepEqual([answer.status, answer.body.code], [409, code]);
    }
  }
  assert.equal((await read(own, card)).balances.posted, 0);
});

test("a budget card has nothing to sweep", async () => {
  const own = await tests.organization();
  const { id: budgetId, typeId } = await tests.budget(own);
  made(await own.call("POST", `/budgets/${budgetId}/top-up`, { amount: 900 }));
  const card = made(await own.call("POST", "/cards", { typeId, ...names, budgetId }));
  const deleted = made(await own.call("DELETE", `/cards/${card.id}`));
  assert.deepEqual([deleted.sweep, deleted.openHolds, deleted.card.balances], [null, [], null]);
  assert.equal(made(await own.call("GET", `/budgets/${budgetId}`)).balances.available, 900);
});

test("what a deleted card owes is collected from the organization, or the deletion is refused", async () => {
  const own = await tests.organization(10_500);
  const card = await tests.card(own);
  await forcedDebit(own, card, 11_000n);
  const owing = await read(own, card);
  assert.deepEqual([owing.balances.available, owing.balances.owed], [0, 1_000]);
  const refused = await own.call("DELETE", `/cards/${card.id}`);
  assert.deepEqual([refused.status, refused.body.code], [409, "receivable_outstanding"]);
  assert.deepEqual(await read(own, card), owing);
  made(await own.call("POST", "/simulations/deposits", { amount: 600, currency: "EUR" }));
  const deleted = made(await own.call("DELETE", `/cards/${card.id}`));
  assert.deepEqual([deleted.sweep, deleted.card.balances.owed], [null, 0]);
  assert.equal(await tests.available(own), 100);
  await tests.lawsHold(own);
});

test("the status history tells every change, who made it and why, newest first and page by page", async () => {
  const own = await tests.organization();
  const card = await tests.card(own);
  made(await post(own, card, "freeze", { reason: "lost", note: "On a train" }));
  made(await asPlatform(card, "block", { reason: "fraud" }));
  made(await own.call("PATCH", `/cards/${card.id}`, { label: "Not a change of status" }));
  made(await own.call("DELETE", `/cards/${card.id}`));
  const path = `/cards/${card.id}/status-history`;
  const first = made(await own.call("GET", `${path}?limit=3`));
  const rest = made(await own.call("GET", `${path}?cursor=${first.nextCursor}`));
  const lines = [...first.data, ...rest.data];
  assert.deepEqual(
    lines.map((line) => [line.version, line.action, line.from, line.to, line.reason, line.note]),
    [
      [5, "delete", "blocked", "deleted", "deleted_by_organization", null],
      [3, "block", "frozen", "blocked", "fraud", null],
      [2, "freeze", "active", "frozen", "lost", "On a train"],
      [1, "issue", null, "active", null, null],
    ],
  );
  assert.equal(rest.nextCursor, null);
  assert.notEqual(lines[1].actor.id, lines[2].actor.id);
  const malformed = await own.call("GET", `${path}?cursor=nonsense`);
  assert.equal(malformed.status, 400);
});

test("each change of a card bumps its version by one and announces it with what was before", async () => {
  const own = await tests.organization();
  const card = await tests.card(own);
  made(await post(own, card, "freeze"));
  made(await own.call("PATCH", `/cards/${card.id}`, { label: "New" }));
  made(await own.call("DELETE", `/cards/${card.id}`));
  await server.sequence();
  const { data } = made(await own.call("GET", "/events"));
  const events = data.filter(({ objectId }: Fields) => objectId === card.id);
  assert.deepEqual(
    events.map((event: CardBody) => [
      event.type,
      event.objectVersion,
      event.data.object.version,
      Object.keys(event.data.previous ?? {}).sort(),
    ]),
    [
      ["card.issued", 1, 1, []],
      ["card.frozen", 2, 2, ["restrictions", "status", "statusReason"]],
      ["card.updated", 3, 3, ["label"]],
      ["card.deleted", 4, 4, ["balances", "deletedAt", "status", "statusReason"]],
    ],
  );
});

test("409: a customer with a card is not deleted; without one it is, and stays readable", async () => {
  const own = await tests.organization();
  const customerId = await tests.customer(own);
  const card = await tests.card(own, { customerId });
  const refused = await own.call("DELETE", `/customers/${customerId}`);
  assert.deepEqual([refused.status, codesOf(refused)], [409, ["customer_has_cards"]]);
  made(await own.call("DELETE", `/cards/${card.id}`));
  assert.equal(made(await own.call("DELETE", `/customers/${customerId}`)).status, "deleted");
  assert.equal(made(await own.call("GET", `/customers/${customerId}`)).status, "deleted");
  assert.equal((await own.call("DELETE", `/customers/${customerId}`)).status, 409);
  assert.equal((await own.call("DELETE", "/customers/cus_none")).status, 404);
});

test("a lock that waited sees the restrictions of the one it waited for", async () => {
  const own = await tests.organization();
  const card = await tests.card(own);
  // A freeze and a withdrawal under compliance at the same moment, many times: never a lost
  // version.
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      index % 2 === 0
        ? post(own, card, "freeze", { requestedBy: "cardholder" })
        : post(own, card, "freeze"),
    ),
  );
  for (const answer of answers) made(answer);
  const after = await read(own, card);
  assert.deepEqual([after.version, after.restrictions.length], [3, 2]);
  const rows = await asOwner(
    server.database.url,
    "select 1 from card_restrictions where card_id = $1",
    [card.id],
  );
  assert.equal(rows.length, 2);
});
