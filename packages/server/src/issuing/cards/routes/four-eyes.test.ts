import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../../test/harness/database.ts";
import type { Call } from "../../../../test/harness/server.ts";
import { setFourEyes } from "../../screening/actions/hits.ts";
import { listed } from "../../screening/fixture.ts";
import { type Fields, made } from "../fixture.ts";
import { entries, startScreeningTests } from "./screening-fixture.ts";

const { tests, server, own, inForce, decide, hitsOf, only, create, read, standing } =
  await startScreeningTests();

const scopes = ["compliance:read", "compliance:write", "keys:write", "keys:read"];
const rotated = async (key: string): Promise<Call> => {
  const call = server.callAs(key);
  const list = made(await call("GET", "/api-keys?limit=100")).data;
  const mine = list.find(({ hint }: { hint: string }) => key.startsWith(hint));
  return server.callAs(made(await call("POST", `/api-keys/${mine.id}/rotate`, {})).secret);
};

async function withFourEyes(run: () => Promise<void>): Promise<void> {
  await setFourEyes(server.database.app, true);
  try {
    await run();
  } finally {
    await setFourEyes(server.database.app, false);
  }
}

test("G16: with four eyes one proposes and another decides; neither the same key nor its successor does", async () => {
  const [first, second] = [await server.newKey(null, scopes), await server.newKey(null, scopes)];
  await withFourEyes(async () => {
    const { id } = await create("Zoltan", "Qwertin");
    const hit = await only(id);
    const proposed = made(await decide(hit.id, "clear", server.callAs(first)));
    assert.deepEqual([proposed.status, proposed.decision], ["clear_proposed", null]);
    assert.equal((await read(id)).status, "on_hold");
    const once = await rotated(first);
    for (const call of [server.callAs(first), once]) {
      const { status, body } = await decide(hit.id, "clear", call);
      assert.deepEqual([status, body.code], [409, "four_eyes_required"]);
    }
    // The setting and the role of who proposed may change in between: it is still one person's word.
    await setFourEyes(server.database.app, false);
    assert.equal(
      (await decide(hit.id, "clear", server.callAs(first))).body.code,
      "four_eyes_required",
    );
    await setFourEyes(server.database.app, true);
    const done = made(await decide(hit.id, "clear", await rotated(second)));
    assert.equal(done.status, "cleared");
    assert.notEqual(done.proposal.by, done.decision.by);
    assert.equal((await read(id)).status, "active");
  });
});

test("G16: who may only read, or has lost the right to decide, decides nothing", async () => {
  const reader = await server.newKey(null, ["compliance:read"]);
  const { id } = await create("Zoltan", "Qwertin");
  const { status } = await decide((await only(id)).id, "clear", server.callAs(reader));
  assert.equal(status, 403);
});

test("the opposite of a proposal takes it back, and the hit is open again", async () => {
  const second = await server.newKey(null, scopes);
  await withFourEyes(async () => {
    const { id } = await create("Zoltan", "Qwertin");
    const hit = await only(id);
    made(await decide(hit.id, "clear"));
    const back = made(await decide(hit.id, "confirm", server.callAs(second)));
    assert.deepEqual([back.status, back.proposal], ["open", null]);
  });
});

test("what was proposed about other facts is proposed no more", async () => {
  await withFourEyes(async () => {
    const { id } = await create("Zoltan", "Qwertin");
    const hit = await only(id);
    made(await decide(hit.id, "clear"));
    made(await own.call("PATCH", `/customers/${id}`, { nationality: "HUN" }));
    const again = await only(id);
    assert.deepEqual([again.id, again.status, again.proposal], [hit.id, "open", null]);
  });
});

/** What the platform lets go by hand, of a customer and of a card in the name of compliance. */
const release = (id: string) => server.call("POST", `/customers/${id}/release`, {});
const unblock = (id: string, owner = "compliance") =>
  server.call("POST", `/cards/${id}/unblock`, { owner });
