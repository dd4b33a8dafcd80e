import assert from "node:assert/strict";
import test from "node:test";
import { asOwner, wordsOf } from "../../../../test/harness/database.ts";
import { startTestServer, type TestOrganization } from "../../../../test/harness/server.ts";
import { inWork } from "../../../../test/harness/work.ts";
import type { CardId, OrganizationId } from "../../../foundation/ids/ids.ts";
import { openBook, writeBook } from "../../../records/ledger/actions.ts";
import { isRefused } from "../../../records/ledger/errors.ts";
import { readDues, writeDues, writeTransfers } from "../actions.ts";
import { dueFeeLifecycle, MAX_DUES_AT_ONCE, purseAccount, purseKey } from "../model/dues.ts";
import { planTransfer } from "../rules.ts";

const server = await startTestServer();
const { context } = server;

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every route.
type Body = any;

function made({ status, body }: { status: number; body: Body }): Body {
  assert.ok(status === 200 || status === 201, `${status} ${JSON.stringify(body)}`);
  return body;
}

const codeOf = ({ status, body }: { status: number; body: Body }) => `${status} ${body.code ?? ""}`;

let cards = 0;

/** Charges fees of a card that was not asked for: nothing here depends on cards. */
async function owing(own: TestOrganization, amounts: readonly number[], currency = "EUR") {
  const organizationId = own.id as OrganizationId;
  const purse = { organizationId, currency };
  cards += 1;
  const cardId: CardId = `card_${cards}`;
  await inWork(context.database, organizationId, context.keys, async (work) => {
    const { sql } = work;
    const book = await openBook(sql, [{ organizationId, ref: purseAccount(purse) }]);
    const dues = (await readDues(sql, [purse])).get(purseKey(purse));
    assert.ok(dues);
    const settled = amounts.map((amount, index) =>
      dues.charge(book, work, {
        cardId,
        budgetId: null,
        feeKind: "monthly",
        amount: BigInt(amount),
        currency,
        dueAt: new Date(Date.UTC(2031, index, 1)),
      }),
    );
    await writeBook(sql, book);
    await writeTransfers(sql, [{ work, transfers: settled.flatMap((each) => each.transfers) }]);
    await writeDues(sql, [{ work, dues: settled.flatMap((each) => each.dues) }]);
  });
  return cardId;
}

/** Brings money that is no deposit, so that nothing is paid from it by itself. */
const bring = (own: TestOrganization, amount: number) =>
  inWork(context.database, own.id as OrganizationId, context.keys, async (work) => {
    const to = purseAccount({ organizationId: work.organizationId, currency: "EUR" });
    const book = await openBook(work.sql, [{ organizationId: work.organizationId, ref: to }]);
    const from = { ...to, type: "fees" } as const;
    const plan = { kind: "adjustment", from, to, amount: BigInt(amount) } as const;
    const planned = planTransfer(book, work, plan);
    assert.ok(!isRefused(planned));
    await writeBook(work.sql, book);
    await writeTransfers(work.sql, [{ work, transfers: [planned.transfer] }]);
  });

const deposit = (own: TestOrganization, amount: number, currency = "EUR") =>
  own.call("POST", "/simulations/deposits", { amount, currency });

const payOut = (own: TestOrganization, amount: number, currency = "EUR") =>
  server.call("POST", `/organizations/${own.id}/payouts`, { amount, currency });

const duesOf = async (own: TestOrganization, query = ""): Promise<Body[]> =>
  made(await own.call("GET", `/due-fees?limit=100&${query}`)).data;

test("200: an organization sees its own due fees, the platform all; nobody another's", async () => {
  const [mine, other] = [await server.newOrganization(), await server.newOrganization()];
  await owing(mine, [10, 20]);
  await owing(other, [30]);
  const [theirs] = await duesOf(other);
  assert.deepEqual((await duesOf(mine)).map(({ amount }) => amount).sort(), [10, 20]);
  assert.equal((await mine.call("GET", `/due-fees/${theirs.id}`)).status, 404);
  assert.deepEqual(made(await other.call("GET", `/due-fees/${theirs.id}`)), theirs);
  assert.deepEqual(made(await server.call("GET", `/due-fees/${theirs.id}`)), theirs);
  const all = made(await server.call("GET", `/due-fees?organizationId=${other.id}`)).data;
  assert.deepEqual(all, [theirs]);
  assert.match(theirs.id, /^due_/);
});

