import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../test/harness/database.ts";
import {
  type CallOptions,
  startTestServer,
  type TestOrganization,
} from "../../../test/harness/server.ts";

const server = await startTestServer();
const { call: asPlatform } = server;

const codesOf = ({ status, body }: { status: number; body: { code?: string } }) =>
  `${status} ${body.code ?? "done"}`;

type Balances = { posted: number; held: number; available: number; owed: number };

/** A new organization with this much EUR. */
async function funded(amount = 0): Promise<TestOrganization> {
  const organization = await server.newOrganization();
  if (amount > 0) await deposit(organization, amount);
  return organization;
}

const deposit = ({ id }: { id: string }, amount: number, currency = "EUR") =>
  asPlatform("POST", `/organizations/${id}/deposits`, { amount, currency });

const payout = (
  { id }: { id: string },
  amount: number,
  currency = "EUR",
  options: CallOptions = {},
) => asPlatform("POST", `/organizations/${id}/payouts`, { amount, currency }, options);

/** The balances of an organization by currency. */
async function balancesOf({ call }: TestOrganization) {
  const { status, body } = await call("GET", "/balances");
  assert.equal(status, 200);
  const balances = body.balances as (Balances & { currency: string })[];
  return Object.fromEntries(balances.map(({ currency, ...rest }) => [currency, rest as Balances]));
}

async function invariantsHold({ call }: TestOrganization) {
  await server.sequence();
  const { body } = await call("GET", "/ledger/invariants");
  assert.equal(body.holds, true, JSON.stringify(body));
}

test("201: a deposit is a transfer from outside to the organization, with balances and journal row", async () => {
  const organization = await funded();
  const answer = await asPlatform("POST", `/organizations/${organization.id}/deposits`, {
    amount: 12_345,
    currency: "EUR",
    note: "Invoice 7",
  });
  assert.equal(answer.status, 201);
  const { id, journalIds, createdAt, actor, ...rest } = answer.body;
  assert.match(id, /^trf_/);
  assert.match(journalIds.join(), /^jrn_\w+$/);
  assert.match(createdAt, /Z$/);
  assert.equal(actor.kind, "key");
  assert.deepEqual(rest, {
    organizationId: organization.id,
    kind: "organization_deposit",
    status: "completed",
    amount: 12_345,
    currency: "EUR",
    from: {
      type: "external_funding",
      id: organization.id,
      balanceBefore: null,
      balanceAfter: null,
    },
    to: {
      type: "organization_available",
      id: organization.id,
      balanceBefore: 0,
      balanceAfter: 12_345,
    },
    cardId: null,
    budgetId: null,
    feeKind: null,
    relatedTransferId: null,
    reverses: null,
    reversedBy: null,
    note: "Invoice 7",
    reason: null,
    version: 1,
  });
  assert.deepEqual(await balancesOf(organization), {
    EUR: { posted: 12_345, held: 0, available: 12_345, owed: 0 },
  });
  const read = await organization.call("GET", `/transfers/${id}`);
  assert.deepEqual(read.body, answer.body);
  await server.sequence();
  const events = await organization.call("GET", "/events?after=0");
  const event = events.body.data.find((one: { objectId: string }) => one.objectId === id);
  assert.deepEqual(
    [event.type, event.objectVersion, event.data.object],
    ["transfer.completed", 1, answer.body],
  );
  await invariantsHold(organization);
});

test("201: a payout takes what is available, to the last unit; 422: not one more", async () => {
  const organization = await funded(500);
  assert.equal(codesOf(await payout(organization, 501)), "422 insufficient_organization_balance");
  const { body } = await payout(organization, 501);
  assert.match(body.detail, /500/);
  assert.equal(body.errors[0].field, "amount");
  const done = await payout(organization, 500);
  assert.equal(done.status, 201);
  assert.deepEqual([done.body.from.balanceBefore, done.body.from.balanceAfter], [500, 0]);
  assert.equal(codesOf(await payout(organization, 1)), "422 insufficient_organization_balance");
  assert.equal(
    codesOf(await payout(organization, 1, "USD")),
    "422 insufficient_organization_balance",
    "a currency never deposited is a balance of nothing",
  );
  await invariantsHold(organization);
});

test("each currency is a balance of its own, opened by its first deposit", async () => {
  const organization = await funded(100);
  assert.equal((await deposit(organization, 7, "JPY")).status, 201);
  assert.equal((await deposit(organization, 9_999, "KWD")).status, 201);
  const balances = await balancesOf(organization);
  assert.deepEqual(
    Object.entries(balances).map(([currency, { available }]) => [currency, available]),
    [
      ["EUR", 100],
      ["JPY", 7],
      ["KWD", 9_999],
    ],
  );
});

