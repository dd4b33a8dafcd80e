import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../../test/harness/database.ts";
import { dueIn, runAll, runDue, runJob } from "../../../../test/harness/jobs.ts";
import type { TestOrganization } from "../../../../test/harness/server.ts";
import { type CardBody, type Fields, made, startCardTests } from "../fixture.ts";
import { windDownJobs } from "./winddowns.ts";

const tests = await startCardTests();
const { server } = tests;
const [tell, block, lift] = windDownJobs;
assert.ok(tell !== undefined && block !== undefined && lift !== undefined);

const DAY_MS = 86_400_000;

/** Every test has a country of its own: rules are for all organizations. */
const unused = [
  "BFA",
  "BGD",
  "AFG",
  "AGO",
  "ALB",
  "AND",
  "ARE",
  "ARG",
  "ARM",
  "AUS",
  "AUT",
  "AZE",
  "BDI",
  "BEL",
  "BEN",
];
const freshCountry = (): string => unused.pop() ?? assert.fail("More countries are needed.");

const restrict = async (country: string, terms: Fields = {}): Promise<CardBody> => {
  const body = { subject: "nationality", countries: [country], reasonCode: "embargo", ...terms };
  return made(await server.call("POST", "/compliance-rules", body));
};
const end = async ({ id }: CardBody) =>
  made(await server.call("POST", `/compliance-rules/${id}/end`, {}));

/** An organization with a customer of a nationality, and a card of it with 100 on it. */
async function held(nationality: string, terms: Fields = {}) {
  const own = await tests.organization();
  const typeId = await tests.program({ requiresCustomer: true, ...terms });
  const customerId = await tests.customer(own, { nationality });
  return { own, typeId, customerId, card: await issue(own, customerId, typeId) };
}

const issue = async (own: TestOrganization, customerId: string, typeId: string) =>
  made(await own.call("POST", "/cards", { typeId, customerId, initialBalance: 100 }));

/** All that the jobs do in an organization, as often as they find something. */
async function settle(own: TestOrganization): Promise<number[]> {
  const done = [];
  for (const job of windDownJobs) done.push(await runAll(server, job, own.id));
  return done;
}

const listed = async (own: TestOrganization, query = ""): Promise<CardBody[]> =>
  made(await own.call("GET", `/wind-downs?limit=100${query}`)).data;

const read = async (own: TestOrganization, { id }: CardBody): Promise<CardBody> =>
  made(await own.call("GET", `/cards/${id}`));
const usabilityOf = async (own: TestOrganization, { id }: CardBody): Promise<CardBody> =>
  made(await own.call("GET", `/cards/${id}/usability`));

const codeOf = ({ status, body }: { status: number; body: CardBody }) => `${status} ${body.code}`;

test("a rule announces the end of cards at once, with a date; until then they work", async () => {
  const country = freshCountry();
  const { own, card } = await held(country);
  const rule = await restrict(country, { windDownDays: 10 });
  assert.deepEqual(await settle(own), [1, 0, 0]);
  const [windDown] = await listed(own);
  const { id, announcedAt, dueAt, ...rest } = windDown;
  assert.match(id, /^wnd_/);
  assert.equal(Date.parse(dueAt) - Date.parse(announcedAt), 10 * DAY_MS);
  assert.deepEqual(rest, {
    organizationId: own.id,
    cardId: card.id,
    subject: "nationality",
    ruleId: rule.id,
    reasonCode: "embargo",
    status: "announced",
    blockedAt: null,
    liftedAt: null,
    version: 1,
  });
  const { status, restrictions, version } = await read(own, card);
  assert.deepEqual([status, restrictions, version], ["active", [], 1]);
  const { usable, blockers, warnings } = await usabilityOf(own, card);
  assert.deepEqual([usable, blockers], [true, []]);
  assert.deepEqual(
    warnings.map(({ code, at, owner }: Fields) => [code, at, owner]),
    [["nationality_restricted", dueAt, "rule"]],
  );
  made(await own.call("POST", `/cards/${card.id}/top-up`, { amount: 5 }));
  await server.sequence();
  const { data } = made(await own.call("GET", `/events?objectId=${id}`));
  assert.deepEqual(
    data.map(({ type, data: { object } }: CardBody) => [type, object.dueAt]),
    [["wind_down.announced", dueAt]],
  );
});

