import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../../test/harness/database.ts";
import { dueIn, runAll, runJob } from "../../../../test/harness/jobs.ts";
import type { TestOrganization } from "../../../../test/harness/server.ts";
import { workOf } from "../../../../test/harness/work.ts";
import type { OrganizationId } from "../../../foundation/ids/ids.ts";
import { listed } from "../../screening/fixture.ts";
import type { Hit } from "../../screening/model/hits.ts";
import { lockHitCard } from "../actions/screening.ts";
import { type CardBody, made } from "../fixture.ts";
import { retentionJobs } from "../jobs/retention.ts";
import { screeningJobs } from "../jobs/screening.ts";
import { entries, reasons, startScreeningTests } from "./screening-fixture.ts";

/** What a replacement knows of the screening of the card that it replaces, where that has no customer. */
const { tests, server, own, decide, inForce, hitsOf, only } = await startScreeningTests();
const [rescreen] = screeningJobs;
const [erase] = retentionJobs;
assert.ok(rescreen && erase);
const YEAR_MS = 366 * 86_400_000;
const typeId = await tests.program();

const issue = async (name: string, of: TestOrganization = own): Promise<CardBody> => {
  const [firstName, lastName] = name.split(" ");
  return made(
    await of.call("POST", "/cards", { typeId, firstName, lastName, initialBalance: 100 }),
  );
};
const ask = (id: string, of: TestOrganization = own) =>
  of.call("POST", `/cards/${id}/replace`, { reason: "lost" });
const replace = async (id: string, of: TestOrganization = own): Promise<CardBody> =>
  made(await ask(id, of));
const read = async (id: string, of: TestOrganization = own): Promise<CardBody> =>
  made(await of.call("GET", `/cards/${id}`));
const due = async (of: TestOrganization = own) =>
  (await dueIn(server, rescreen, of.id)).map(({ id }) => id);

/** What became of a hit, the oldest first. */
const movesOf = async (hit: string): Promise<string[]> =>
  made(await server.call("GET", `/screening-hits/${hit}/history`))
    .data.map(({ move }: { move: string }) => move)
    .reverse();

/** A card whose only hit was cleared. */
async function issueCleared(name: string, of: TestOrganization = own): Promise<CardBody> {
  const card = await issue(name, of);
  made(await decide((await only(card.id)).id, "clear"));
  return card;
}

test("what was cleared of a card is cleared of its replacement, and does not come again with the next list unless the entry has changed", async () => {
  const old = await issueCleared("Zoltan Qwertin");
  const before = await only(old.id);
  const fresh = await replace(old.id);
  assert.equal(fresh.status, "active");
  assert.deepEqual(await due(), [], "nothing is left for the job");
  const { id, subjectId, version, ...carried } = await only(fresh.id);
  const { id: oldId, subjectId: oldSubject, version: oldVersion, ...known } = before;
  assert.deepEqual(carried, known);
  assert.deepEqual([carried.decision.reasons, version, oldVersion], [reasons, 1, 2]);
  assert.notEqual(id, oldId);
  assert.deepEqual(
    [await movesOf(oldId), await movesOf(id)],
    [["find", "clear"], ["carry"]],
    "who cleared it is said by the decision",
  );
  assert.deepEqual([subjectId, oldSubject], [fresh.id, old.id]);
  assert.deepEqual(await only(old.id), before, "what was decided of the old one stays with it");
  await inForce([...entries, listed("9", "Nobody Else")]);
  assert.equal(await runAll(server, rescreen, own.id), 1);
  assert.equal((await read(fresh.id)).status, "active");
  await only(fresh.id);
  const [, ...others] = entries;
  await inForce([listed("1", "Zoltan Qwertin", { nationalities: ["DEU"] }), ...others]);
  await runAll(server, rescreen, own.id);
  assert.equal((await read(fresh.id)).status, "blocked");
  assert.equal((await hitsOf(fresh.id)).length, 2);
  assert.equal((await hitsOf(old.id)).length, 1);
  await inForce(entries);
  await runAll(server, rescreen, own.id);
});

test("a replacement of a replacement has it, too", async () => {
  const { id } = await replace((await replace((await issueCleared("Yusuf Vexalov")).id)).id);
  assert.deepEqual([(await read(id)).status, (await only(id)).status], ["active", "cleared"]);
  assert.deepEqual(await due(), []);
});

test("a card that a newer list names is replaced by one that is blocked at once, though no job has looked yet", async () => {
  const { id } = await issue("Ada Sample");
  await inForce([...entries, listed("a", "Ada Sample")]);
  const fresh = await replace(id);
  const [{ owner, reason }] = fresh.restrictions;
  assert.deepEqual([fresh.status, owner, reason], ["blocked", "compliance", "screening_review"]);
  assert.ok(!(await due()).includes(fresh.id));
  await server.sequence();
  const { data } = made(await own.call("GET", `/events?objectId=${fresh.id}&limit=100`));
  assert.deepEqual(
    data.map(({ type }: { type: string }) => type),
    ["card.issued"],
  );
  const history = made(await own.call("GET", `/cards/${fresh.id}/status-history`)).data;
  assert.deepEqual([history[0].to, history[0].reason], ["blocked", "screening_review"]);
  assert.deepEqual(await hitsOf(id), [], "the old one is dead");
  made(await decide((await only(fresh.id)).id, "clear"));
  assert.deepEqual((await read(fresh.id)).restrictions, []);
  await inForce(entries);
  await runAll(server, rescreen, own.id);
});