test("an organization may be named by external:<externalId>, an unknown one is 404", async () => {
  const { body } = await asPlatform("POST", "/organizations", {
    name: "Named",
    externalId: "acme 7",
  });
  const done = await asPlatform("POST", "/organizations/external:acme%207/deposits", {
    amount: 5,
    currency: "EUR",
  });
  assert.equal(done.status, 201);
  assert.equal(done.body.organizationId, body.id);
  for (const id of ["org_nobody", "external:nobody", "org_platform", "external:"]) {
    const refused = await asPlatform("POST", `/organizations/${id}/deposits`, {
      amount: 5,
      currency: "EUR",
    });
    assert.equal(codesOf(refused), "404 not_found", id);
  }
});

test("only the platform deposits and pays out; a simulated deposit is for sandboxes", async () => {
  const organization = await funded();
  for (const verb of ["deposits", "payouts"]) {
    const path = `/organizations/${organization.id}/${verb}`;
    const { status } = await organization.call("POST", path, { amount: 1, currency: "EUR" });
    assert.equal(status, 403);
  }
  const simulated = await organization.call("POST", "/simulations/deposits", {
    amount: 55,
    currency: "EUR",
  });
  assert.equal(simulated.status, 201);
  assert.equal(simulated.body.kind, "organization_deposit");
  const live = await server.newOrganization({ mode: "live" });
  const refused = await live.call("POST", "/simulations/deposits", { amount: 5, currency: "EUR" });
  assert.equal(refused.status, 403);
  assert.equal((await deposit(live, 5)).status, 201);
});

test("A4: amounts are whole minor units from 1 to 10^12, or refused by name; nothing is rounded", async () => {
  const organization = await funded();
  const bad = [
    "0",
    "-1",
    "1.5",
    "1e3",
    "-0",
    '"5"',
    "true",
    "null",
    "[7]",
    "1000000000001",
    "9007199254740993",
    "9223372036854775808",
  ];
  for (const amount of bad) {
    const answer = await asPlatform(
      "POST",
      `/organizations/${organization.id}/deposits`,
      `{"amount":${amount},"currency":"EUR"}`,
    );
    assert.equal(codesOf(answer), "400 invalid_request", amount);
    assert.equal(answer.body.errors[0].field, "amount", amount);
  }
  for (const currency of ["EURO", "eur", "XXX", ""]) {
    const answer = await deposit(organization, 5, currency);
    assert.equal(codesOf(answer), "400 invalid_request", currency);
  }
  assert.equal((await deposit(organization, 1_000_000_000_000)).status, 201);
  assert.equal((await deposit(organization, 1)).status, 201);
  const { EUR } = await balancesOf(organization);
  assert.equal(EUR?.available, 1_000_000_000_001);
  await invariantsHold(organization);
});

test("422 overflow: a balance ends where JSON numbers stop being exact", async () => {
  const organization = await funded(1);
  await asOwner(
    server.database.url,
    `update ledger_accounts set credits_posted = 9007199254740990
     where organization_id = '${organization.id}'`,
  );
  assert.equal(codesOf(await deposit(organization, 2)), "422 overflow");
  const last = await deposit(organization, 1);
  assert.equal(last.body.to.balanceAfter, Number.MAX_SAFE_INTEGER);
});

test("a suspended organization still gets deposits and payouts, a closed one neither", async () => {
  const organization = await funded(10);
  await asPlatform("POST", `/organizations/${organization.id}/suspend`);
  assert.equal((await deposit(organization, 5)).status, 201);
  assert.equal((await payout(organization, 15)).status, 201);
  const closed = await asPlatform("POST", `/organizations/${organization.id}/close`);
  assert.equal(closed.status, 200);
  assert.equal(codesOf(await deposit(organization, 5)), "409 organization_closed");
  assert.equal(codesOf(await deposit(organization, 5, "USD")), "409 organization_closed");
  assert.equal(codesOf(await payout(organization, 5)), "409 organization_closed");
});

test("409: no reversal brings money back into a closed organization", async () => {
  const organization = await funded(10);
  const paid = (await payout(organization, 10)).body;
  const closed = await asPlatform("POST", `/organizations/${organization.id}/close`);
  assert.equal(closed.status, 200);
  const reversal = await asPlatform("POST", `/transfers/${paid.id}/reverse`, {});
  assert.equal(codesOf(reversal), "409 organization_closed");
  assert.equal((await balancesOf(organization)).EUR?.posted, 0);
});