test("200: due fees are listed by status, card, kind, currency and day, page by page", async () => {
  const own = await server.newOrganization();
  const first = await owing(own, [10, 20, 30]);
  await owing(own, [40], "JPY");
  const [{ id }] = await duesOf(own, "currency=JPY");
  made(await server.call("POST", `/due-fees/${id}/waive`, { reason: "goodwill" }));
  const amounts = async (query: string) => (await duesOf(own, query)).map(({ amount }) => amount);
  assert.deepEqual(await amounts("status=waived"), [40]);
  assert.deepEqual(await amounts("status=due"), [30, 20, 10]);
  assert.deepEqual(await amounts(`cardId=${first}`), [30, 20, 10]);
  assert.deepEqual(await amounts("feeKind=issuance"), []);
  assert.deepEqual(await amounts("from=2031-02-01T00:00:00Z&to=2031-03-01T00:00:00Z"), [20]);
  const page = made(await own.call("GET", "/due-fees?limit=3"));
  const rest = made(await own.call("GET", `/due-fees?limit=3&cursor=${page.nextCursor}`));
  assert.deepEqual([...page.data, ...rest.data], await duesOf(own));
});

test("a deposit pays whole fees in its own currency, and its own answer says what it brought", async () => {
  const own = await server.newOrganization();
  await owing(own, [100, 100]);
  await owing(own, [50], "JPY");
  const answer = made(await deposit(own, 150));
  assert.deepEqual(
    [answer.kind, answer.amount, answer.to.balanceAfter],
    ["organization_deposit", 150, 150],
  );
  assert.deepEqual(
    (await duesOf(own, "status=paid")).map(({ amount }) => amount),
    [100],
  );
  const { balances } = made(await own.call("GET", "/balances"));
  assert.deepEqual(
    balances.map(({ currency, available }: Body) => [currency, available]),
    [["EUR", 50]],
  );
  await server.sequence();
  assert.equal(made(await own.call("GET", "/ledger/invariants")).holds, true);
});

test("deposits that arrive together pay each fee once, oldest first", async () => {
  const own = await server.newOrganization();
  await owing(
    own,
    Array.from({ length: 40 }, () => 10),
  );
  const answers = await Promise.all(Array.from({ length: 30 }, () => deposit(own, 10)));
  answers.forEach(made);
  const paid = await duesOf(own, "status=paid");
  assert.equal(paid.length, 30);
  const waiting = (await duesOf(own, "status=due")).map(({ dueAt }) => dueAt).sort();
  assert.ok(paid.every(({ dueAt }) => dueAt < waiting[0]));
  assert.equal(new Set(paid.map(({ transferId }) => transferId)).size, 30);
  await server.sequence();
  assert.equal(made(await own.call("GET", "/ledger/invariants")).holds, true);
});

test("one transaction pays at most so many fees; the next one pays on", async () => {
  const own = await server.newOrganization();
  await owing(
    own,
    Array.from({ length: MAX_DUES_AT_ONCE + 2 }, () => 1),
  );
  made(await deposit(own, MAX_DUES_AT_ONCE + 1));
  const count = async (status: string) => {
    const rows = await asOwner<{ count: string }>(
      server.database.url,
      "select count(*) from due_fees where organization_id = $1 and status = $2",
      [own.id, status],
    );
    return Number(rows[0]?.count);
  };
  assert.deepEqual([await count("paid"), await count("due")], [MAX_DUES_AT_ONCE, 2]);
  // What was not looked at is due none the less: a new fee waits behind it.
  await owing(own, [1]);
  assert.equal(await count("due"), 3);
  made(await deposit(own, 2));
  assert.equal(await count("due"), 0);
});

