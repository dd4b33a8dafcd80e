import assert from "node:assert/strict";
import test from "node:test";
import { testDatabase } from "../../../test/harness/database.ts";
import { inWork, testKeys } from "../../../test/harness/work.ts";
import type { Work } from "../../foundation/database/work.ts";
import { Refusal } from "../../foundation/errors/errors.ts";
import { type CardId, type OrganizationId, PLATFORM } from "../../foundation/ids/ids.ts";
import { closeAccount, openAccounts, openBook, writeBook } from "../../records/ledger/actions.ts";
import { isRefused } from "../../records/ledger/errors.ts";
import type { AccountRef } from "../../records/ledger/model.ts";
import { createOrganization, moveOrganization, workIn } from "../organizations/actions.ts";
import { decideFunds, type FundsCommand, reverseTransfer, writeTransfers } from "./actions.ts";
import type { Transfer } from "./model.ts";
import { planTransfer, type TransferPlan } from "./rules.ts";

const { app } = await testDatabase();
const keys = testKeys();

const inTenant = <T>(id: OrganizationId, act: (work: Work) => Promise<T>): Promise<T> =>
  inWork(app, id, keys, act);

/** A new organization with money and a card account; nothing else of the card. */
async function tenant(amount: bigint) {
  const { organization } = await inWork(app, PLATFORM, keys, (work) =>
    createOrganization(work, { name: "T", mode: "sandbox", externalId: null, currencies: ["EUR"] }),
  );
  const { id } = organization;
  const ownerId: CardId = `card_of_${id}`;
  const own: AccountRef = { type: "organization_available", ownerId: id, currency: "EUR" };
  const card: AccountRef = { type: "card", ownerId, currency: "EUR" };
  const network: AccountRef = { type: "network_settlement", ownerId: id, currency: "EUR" };
  await inTenant(id, (work) => openAccounts(work, [card]));
  if (amount > 0n) await one(id, "organization_deposit", amount);
  return { id, own, card, network };
}

const command = (work: Work, kind: FundsCommand["kind"], amount: bigint): FundsCommand => ({
  work,
  kind,
  organization: work.organizationId,
  amount,
  currency: "EUR",
  note: null,
});

const codeOf = (result: Transfer | Refusal | undefined) =>
  result instanceof Refusal ? result.code : "done";

/** One deposit or payout, decided by itself. */
async function one(id: OrganizationId, kind: FundsCommand["kind"], amount: bigint) {
  const [result] = await inTenant(id, (work) => decideFunds([command(work, kind, amount)]));
  return result;
}

function move(id: OrganizationId, plan: TransferPlan): Promise<Transfer> {
  return inTenant(id, async (work) => {
    const refs = [plan.from, plan.to].map((ref) => ({ organizationId: id, ref }));
    const book = await openBook(work.sql, refs);
    const planned = planTransfer(book, work, plan);
    assert.ok(
      !isRefused(planned),
      JSON.stringify(planned, (_, v) => String(v)),
    );
    await writeBook(work.sql, book);
    await writeTransfers(work.sql, [{ work, transfers: [planned.transfer, ...planned.more] }]);
    return planned.transfer;
  });
}

/** A purchase that the card cannot pay: the rest is owed. */
const force = (id: OrganizationId, debit: AccountRef, credit: AccountRef, amount: bigint) =>
  inTenant(id, async (work) => {
    const book = await openBook(work.sql, [{ organizationId: id, ref: debit }]);
    book.forcedDebit(work, { kind: "forced_debit", debit, credit, amount });
    await writeBook(work.sql, book);
  });

const reverse = (id: OrganizationId, transfer: Transfer) =>
  inTenant(id, (work) =>
    reverseTransfer(work, transfer.id, { note: null, reason: null, platform: true, judge: null }),
  ).catch((error: unknown) => {
    if (error instanceof Refusal) return error;
    throw error;
  });

test("while a card owes, payouts and reversed deposits are refused; deposits are not", async () => {
  const { id, own, card, network } = await tenant(100n);
  const deposit = (await one(id, "organization_deposit", 50n)) as Transfer;
  await force(id, card, network, 30n);
  assert.equal(codeOf(await one(id, "organization_payout", 1n)), "receivable_outstanding");
  assert.equal(codeOf(await reverse(id, deposit)), "receivable_outstanding");
  assert.equal(codeOf(await one(id, "organization_deposit", 1n)), "done");
  await move(id, { kind: "card_top_up", from: own, to: card, amount: 30n });
  assert.equal(codeOf(await one(id, "organization_payout", 1n)), "done");
  assert.equal(codeOf(await reverse(id, deposit)), "done");
});