const reopen = (id: string, call: Call = server.call) =>
  call("POST", `/screening-hits/${id}/reopen`, {
    reasons: ["another_person"],
    note: "Looked again.",
  });

/** A customer that was confirmed to be on a list, with a card, and the hit. */
async function confirmed() {
  const { id } = await create("Ada", "Sample");
  const body = { typeId: await tests.program(), customerId: id, initialBalance: 100 };
  const { id: card } = made(await own.call("POST", "/cards", body));
  made(await own.call("PATCH", `/customers/${id}`, { firstName: "Zoltan", lastName: "Qwertin" }));
  const hit = await only(id);
  made(await decide(hit.id, "confirm"));
  return { id, card, hit: hit.id };
}

/** A card without a customer whose name is on a list, and its hit. */
async function named() {
  const name = { firstName: "Zoltan", lastName: "Qwertin", initialBalance: 100 };
  const body = { typeId: await tests.program(), ...name };
  const { id: card } = made(await own.call("POST", "/cards", body));
  return { card, hit: (await only(card)).id };
}

const restrictionsOf = async (card: string): Promise<string[]> =>
  made(await own.call("GET", `/cards/${card}`)).restrictions.map(
    ({ owner, reason }: Fields) => `${owner} ${reason}`,
  );

test("G16: a confirmed match with sanctions is not released by hand, nor is its card: 409", async () => {
  const { id, card } = await confirmed();
  const refused = [await release(id), await unblock(card)];
  assert.deepEqual(
    refused.map(({ status, body }) => [status, body.code]),
    Array(2).fill([409, "sanctions_match_confirmed"]),
  );
  assert.deepEqual(await standing(id), ["on_hold", ["sanctions"], "update_requested"]);
  assert.deepEqual(await restrictionsOf(card), ["compliance sanctions_match"]);
});

test("G16: who was on hold for something else is not released past a confirmed match", async () => {
  const { id } = await create("Ada", "Sample");
  made(await server.call("POST", `/customers/${id}/hold`, { reason: "investigation" }));
  made(await own.call("PATCH", `/customers/${id}`, { firstName: "Yusuf", lastName: "Vexalov" }));
  made(await decide((await only(id)).id, "confirm"));
  assert.equal((await release(id)).body.code, "sanctions_match_confirmed");
});

test("G16: a card that was issued blocked for its name is not unblocked by hand past its hit, before or after", async () => {
  const { card, hit } = await named();
  assert.equal((await unblock(card)).body.code, "screening_hits_waiting");
  made(await decide(hit, "confirm"));
  assert.equal((await unblock(card)).body.code, "sanctions_match_confirmed");
  made(await unblock(card, "platform"));
  assert.deepEqual(await restrictionsOf(card), ["compliance screening_review"]);
  made(await reopen(hit));
  made(await decide(hit, "clear"));
  assert.deepEqual(await restrictionsOf(card), []);
});

test("a compliance block that is not screening's is lifted by hand, as it was put", async () => {
  const { id: customerId } = await create("Ada", "Sample");
  const body = { typeId: await tests.program(), customerId, initialBalance: 100 };
  const { id: card } = made(await own.call("POST", "/cards", body));
  const block = { reason: "court_order", owner: "compliance" };
  made(await server.call("POST", `/cards/${card}/block`, block));
  made(await unblock(card));
  assert.deepEqual(await restrictionsOf(card), []);
});

test("a confirmed hit that is reopened and cleared lets go all that it brought, and not before", async () => {
  const { id, card, hit } = await confirmed();
  const open = made(await reopen(hit));
  assert.deepEqual([open.status, open.proposal, open.decision], ["open", null, null]);
  assert.equal((await release(id)).body.code, "screening_hits_waiting");
  assert.equal((await read(id)).status, "on_hold");
  assert.deepEqual(await restrictionsOf(card), ["compliance sanctions_match"]);
  made(await decide(hit, "clear"));
  assert.deepEqual(await standing(id), ["update_requested", [], null]);
  assert.deepEqual(await restrictionsOf(card), []);
});