test("201: a reversal mirrors its transfer, names it, and the transfer says so; 409: once only", async () => {
  const organization = await funded(100);
  const original = (await payout(organization, 40)).body;
  const path = `/transfers/${original.id}/reverse`;
  const reversal = await asPlatform("POST", path, { reason: "duplicate", note: "Sent twice" });
  assert.equal(reversal.status, 201);
  const { kind, amount, from, to, reverses, reason, note } = reversal.body;
  assert.deepEqual(
    { kind, amount, reverses, reason, note },
    {
      kind: "reversal",
      amount: 40,
      reverses: original.id,
      reason: "duplicate",
      note: "Sent twice",
    },
  );
  assert.deepEqual(from, original.to);
  assert.deepEqual([to.balanceBefore, to.balanceAfter], [60, 100]);
  const read = (await organization.call("GET", `/transfers/${original.id}`)).body;
  assert.deepEqual(read, {
    ...original,
    status: "reversed",
    reversedBy: reversal.body.id,
    version: 2,
  });
  assert.equal(codesOf(await asPlatform("POST", path, {})), "409 transfer_already_reversed");
  const undone = await asPlatform("POST", `/transfers/${reversal.body.id}/reverse`, {});
  assert.equal(codesOf(undone), "409 transfer_not_reversible");
  await server.sequence();
  const events = (await organization.call("GET", "/events?after=0")).body.data;
  const reversed = events.find((one: { type: string }) => one.type === "transfer.reversed");
  assert.deepEqual(reversed.data, {
    object: read,
    previous: { status: "completed", reversedBy: null },
  });
  await invariantsHold(organization);
});

test("a reversal whose money is gone is refused, and nothing is changed", async () => {
  const organization = await funded();
  const made = (await deposit(organization, 100)).body;
  await payout(organization, 1);
  const path = `/transfers/${made.id}/reverse`;
  const refused = await asPlatform("POST", path, {});
  assert.equal(codesOf(refused), "422 insufficient_organization_balance");
  assert.equal((await organization.call("GET", `/transfers/${made.id}`)).body.status, "completed");
  await deposit(organization, 1);
  assert.equal((await asPlatform("POST", path, {})).status, 201);
  assert.equal((await balancesOf(organization)).EUR?.available, 0);
});

test("an organization undoes its simulated deposit, never a payout; another's transfer is 404", async () => {
  const organization = await funded(100);
  const other = await server.newOrganization();
  const body = { amount: 30, currency: "EUR" };
  const simulated = (await organization.call("POST", "/simulations/deposits", body)).body;
  const paid = (await payout(organization, 10)).body;
  const reverse = (who: TestOrganization, id: string) =>
    who.call("POST", `/transfers/${id}/reverse`, {});
  assert.equal(codesOf(await reverse(organization, paid.id)), "409 transfer_not_reversible");
  assert.equal(codesOf(await reverse(other, simulated.id)), "404 not_found");
  assert.equal(codesOf(await reverse(organization, "trf_nothing")), "404 not_found");
  assert.equal((await other.call("GET", `/transfers/${simulated.id}`)).status, 404);
  assert.equal((await reverse(organization, simulated.id)).status, 201);
  assert.equal((await balancesOf(organization)).EUR?.available, 90);
});

test("20 reversals of one transfer at once: one is done", async () => {
  const organization = await funded(1_000);
  const made = (await payout(organization, 10)).body;
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => asPlatform("POST", `/transfers/${made.id}/reverse`, {})),
  );
  const codes = answers.map(codesOf).sort();
  assert.deepEqual(codes, ["201 done", ...Array(19).fill("409 transfer_already_reversed")]);
  assert.equal((await balancesOf(organization)).EUR?.available, 1_000);
  await invariantsHold(organization);
});