test("on the date the card is blocked by the rule; its money can leave, and it can be deleted", async () => {
  const country = freshCountry();
  const { own, card } = await held(country);
  await restrict(country, { windDownDays: 10 });
  await settle(own);
  await tests.advance(own, 10 * DAY_MS - 60_000);
  assert.deepEqual(await settle(own), [0, 0, 0], "a minute before");
  await tests.advance(own, 60_000);
  assert.deepEqual(await settle(own), [0, 1, 0]);
  const blocked = await read(own, card);
  assert.deepEqual([blocked.status, blocked.statusReason], ["blocked", "nationality_restricted"]);
  const [{ owner, note }] = blocked.restrictions;
  assert.deepEqual([owner, note], ["rule", "embargo"]);
  const [windDown] = await listed(own);
  assert.equal(windDown.status, "blocked");
  assert.ok(windDown.blockedAt >= windDown.dueAt);
  const { usable, blockers, warnings } = await usabilityOf(own, card);
  assert.deepEqual([usable, warnings], [false, []]);
  assert.deepEqual(
    blockers.map(({ code, owner: cure, message }: Fields) => [code, cure, message]),
    [["nationality_restricted", "rule", "A country is restricted: embargo."]],
  );
  const post = (verb: string, body: Fields = { amount: 40 }) =>
    own.call("POST", `/cards/${card.id}/${verb}`, body);
  assert.equal(codeOf(await post("top-up")), "409 card_blocked");
  assert.equal(codeOf(await post("replace", { reason: "lost" })), "409 card_blocked");
  made(await server.call("POST", `/cards/${card.id}/unblock`, {}));
  assert.equal((await read(own, card)).status, "blocked", "the rule's block is its own");
  made(await post("withdraw"));
  made(await own.call("DELETE", `/cards/${card.id}`));
  assert.deepEqual(await settle(own), [0, 0, 1]);
  assert.equal((await listed(own))[0].status, "lifted");
  await tests.lawsHold(own);
});

test("a rule that begins later is judged by each organization's clock", async () => {
  const country = freshCountry();
  const { own } = await held(country);
  const effectiveFrom = new Date(Date.now() + 5 * DAY_MS).toISOString();
  await restrict(country, { effectiveFrom, windDownDays: 3 });
  assert.deepEqual(await settle(own), [0, 0, 0]);
  await tests.advance(own, 6 * DAY_MS);
  assert.deepEqual(await settle(own), [1, 0, 0]);
  const [{ announcedAt, dueAt }] = await listed(own);
  assert.ok(announcedAt > effectiveFrom);
  assert.equal(Date.parse(dueAt) - Date.parse(announcedAt), 3 * DAY_MS, "from when it was told");
});

test("a rule that ends lifts what it has announced, and what it has blocked", async () => {
  const country = freshCountry();
  const { own, customerId, typeId, card } = await held(country);
  const rule = await restrict(country, { windDownDays: 10 });
  await settle(own);
  await tests.advance(own, 11 * DAY_MS);
  await settle(own);
  assert.equal((await read(own, card)).status, "blocked");
  await asOwner(server.database.url, "update customers set nationality = 'DEU' where id = $1", [
    customerId,
  ]);
  const second = await issue(own, customerId, typeId);
  await asOwner(server.database.url, "update customers set nationality = $2 where id = $1", [
    customerId,
    country,
  ]);
  await settle(own);
  assert.equal((await listed(own, "&status=announced"))[0].cardId, second.id);
  await end(rule);
  assert.deepEqual(await settle(own), [0, 0, 2]);
  assert.equal((await read(own, card)).status, "active");
  const history = made(await own.call("GET", `/cards/${card.id}/status-history`)).data;
  assert.deepEqual(
    history.map(({ action, reason, actor }: CardBody) => [action, reason, actor.kind]),
    [
      ["unblock", "nationality_open", "system"],
      ["block", "nationality_restricted", "system"],
      ["issue", null, "key"],
    ],
  );
  assert.equal((await read(own, second)).version, 1, "it was never touched");
  assert.deepEqual((await usabilityOf(own, second)).warnings, []);
});