test("what compliance itself had put on a card stays when a reopened hit is cleared", async () => {
  const { id: customerId } = await create("Ada", "Sample");
  const body = { typeId: await tests.program(), customerId, initialBalance: 100 };
  const { id: card } = made(await own.call("POST", "/cards", body));
  const block = { reason: "court_order", owner: "compliance" };
  made(await server.call("POST", `/cards/${card}/block`, block));
  made(
    await own.call("PATCH", `/customers/${customerId}`, {
      lastName: "Qwertin",
      firstName: "Zoltan",
    }),
  );
  const { id: hit } = await only(customerId);
  made(await decide(hit, "confirm"));
  made(await reopen(hit));
  made(await decide(hit, "clear"));
  assert.deepEqual(await restrictionsOf(card), ["compliance court_order"]);
});

test("a block of compliance that has an end does not end a confirmed match's", async () => {
  const { id: customerId } = await create("Ada", "Sample");
  const body = { typeId: await tests.program(), customerId, initialBalance: 100 };
  const { id: card } = made(await own.call("POST", "/cards", body));
  const endsAt = new Date(Date.now() + 3_600_000).toISOString();
  const block = { reason: "inquiry", owner: "compliance", endsAt };
  made(await server.call("POST", `/cards/${card}/block`, block));
  const renamed = { firstName: "Zoltan", lastName: "Qwertin" };
  made(await own.call("PATCH", `/customers/${customerId}`, renamed));
  made(await decide((await only(customerId)).id, "confirm"));
  const { restrictions } = made(await own.call("GET", `/cards/${card}`));
  assert.deepEqual(
    restrictions.map(({ reason, endsAt: end }: Fields) => [reason, end]),
    [["sanctions_match", null]],
  );
});

test("G16: with four eyes one person reopens, and still two clear", async () => {
  const [first, second] = [await server.newKey(null, scopes), await server.newKey(null, scopes)];
  const { id, hit } = await confirmed();
  await withFourEyes(async () => {
    made(await reopen(hit, server.callAs(first)));
    made(await decide(hit, "clear", server.callAs(first)));
    const again = await decide(hit, "clear", server.callAs(first));
    assert.equal(again.body.code, "four_eyes_required");
    assert.equal((await read(id)).status, "on_hold");
    made(await decide(hit, "clear", server.callAs(second)));
    assert.equal((await read(id)).status, "update_requested");
  });
});

type Step = Fields & { readonly reasons: readonly (string | null)[]; readonly actor: Fields };

/** What became of a hit, the oldest first: the move, where from and to, why, and by which key. */
const historyOf = async (hit: string) =>
  made(await server.call("GET", `/screening-hits/${hit}/history`))
    .data.map(({ move, from, to, reasons: [why = null], note, actor }: Step) => [
      move,
      from,
      to,
      why,
      note,
      actor.kind === "key" ? actor.id : `${actor.kind} ${actor.id}`,
    ])
    .reverse();