test("a list shows the newest first, in pages, and takes every filter", async () => {
  const organization = await server.newOrganization();
  const ids: string[] = [];
  for (let at = 1; at <= 5; at += 1) {
    ids.unshift((await deposit(organization, at, at === 3 ? "USD" : "EUR")).body.id);
  }
  const paid = (await payout(organization, 2)).body;
  const reversal = (await asPlatform("POST", `/transfers/${paid.id}/reverse`, {})).body;
  ids.unshift(reversal.id, paid.id);
  const list = async (query: string) => {
    const { status, body } = await organization.call("GET", `/transfers?${query}`);
    assert.equal(status, 200, JSON.stringify(body));
    return body.data.map(({ id }: { id: string }) => id);
  };
  assert.deepEqual(await list(""), ids);
  const pages: string[] = [];
  let cursor = "";
  for (let page = 0; page < 4; page += 1) {
    const { body } = await organization.call("GET", `/transfers?limit=2${cursor}`);
    pages.push(...body.data.map(({ id }: { id: string }) => id));
    cursor = body.nextCursor === null ? "" : `&cursor=${body.nextCursor}`;
    assert.equal(body.nextCursor === null, page === 3);
  }
  assert.deepEqual(pages, ids);
  assert.deepEqual(await list("kind=organization_payout"), [paid.id]);
  assert.deepEqual(await list("status=reversed"), [paid.id]);
  assert.deepEqual(await list("currency=USD"), [ids[4]]);
  assert.deepEqual(await list("cardId=card_unknown"), []);
  assert.deepEqual(await list("budgetId=bud_unknown"), []);
  const at = encodeURIComponent(paid.createdAt);
  assert.ok((await list(`from=${at}`)).includes(paid.id));
  assert.ok(!(await list(`to=${at}`)).includes(paid.id));
  const other = await server.newOrganization();
  assert.deepEqual((await other.call("GET", "/transfers")).body.data, []);
  const all = await asPlatform("GET", `/transfers?organizationId=${organization.id}`);
  assert.equal(all.body.data.length, 7);
  assert.equal((await organization.call("GET", "/transfers?kind=gift")).status, 400);
  assert.equal((await asPlatform("GET", `/transfers/${paid.id}`)).body.id, paid.id);
});

test("B1: 3,000 payouts of 1 unit at once with room for 1,000: 1,000 are done, exactly nothing is left", async () => {
  const organization = await funded(1_000);
  const answers = await Promise.all(
    Array.from({ length: 3_000 }, (_, at) =>
      untilDecided(() => payout(organization, 1, "EUR", { idempotencyKey: `b1-${at}` })),
    ),
  );
  const done = answers.filter(({ status }) => status === 201);
  assert.equal(done.length, 1_000);
  assert.ok(
    answers.every((answer) =>
      ["201 done", "422 insufficient_organization_balance"].includes(codesOf(answer)),
    ),
  );
  const left = done.map(({ body }) => body.from.balanceAfter as number).sort((a, b) => b - a);
  assert.deepEqual(
    left,
    Array.from({ length: 1_000 }, (_, at) => 999 - at),
    "each balance was left by exactly one payout",
  );
  assert.equal((await balancesOf(organization)).EUR?.available, 0);
  await invariantsHold(organization);
});

/** Where a lane is full (503) or no connection comes about, it is sent again with the same key. */
async function untilDecided(send: () => ReturnType<typeof payout>) {
  for (;;) {
    const answer = await send().catch(() => null);
    if (answer !== null && answer.status !== 503) return answer;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

test("B3: one idempotency key 100 times in parallel, with the same and with another body: one effect", async () => {
  const organization = await funded(1_000);
  const send = (amount: number) =>
    asPlatform(
      "POST",
      `/organizations/${organization.id}/payouts`,
      { amount, currency: "EUR" },
      { idempotencyKey: "b3" },
    );
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, at) => send(at % 10 === 9 ? 11 : 10)),
  );
  const first = answers.filter(
    ({ status, headers }) => status === 201 && !headers.get("idempotency-replayed"),
  );
  assert.equal(first.length, 1);
  const allowed = ["201 done", "409 idempotency_key_reused", "409 idempotency_in_progress"];
  assert.ok(answers.every((answer) => allowed.includes(codesOf(answer))));
  const replays = answers.filter(({ status }) => status === 201);
  assert.equal(new Set(replays.map(({ body }) => body.id)).size, 1);
  assert.equal((await balancesOf(organization)).EUR?.available, 1_000 - first[0]?.body.amount);
});

test("deposits and payouts of several organizations and currencies at once: every balance is exact", async () => {
  const organizations = await Promise.all(Array.from({ length: 6 }, () => funded(1_000)));
  const sends = Array.from({ length: 240 }, (_, at) => {
    const organization = organizations[at % 6] as TestOrganization;
    const currency = at % 3 === 0 ? "USD" : "EUR";
    return at % 2 === 0 ? deposit(organization, 3, currency) : payout(organization, 2);
  });
  const answers = await Promise.all(sends);
  assert.ok(answers.every(({ status }) => status === 201));
  for (const [at, organization] of organizations.entries()) {
    const balances = await balancesOf(organization);
    const mine = answers.filter((_, index) => index % 6 === at).map(({ body }) => body);
    for (const [currency, { available }] of Object.entries(balances)) {
      const sum = mine
        .filter((transfer) => transfer.currency === currency)
        .reduce(
          (total, { kind, amount }) => total + (kind.endsWith("payout") ? -1 : 1) * amount,
          0,
        );
      assert.equal(available, sum + (currency === "EUR" ? 1_000 : 0));
    }
    await invariantsHold(organization);
  }
});