test("a hit that waits goes over to the replacement, and is decided there", async () => {
  await inForce([listed("p", "Wilma Grobbendonk")], "pep");
  const old = await issue("Wilma Grobbendonk");
  const hit = await only(old.id);
  made(await decide(hit.id, "confirm"));
  // It was exposed only, so it is no block; that is looked at anew.
  made(await decide(hit.id, "reopen"));
  const fresh = await replace(old.id);
  const moved = await only(fresh.id);
  assert.deepEqual(
    [moved.id, moved.status, moved.version, moved.match],
    [hit.id, "open", hit.version + 3, hit.match],
  );
  assert.deepEqual(await hitsOf(old.id), []);
  made(await decide(hit.id, "clear"));
  assert.equal((await only(fresh.id)).status, "cleared");
  assert.deepEqual(await movesOf(hit.id), ["find", "confirm", "reopen", "carry", "clear"]);
  await inForce([listed("q", "Nobody Else")], "pep");
  await runAll(server, rescreen, own.id);
});

test("who decides on a hit that went over while it waited for the lock has the replacement locked, too", async () => {
  await inForce([listed("p", "Wilma Grobbendonk")], "pep");
  const old = await issue("Wilma Grobbendonk");
  const seen = await only(old.id);
  made(await decide(seen.id, "confirm"));
  made(await decide(seen.id, "reopen"));
  const fresh = await replace(old.id);
  const free = () =>
    asOwner(
      server.database.url,
      "select id from cards where id = $1 for no key update skip locked",
      [fresh.id],
    );
  const { app } = server.database;
  assert.equal((await free()).length, 1);
  await app.transaction(async (sql) => {
    await lockHitCard(workOf(sql, own.id as OrganizationId, server.context.keys), seen as Hit);
    assert.deepEqual(await free(), []);
  });
  await inForce([listed("q", "Nobody Else")], "pep");
  await runAll(server, rescreen, own.id);
});

test("of two who decide while the card is replaced one wins and the other is told 409, each time", async () => {
  await inForce([listed("p", "Wilma Grobbendonk")], "pep");
  for (let round = 0; round < 8; round += 1) {
    const old = await issue("Wilma Grobbendonk");
    const hit = await only(old.id);
    made(await decide(hit.id, "confirm"));
    made(await decide(hit.id, "reopen"));
    const [fresh, ...verdicts] = await Promise.all([
      replace(old.id),
      decide(hit.id, "clear"),
      decide(hit.id, "confirm"),
    ]);
    assert.deepEqual(verdicts.map(({ status }) => status).sort(), [200, 409]);
    const [won] = verdicts.filter(({ status }) => status === 200);
    assert.equal((await only(fresh.id)).status, won?.body.status);
  }
  await inForce([listed("q", "Nobody Else")], "pep");
  await runAll(server, rescreen, own.id);
});

test("replacing a card while a list comes into force that names it leaves one live card, blocked, with one hit", async () => {
  const names = [
    "Rosalie Tattersall",
    "Boris Knudvik",
    "Quentin Maxfield",
    "Fatou Zemlinska",
    "Hjalmar Oyelaran",
    "Tobias Wrocki",
  ];
  for (const [round, name] of names.entries()) {
    const { id } = await issue(name);
    const list = [...entries, listed(`r${round}`, name)];
    const screened = async (): Promise<void> => {
      await inForce(list);
      await runJob(server, rescreen, own.id, [id]);
    };
    const [answer] = await Promise.all([ask(id), screened()]);
    await runAll(server, rescreen, own.id);
    const live = answer.status === 201 ? answer.body.id : id;
    if (answer.status !== 201) assert.equal(answer.body.code, "card_blocked");
    assert.equal((await read(live)).status, "blocked");
    assert.equal((await only(live)).status, "open");
    const waiting = (await hitsOf(id)).filter(
      ({ status }: { status: string }) => status === "open",
    );
    assert.equal(waiting.length, live === id ? 1 : 0);
  }
  await inForce(entries);
  await runAll(server, rescreen, own.id);
});

test("a card of another organization with the same name has decisions of its own, whatever is replaced here", async () => {
  const other = await tests.organization();
  const [mine, theirs] = [
    await issueCleared("Xenia Plunkatt"),
    await issue("Xenia Plunkatt", other),
  ];
  assert.equal((await ask(mine.id, other)).status, 404);
  assert.equal((await hitsOf(mine.id)).length, 1);
  const fresh = await replace(mine.id);
  assert.equal((await only(fresh.id)).organizationId, own.id);
  assert.deepEqual([(await read(theirs.id, other)).status], ["blocked"]);
  const hit = await only(theirs.id);
  assert.deepEqual([hit.status, hit.organizationId], ["open", other.id]);
  assert.equal((await ask(theirs.id, other)).body.code, "card_blocked");
  assert.equal((await ask(theirs.id)).status, 404);
});

test("a card that carries what was cleared of sanctions is kept for ten years, as the one that it replaces", async () => {
  const of = await tests.organization();
  const fresh = await replace((await issueCleared("Zoltan Qwertin", of)).id, of);
  made(await of.call("DELETE", `/cards/${fresh.id}`));
  await tests.advance(of, 9.9 * YEAR_MS);
  assert.deepEqual(await dueIn(server, erase, of.id), []);
  await tests.advance(of, 0.2 * YEAR_MS);
  assert.equal(await runAll(server, erase, of.id), 2);
  assert.equal((await only(fresh.id)).match, null);
});