test("what was proposed and taken back, or decided and reopened, stays in the history, with who, why and when", async () => {
  const [first, second] = [await server.newKey(null, scopes), await server.newKey(null, scopes)];
  const [one, two] = [server.callAs(first), server.callAs(second)];
  const { id } = await create("Zoltan", "Qwertin");
  const { id: hit } = await only(id);
  await withFourEyes(async () => {
    made(await decide(hit, "clear", one));
    made(await decide(hit, "confirm", two));
    made(await own.call("PATCH", `/customers/${id}`, { nationality: "HUN" }));
    made(await decide(hit, "confirm", one));
    made(await decide(hit, "confirm", two));
  });
  const { proposal, decision } = made(await server.call("GET", `/screening-hits/${hit}`));
  made(await reopen(hit, one));
  made(await decide(hit, "clear", two));
  const [a, b, why] = [proposal.by, decision.by, proposal.reasons[0]];
  assert.notEqual(a, b);
  assert.deepEqual(await historyOf(hit), [
    ["find", null, "open", null, null, "system screening"],
    ["proposeClear", "open", "clear_proposed", why, null, a],
    ["takeBack", "clear_proposed", "open", why, null, b],
    ["renew", "open", "open", null, null, "system screening"],
    ["proposeConfirm", "open", "confirm_proposed", why, null, a],
    ["confirm", "confirm_proposed", "confirmed", why, null, b],
    ["reopen", "confirmed", "open", "another_person", "Looked again.", a],
    ["clear", "open", "cleared", why, null, b],
  ]);
  const path = `/screening-hits/${hit}/history?limit=3`;
  const page = made(await server.call("GET", path));
  const next = made(await server.call("GET", `${path}&cursor=${page.nextCursor}`));
  assert.deepEqual(
    [...page.data, ...next.data].map(({ version }: Fields) => version),
    [8, 7, 6, 5, 4, 3],
  );
  assert.equal((await server.call("GET", "/screening-hits/hit_none/history")).status, 404);
});

test("400: nothing is said of a hit without a reason", async () => {
  const { hit } = await confirmed();
  for (const verb of ["confirm", "clear", "reopen"]) {
    for (const said of [{}, { reasons: [] }, { reasons: [""] }]) {
      const { status, body } = await server.call("POST", `/screening-hits/${hit}/${verb}`, said);
      assert.equal(status, 400, verb);
      assert.match(body.errors[0].field, /^reasons/);
    }
  }
  assert.equal(made(await server.call("GET", `/screening-hits/${hit}`)).status, "confirmed");
});

test("the history of a hit cannot be changed or removed by anybody", async () => {
  await confirmed();
  for (const statement of [
    "update screening_hit_history set note = 'x'",
    "delete from screening_hit_history",
  ]) {
    await assert.rejects(asOwner(server.database.url, statement), { code: "23001" });
    await assert.rejects(server.database.app.query({ name: undefined, text: statement }), {
      code: "42501",
    });
  }
});

test("409: what is not confirmed is not reopened; nor is one whose newer hit waits", async () => {
  const { id, hit } = await confirmed();
  made(await own.call("PATCH", `/customers/${id}`, { nationality: "HUN" }));
  const newer = (await hitsOf(id)).find(({ id: one }: Fields) => one !== hit);
  const codes = [await reopen(hit), await reopen(newer.id)].map(({ status, body }) => [
    status,
    body.code,
  ]);
  assert.deepEqual(codes, [
    [409, "newer_hit_waiting"],
    [409, "hit_not_confirmed"],
  ]);
  made(await decide(newer.id, "clear"));
  assert.equal((await reopen(newer.id)).body.code, "hit_not_confirmed");
  assert.equal((await read(id)).status, "on_hold", "the older one is confirmed");
  made(await reopen(hit));
  made(await decide(hit, "clear"));
  assert.equal((await read(id)).status, "update_requested");
  assert.equal((await reopen("hit_none")).status, 404);
});

test("who is taken off a list goes on once the confirmed hit is reopened and cleared, and does not come again", async () => {
  await inForce([...entries, listed("off", "Ottokar Delistoff")]);
  const { id } = await create("Ottokar", "Delistoff");
  const hit = await only(id);
  made(await decide(hit.id, "confirm"));
  await inForce(entries);
  made(await reopen(hit.id));
  made(await decide(hit.id, "clear"));
  assert.deepEqual(await standing(id), ["active", [], null]);
  made(await own.call("PATCH", `/customers/${id}`, { nationality: "FRA" }));
  assert.equal((await hitsOf(id)).length, 1);
});