test("a customer's new country counts against its cards at once, and for them once it is verified", async () => {
  const country = freshCountry();
  const { own, customerId } = await held("DEU");
  await restrict(country);
  assert.deepEqual(await settle(own), [0, 0, 0]);
  const change = async (nationality: string) =>
    made(await own.call("PATCH", `/customers/${customerId}`, { nationality }));
  const approve = async () =>
    made(await server.call("POST", `/customers/${customerId}/approve`, {}));
  await change(country);
  assert.deepEqual(await settle(own), [1, 0, 0]);
  await approve();
  assert.deepEqual(await settle(own), [0, 0, 0]);
  assert.equal((await change("DEU")).status, "update_requested");
  assert.deepEqual(await settle(own), [0, 0, 0], "nobody has verified it");
  await approve();
  assert.deepEqual(await settle(own), [0, 0, 1]);
});

test("a program's own lists announce, block and lift as rules do", async () => {
  const { own, typeId, card } = await held("DEU");
  const change = async (terms: Fields) =>
    made(await server.call("PATCH", `/card-programs/${typeId}`, terms));
  await change({ allowedResidences: ["ESP"] });
  assert.deepEqual(await settle(own), [1, 0, 0]);
  const [{ subject, ruleId, reasonCode }] = await listed(own);
  assert.deepEqual([subject, ruleId, reasonCode], ["residence", null, "program_terms"]);
  await tests.advance(own, 30 * DAY_MS);
  assert.deepEqual(await settle(own), [0, 1, 0]);
  assert.equal((await read(own, card)).statusReason, "residence_restricted");
  await change({ allowedResidences: null });
  assert.deepEqual(await settle(own), [0, 0, 1]);
  assert.equal((await read(own, card)).status, "active");
});

test("blocked for nationality and residence, a card works again when both are open", async () => {
  const country = freshCountry();
  const { own, typeId, card } = await held(country);
  const rules = [
    await restrict(country, { windDownDays: 0 }),
    await restrict("FRA", { typeId, subject: "residence", windDownDays: 0, reasonCode: "other" }),
  ];
  assert.deepEqual(await settle(own), [1, 2, 0]);
  assert.equal((await read(own, card)).restrictions.length, 2);
  assert.equal((await read(own, card)).version, 3);
  await end(rules[0]);
  assert.deepEqual(await settle(own), [0, 0, 1]);
  assert.equal((await read(own, card)).statusReason, "residence_restricted");
  await end(rules[1]);
  assert.deepEqual(await settle(own), [0, 0, 1]);
  assert.equal((await read(own, card)).status, "active");
});

test("a replacement ends on the day of the card that it replaced", async () => {
  const country = freshCountry();
  const { own, card } = await held(country);
  await restrict(country);
  await settle(own);
  const [{ dueAt }] = await listed(own);
  await tests.advance(own, 20 * DAY_MS);
  const heir = made(await own.call("POST", `/cards/${card.id}/replace`, { reason: "lost" }));
  assert.deepEqual(await settle(own), [1, 0, 1]);
  const [mine] = await listed(own, `&cardId=${heir.id}`);
  assert.deepEqual([mine.status, mine.dueAt], ["announced", dueAt]);
});

test("a rule of one program leaves the cards of others alone, and unknown countries everywhere", async () => {
  const country = freshCountry();
  const { own, customerId, typeId, card } = await held(country);
  const other = await issue(own, customerId, await tests.program());
  const nobody = await tests.customer(own);
  await issue(own, nobody, typeId);
  await asOwner(server.database.url, "update customers set nationality = null where id = $1", [
    nobody,
  ]);
  const name = { firstName: "Ada", lastName: "Example" };
  const open = await tests.program();
  made(await own.call("POST", "/cards", { typeId: open, ...name, initialBalance: 1 }));
  await restrict(country, { typeId });
  assert.deepEqual(await settle(own), [1, 0, 0]);
  assert.deepEqual(
    (await listed(own)).map(({ cardId }) => cardId),
    [card.id],
  );
  assert.notEqual(other.id, card.id);
});