test("409 fees_due: a payout leaves what is due, in its currency, and not one unit less", async () => {
  const own = await server.newOrganization();
  made(await deposit(own, 100));
  await owing(own, [300]);
  await owing(own, [300], "JPY");
  assert.equal(codeOf(await payOut(own, 1)), "409 fees_due");
  made(await deposit(own, 5, "USD"));
  made(await payOut(own, 5, "USD"));
  await bring(own, 250);
  assert.equal(codeOf(await payOut(own, 351)), "422 insufficient_organization_balance");
  assert.equal(codeOf(await payOut(own, 51)), "409 fees_due");
  made(await payOut(own, 50));
  assert.equal(codeOf(await payOut(own, 1)), "409 fees_due");
});

test("409 fees_due: undoing a deposit leaves what is due", async () => {
  const own = await server.newOrganization();
  const { id } = made(await deposit(own, 100));
  await owing(own, [150]);
  assert.equal(codeOf(await own.call("POST", `/transfers/${id}/reverse`, {})), "409 fees_due");
  const [due] = await duesOf(own);
  made(await server.call("POST", `/due-fees/${due.id}/waive`, { reason: "goodwill" }));
  made(await own.call("POST", `/transfers/${id}/reverse`, {}));
});

test("409 organization_not_empty: an organization is not closed while fees are due, unless waived", async () => {
  const own = await server.newOrganization();
  await owing(own, [25]);
  const close = () => server.call("POST", `/organizations/${own.id}/close`);
  const refused = await close();
  assert.equal(codeOf(refused), "409 organization_not_empty");
  assert.match(refused.body.detail, /fees due of 25 EUR/);
  const [due] = await duesOf(own);
  made(await server.call("POST", `/due-fees/${due.id}/waive`, { reason: "closing" }));
  assert.equal(made(await close()).status, "closed");
  assert.equal(made(await close()).status, "closed");
});

test("200: the platform waives a due fee with its reason; again it changes nothing; a paid one is refused", async () => {
  const own = await server.newOrganization();
  await owing(own, [25, 25]);
  const [second, first] = await duesOf(own);
  const waive = (id: string, reason = "goodwill") =>
    server.call("POST", `/due-fees/${id}/waive`, { reason });
  const waived = made(await waive(first.id));
  assert.deepEqual(waived, { ...first, status: "waived", waivedReason: "goodwill", version: 2 });
  assert.deepEqual(made(await waive(first.id, "another")), waived);
  made(await deposit(own, 25));
  assert.equal((await duesOf(own, "status=paid"))[0].id, second.id);
  assert.equal(codeOf(await waive(second.id)), "409 fee_already_paid");
  assert.equal((await waive("due_unknown")).status, 404);
  assert.equal(
    (await own.call("POST", `/due-fees/${second.id}/waive`, { reason: "me" })).status,
    403,
  );
  await server.sequence();
  const { data } = made(await own.call("GET", "/events?limit=100"));
  const told = data.filter(({ type }: Body) => type === "fee.waived");
  assert.deepEqual(
    told.map(({ data: { object, previous } }: Body) => [object, previous]),
    [[waived, { status: "due" }]],
  );
});

test("a waiver and a deposit at once settle a fee in one of the two ways", async () => {
  for (let round = 0; round < 10; round += 1) {
    const own = await server.newOrganization();
    await owing(own, [25]);
    const [{ id }] = await duesOf(own);
    const [paid, waived] = await Promise.all([
      deposit(own, 25),
      server.call("POST", `/due-fees/${id}/waive`, { reason: "goodwill" }),
    ]);
    made(paid);
    const [after] = await duesOf(own);
    const { balances } = made(await own.call("GET", "/balances"));
    if (after.status === "paid") assert.equal(codeOf(waived), "409 fee_already_paid");
    else assert.equal(made(waived).status, "waived");
    assert.equal(balances[0].available, after.status === "paid" ? 0 : 25);
  }
});

test("the constraint of the table and the life cycle name the same statuses", async () => {
  const words = await wordsOf(server.database.url, "due_fees_status_check");
  assert.deepEqual(words, [...dueFeeLifecycle.states].sort());
});