test("a top-up is reversed while the card has the money and its account is open", async () => {
  const { id, own, card } = await tenant(100n);
  const plan = { kind: "card_top_up", from: own, to: card, amount: 40n } as const;
  const first = await move(id, plan);
  const second = await move(id, plan);
  await move(id, { kind: "card_withdrawal", from: card, to: own, amount: 1n });
  assert.equal(codeOf(await reverse(id, first)), "done");
  assert.equal(codeOf(await reverse(id, second)), "insufficient_card_balance");
  await inTenant(id, (work) => closeAccount(work, card));
  assert.equal(codeOf(await reverse(id, second)), "account_closed");
  assert.equal(codeOf(await reverse(id, first)), "transfer_already_reversed");
});

test("a suspended organization reverses a top-up, not a withdrawal: that would top up", async () => {
  const { id, own, card } = await tenant(100n);
  const up = await move(id, { kind: "card_top_up", from: own, to: card, amount: 40n });
  const down = await move(id, { kind: "card_withdrawal", from: card, to: own, amount: 10n });
  await inTenant(id, (work) => moveOrganization(work, "suspend"));
  assert.equal(codeOf(await reverse(id, down)), "organization_suspended");
  await inTenant(id, (work) => moveOrganization(work, "activate"));
  assert.equal(codeOf(await reverse(id, down)), "done");
  await inTenant(id, (work) => moveOrganization(work, "suspend"));
  assert.equal(codeOf(await reverse(id, up)), "done");
});

test("a reversal of money that goes back to a card in debt pays the debt first", async () => {
  const { id, own, card, network } = await tenant(100n);
  await move(id, { kind: "card_top_up", from: own, to: card, amount: 40n });
  const down = await move(id, { kind: "card_withdrawal", from: card, to: own, amount: 40n });
  await force(id, card, network, 15n);
  const reversal = await reverse(id, down);
  assert.ok(!(reversal instanceof Refusal));
  const recoveries = await app.query<{ amount: bigint; related: string }>({
    name: undefined,
    text: `select amount, related_transfer_id as related from transfers
      where organization_id = '${id}' and kind = 'receivable_recovery'`,
  });
  assert.deepEqual(recoveries, [{ amount: 15n, related: reversal.id }]);
});

test("A9: a batch decided together is the same decided one by one, refusals inside", async () => {
  const together = await tenant(0n);
  const apart = await tenant(0n);
  const amounts = Array.from({ length: 60 }, (_, at) => BigInt(((at * 37) % 23) + 1));
  const kinds = amounts.map((_, at) =>
    at % 3 === 0 ? ("organization_deposit" as const) : ("organization_payout" as const),
  );
  const batch = await inTenant(together.id, (work) =>
    decideFunds(
      amounts.map((amount, at) => command(work, kinds[at] ?? "organization_payout", amount)),
    ),
  );
  const single: (Transfer | Refusal | undefined)[] = [];
  for (const [at, amount] of amounts.entries()) {
    single.push(await one(apart.id, kinds[at] ?? "organization_payout", amount));
  }
  const shown = (results: readonly (Transfer | Refusal | undefined)[]) =>
    results.map((result) =>
      result instanceof Refusal || result === undefined
        ? codeOf(result)
        : [result.kind, result.from.before, result.from.after, result.to.before, result.to.after],
    );
  assert.deepEqual(shown(batch), shown(single));
  assert.ok(
    batch.some((result) => result instanceof Refusal),
    "some were refused",
  );
});

test("one batch serves several organizations, unknown and closed ones among them", async () => {
  const first = await tenant(10n);
  const second = await tenant(20n);
  const closed = await tenant(0n);
  await app.transaction((sql) =>
    sql.query({
      name: undefined,
      text: `update organizations set status = 'closed' where id = '${closed.id}'`,
    }),
  );
  const results = await inWork(app, PLATFORM, keys, (work) =>
    decideFunds(
      [first.id, "org_nothing", second.id, closed.id, first.id].map((organization) => ({
        ...command(work, "organization_payout", 10n),
        organization,
      })),
    ),
  );
  assert.deepEqual(results.map(codeOf), [
    "done",
    "not_found",
    "done",
    "organization_closed",
    "insufficient_organization_balance",
  ]);
  assert.deepEqual(
    results.map((result) => (result instanceof Refusal ? null : result.organizationId)),
    [first.id, null, second.id, null, null],
  );
});

test("a work in another organization has that organization's now", async () => {
  const { id } = await tenant(0n);
  await app.query({
    name: undefined,
    text: `update organization_clocks set offset_ms = 86400000 where organization_id = '${id}'`,
  });
  await inWork(app, PLATFORM, keys, async (work) => {
    const there = await workIn(work, id);
    assert.equal(there.organizationId, id);
    assert.ok(there.now.getTime() - work.now.getTime() > 86_000_000);
    await assert.rejects(workIn(work, "org_nothing"), /organization_not_found/);
    await assert.rejects(workIn(work, PLATFORM), /organization_not_found/);
  });
});