test("found by two processes at once, each thing is done once", async () => {
  const country = freshCountry();
  const { own, customerId, typeId, card } = await held(country);
  const ids = [card.id, (await issue(own, customerId, typeId)).id];
  const rule = await restrict(country, { windDownDays: 0 });
  const twice = async (job: NonNullable<typeof tell>, of: readonly string[]) => {
    const done = await Promise.all([1, 2].map(() => runJob(server, job, own.id, of)));
    return done.sort();
  };
  assert.deepEqual(await twice(tell, ids), [0, 2]);
  const windDowns = (await listed(own)).map(({ id }) => id);
  assert.equal(windDowns.length, 2);
  assert.deepEqual(await twice(block, windDowns), [0, 2]);
  await end(rule);
  assert.deepEqual(await twice(lift, windDowns), [0, 2]);
  assert.equal((await read(own, card)).version, 3);
});

test("what is over before its day is lifted and not blocked, whichever job looks first", async () => {
  const country = freshCountry();
  const { own, card } = await held(country);
  const rule = await restrict(country);
  await settle(own);
  await tests.advance(own, 31 * DAY_MS);
  await end(rule);
  const [{ id }] = await listed(own);
  assert.deepEqual(await dueIn(server, block, own.id), []);
  assert.equal(await runJob(server, block, own.id, [id]), 0);
  assert.equal((await read(own, card)).status, "active");
  assert.deepEqual(await settle(own), [0, 0, 1]);
});

test("cut off before it is committed, nothing of it is left, and the next look does it all", async () => {
  const country = freshCountry();
  const { own, customerId, typeId, card } = await held(country);
  const ids = [card.id, (await issue(own, customerId, typeId)).id];
  await restrict(country);
  const cut = runJob(server, tell, own.id, ids, () => Promise.reject(new Error("cut off")));
  await assert.rejects(cut, { message: "cut off" });
  assert.deepEqual(await listed(own), []);
  assert.deepEqual(await settle(own), [2, 0, 0]);
  await server.sequence();
  const { data } = made(await own.call("GET", "/events?limit=100"));
  const told = data.filter(({ type }: Fields) => type === "wind_down.announced");
  assert.equal(told.length, 2);
});

test("issuing and restricting at once: every card that was issued is told of its end", async () => {
  const country = freshCountry();
  const { own, customerId, typeId, card } = await held(country);
  const body = { typeId, customerId, initialBalance: 1 };
  const issues = Array.from({ length: 30 }, () => own.call("POST", "/cards", body));
  const [answers] = await Promise.all([Promise.all(issues), restrict(country)]);
  const issued = answers.flatMap((answer) => (answer.status === 201 ? [answer.body.id] : []));
  for (const answer of answers) {
    if (answer.status !== 201) assert.equal(answer.body.errors[0].code, "nationality_restricted");
  }
  await settle(own);
  const told = (await listed(own)).map(({ cardId }) => cardId);
  assert.deepEqual(told.sort(), [card.id, ...issued].sort());
});

test("cards of many are found page by page, each of them once", async () => {
  const country = freshCountry();
  const { own, customerId, typeId } = await held(country);
  for (let more = 0; more < 6; more += 1) await issue(own, customerId, typeId);
  await restrict(country);
  assert.equal((await dueIn(server, tell, own.id, 2)).length, 7);
  await runDue(server, tell);
  assert.deepEqual(await dueIn(server, tell, own.id), []);
  assert.equal((await listed(own)).length, 7);
});

test("an organization sees its own wind-downs, the platform all or those of a rule", async () => {
  const country = freshCountry();
  const [mine, theirs] = [await held(country), await held(country)];
  const rule = await restrict(country);
  for (const { own } of [mine, theirs]) await settle(own);
  assert.equal((await listed(mine.own)).length, 1);
  assert.deepEqual(await listed(mine.own, `&cardId=${theirs.card.id}`), []);
  const all = made(await server.call("GET", `/wind-downs?ruleId=${rule.id}`)).data;
  assert.deepEqual(
    all.map(({ cardId }: Fields) => cardId).sort(),
    [mine.card.id, theirs.card.id].sort(),
  );
});
