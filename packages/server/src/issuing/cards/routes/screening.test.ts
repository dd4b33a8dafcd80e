import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../../test/harness/database.ts";
import { dueIn, runAll } from "../../../../test/harness/jobs.ts";
import type { TestOrganization } from "../../../../test/harness/server.ts";
import { customerJobs } from "../../customers/jobs.ts";
import { listed } from "../../screening/fixture.ts";
import { type Fields, made } from "../fixture.ts";
import { cardJobs } from "../jobs.ts";
import { entries, reasons, startScreeningTests } from "./screening-fixture.ts";

const { tests, server, own, inForce, decide, hitsOf, only, create, read, standing } =
  await startScreeningTests();

const rescreen = customerJobs.find(({ name }) => name === "customers.rescreen");
assert.ok(rescreen);

const yearsUntil = (instant: string): number =>
  new Date(instant).getUTCFullYear() - new Date().getUTCFullYear();

/** A line of a history or of the audit log. */
type Line = {
  readonly move: string;
  readonly action: string;
  readonly result: string;
  readonly actor: { readonly kind: string; readonly id: string };
};

test("who may be on a list of sanctions is on hold from the answer of its creation on, on top of its standing", async () => {
  const customer = await create("Zoltan", "Qwertin");
  assert.deepEqual(
    [customer.status, customer.statusReasons, customer.statusBeforeHold, customer.version],
    ["on_hold", ["sanctions"], "active", 2],
  );
  const history = made(await own.call("GET", `/customers/${customer.id}/status-history`)).data;
  assert.deepEqual(
    history.map(({ move, actor }: Line) => [move, actor.kind, actor.kind === "system" && actor.id]),
    [
      ["hold", "system", "screening"],
      ["create", "key", false],
    ],
  );
  await server.sequence();
  const { data } = made(await own.call("GET", "/events?after=0&limit=100"));
  const told = data.filter(({ objectId }: Fields) => objectId === customer.id);
  assert.deepEqual(
    told.map(({ type }: Fields) => type),
    ["customer.created", "customer.held"],
  );
});

test("its hit is in the queue, explained; the organization sees nothing of it", async () => {
  const { id } = await create("Qwertin", "Zoltán");
  const hit = await only(id);
  assert.deepEqual(
    [hit.status, hit.source, hit.sourceId, hit.subjectKind, hit.organizationId],
    ["open", "ofac_sdn", "1", "customer", own.id],
  );
  assert.equal(hit.match.listedName, "Zoltan Qwertin");
  const sum = hit.match.reasons.reduce(
    (total: number, { points }: { points: number }) => total + points,
    0,
  );
  assert.equal(sum, hit.score);
  assert.deepEqual(made(await server.call("GET", `/screening-hits/${hit.id}`)), hit);
  assert.equal((await own.call("GET", `/screening-hits/${hit.id}`)).status, 403);
  const shown = JSON.stringify(await read(id));
  for (const word of ["ofac", "hit_", String(hit.score)]) assert.ok(!shown.includes(word), word);
});

test("who is on no list is not held", async () => {
  assert.equal((await create("Ada", "Sample")).status, "active");
});

test("a change of name, birth date or nationality is screened, one of the e-mail is not", async () => {
  const { id } = await create("Ada", "Sample");
  const patch = async (body: Fields) => made(await own.call("PATCH", `/customers/${id}`, body));
  assert.equal((await patch({ email: "ada@example.com" })).status, "active");
  const changes = [
    { firstName: "Yusuf", lastName: "Vexalov" },
    { birthDate: "1981-03-04" },
    { nationality: "FRA" },
  ];
  for (const [at, change] of changes.entries()) {
    const { status, statusBeforeHold } = await patch(change);
    assert.deepEqual([status, statusBeforeHold], ["on_hold", "update_requested"], String(at));
    const [hit, ...earlier] = await hitsOf(id);
    assert.equal(earlier.length, at);
    made(await decide(hit?.id, "clear"));
  }
  assert.equal((await patch({ email: "yusuf@example.com" })).status, "update_requested");
});

test("clearing the last hit releases the customer to where it stood", async () => {
  const twice = [...entries, listed("4", "Zoltan Qwertin")];
  await inForce(twice);
  const { id } = await create("Zoltan", "Qwertin");
  const [second, first] = await hitsOf(id);
  const cleared = made(await decide(first?.id, "clear"));
  assert.equal(cleared.status, "cleared");
  assert.deepEqual(cleared.decision.reasons, reasons);
  assert.equal((await read(id)).status, "on_hold");
  made(await decide(second?.id, "clear"));
  assert.deepEqual(await standing(id), ["active", [], null]);
  await inForce(entries);
});

test("a hold that a person has put stays when the hits are cleared", async () => {
  const { id } = await create("Ada", "Sample");
  made(await server.call("POST", `/customers/${id}/hold`, { reason: "investigation" }));
  made(await own.call("PATCH", `/customers/${id}`, { firstName: "Yusuf", lastName: "Vexalov" }));
  made(await decide((await only(id)).id, "clear"));
  assert.deepEqual((await standing(id)).slice(0, 2), ["on_hold", ["investigation"]]);
  made(await server.call("POST", `/customers/${id}/release`, {}));
  const { retainUntil } = made(await own.call("DELETE", `/customers/${id}`));
  assert.equal(yearsUntil(retainUntil), 10, "it was taken for a sanctioned one all the same");
});

test("nobody releases a customer past its hits: 409", async () => {
  const { id } = await create("Ada", "Sample");
  made(await server.call("POST", `/customers/${id}/hold`, { reason: "investigation" }));
  made(await own.call("PATCH", `/customers/${id}`, { firstName: "Zoltan", lastName: "Qwertin" }));
  const release = () => server.call("POST", `/customers/${id}/release`, {});
  const { status, body } = await release();
  assert.deepEqual([status, body.code], [409, "screening_hits_waiting"]);
  made(await decide((await only(id)).id, "clear"));
  made(await release());
});

test("a confirmed match with sanctions stays on hold, and compliance restricts each card of every program", async () => {
  const { id } = await create("Ada", "Sample");
  const cards = [];
  for (const typeId of [await tests.program(), await tests.program()]) {
    cards.push(
      made(await own.call("POST", "/cards", { typeId, customerId: id, initialBalance: 100 })),
    );
  }
  made(await own.call("PATCH", `/customers/${id}`, { firstName: "Zoltan", lastName: "Qwertin" }));
  const hit = await only(id);
  made(await decide(hit.id, "confirm"));
  assert.deepEqual((await standing(id)).slice(0, 2), ["on_hold", ["sanctions"]]);
  for (const card of cards) {
    const { status, restrictions } = made(await own.call("GET", `/cards/${card.id}`));
    const [{ owner, reason, kind }] = restrictions;
    assert.deepEqual(
      [status, kind, owner, reason],
      ["blocked", "block", "compliance", "sanctions_match"],
    );
    const withdrawn = await own.call("POST", `/cards/${card.id}/withdraw`, { amount: 5 });
    assert.deepEqual([withdrawn.status, withdrawn.body.code], [409, "compliance_restriction"]);
  }
  const late = await decide(hit.id, "clear");
  assert.deepEqual([late.status, late.body.code], [409, "hit_decided"]);
});

test("an exposed person is on hold for review, and back once that is confirmed; its cards are not touched", async () => {
  await inForce([listed("p1", "Wilhelmina Grobbendonk")], "pep");
  const { id, statusReasons } = await create("Wilhelmina", "Grobbendonk");
  assert.deepEqual(statusReasons, ["screening_review"]);
  made(await decide((await only(id)).id, "confirm"));
  assert.deepEqual(await standing(id), ["active", [], null]);
});

test("what was cleared does not come again with the next list, unless the customer or the entry has changed", async () => {
  const { id } = await create("Xenia", "Plunkatt");
  made(await decide((await only(id)).id, "clear"));
  await inForce([...entries, listed("9", "Nobody Else")]);
  await runAll(server, rescreen, own.id);
  assert.equal((await read(id)).status, "active");
  await only(id);
  await inForce([
    ...entries.slice(0, 2),
    listed("3", "Xenia Plunkatt", { nationalities: ["DEU"] }),
  ]);
  await runAll(server, rescreen, own.id);
  assert.equal((await read(id)).status, "on_hold");
  const [again] = await hitsOf(id);
  made(await decide(again?.id, "clear"));
  made(await own.call("PATCH", `/customers/${id}`, { nationality: "FRA" }));
  assert.equal((await hitsOf(id)).length, 3);
  await inForce(entries);
});

test("a new list is due for every customer that was screened against an older one, deleted ones left out, and once", async () => {
  const other = await tests.organization();
  const people = [];
  for (const first of ["Ada", "Bela", "Cyra"]) people.push(await create(first, "Nemo", {}, other));
  made(await other.call("DELETE", `/customers/${people[2]?.id}`));
  assert.deepEqual(await dueIn(server, rescreen, other.id), []);
  await inForce([...entries, listed("8", "Bela Nemo")]);
  const due = await dueIn(server, rescreen, other.id, 1);
  assert.deepEqual(
    due.map(({ id }) => id),
    [people[0]?.id, people[1]?.id],
  );
  assert.equal(await runAll(server, rescreen, other.id), 2);
  assert.deepEqual(await dueIn(server, rescreen, other.id), []);
  const statuses = [];
  for (const { id } of people)
    statuses.push(made(await other.call("GET", `/customers/${id}`)).status);
  assert.deepEqual(statuses, ["active", "on_hold", "deleted"]);
  await inForce(entries);
});

test("a customer created after a list came into force is screened against it, whatever this process knew", async () => {
  for (const at of [1, 2, 3]) {
    const name = ["Ottilie", "Pankraz", "Quentin"][at - 1] as string;
    await inForce([...entries, listed(`n${at}`, `${name} Freshley`)]);
    assert.equal((await create(name, "Freshley")).status, "on_hold");
  }
  await inForce(entries);
});

test("two who decide at once: one wins, the other is told 409", async () => {
  const { id } = await create("Zoltan", "Qwertin");
  const hit = await only(id);
  const answers = await Promise.all([decide(hit.id, "confirm"), decide(hit.id, "clear")]);
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409]);
  const won = answers.find(({ status }) => status === 200)?.body;
  assert.equal((await only(id)).status, won.status);
  assert.equal((await read(id)).status, won.status === "cleared" ? "active" : "on_hold");
});

test("each verdict is in the platform's audit log with its key and its hit", async () => {
  const { id } = await create("Zoltan", "Qwertin");
  const hit = await only(id);
  made(await decide(hit.id, "clear"));
  await decide(hit.id, "clear");
  await server.sequence();
  const { data } = made(await server.call("GET", `/audit-log?objectId=${hit.id}`));
  assert.deepEqual(
    data.map(({ action, result, actor }: Line) => [action, result, actor.kind]),
    [
      ["clearScreeningHit", "refused", "key"],
      ["clearScreeningHit", "done", "key"],
    ],
  );
});

test("a list filters hits by status, source and organization; an unknown hit is 404", async () => {
  const of = async (query: string) =>
    made(await server.call("GET", `/screening-hits?${query}`)).data;
  for (const hit of await of("status=open")) assert.equal(hit.status, "open");
  for (const hit of await of("source=pep")) assert.equal(hit.source, "pep");
  assert.ok((await of(`organizationId=${own.id}&status=cleared`)).length > 0);
  assert.deepEqual(await of("organizationId=org_none"), []);
  for (const verdict of ["confirm", "clear"]) {
    assert.equal((await decide("hit_none", verdict)).status, 404);
  }
  assert.equal((await server.call("GET", "/screening-hits/hit_none")).status, 404);
});

test("a card whose name may be on a list is issued blocked by compliance; preflight says that it can be issued", async () => {
  const typeId = await tests.program();
  const body = { typeId, firstName: "Zoltan", lastName: "Qwertin", initialBalance: 100 };
  assert.equal(made(await own.call("POST", "/cards/preflight", body)).eligible, true);
  const card = made(await own.call("POST", "/cards", body));
  const [{ owner, reason }] = card.restrictions;
  assert.deepEqual([card.status, owner, reason], ["blocked", "compliance", "screening_review"]);
  const hit = await only(card.id);
  assert.deepEqual([hit.subjectKind, hit.match.name], ["card", "Zoltan Qwertin"]);
  const moved = await own.call("POST", `/cards/${card.id}/withdraw`, { amount: 5 });
  assert.deepEqual([moved.status, moved.body.code], [409, "compliance_restriction"]);
  made(await decide(hit.id, "clear"));
  assert.deepEqual(made(await own.call("GET", `/cards/${card.id}`)).restrictions, []);
});

test("confirmed, such a card stays blocked; a name that is on no list, and a customer's card, are issued as ever", async () => {
  const typeId = await tests.program();
  const named = (firstName: string, lastName: string) =>
    own.call("POST", "/cards", { typeId, firstName, lastName, initialBalance: 100 });
  const card = made(await named("Yusuf", "Vexalov"));
  const [first, second] = await Promise.all([
    decide((await only(card.id)).id, "confirm"),
    decide((await only(card.id)).id, "clear"),
  ]);
  assert.deepEqual([first.status, second.status].sort(), [200, 409]);
  const sure = made(await named("Yusuf", "Vexalov"));
  made(await decide((await only(sure.id)).id, "confirm"));
  assert.equal(made(await own.call("GET", `/cards/${sure.id}`)).status, "blocked");
  assert.equal(made(await named("Ada", "Sample")).status, "active");
  const { id: customerId } = await create("Ada", "Sample");
  assert.equal(
    made(await own.call("POST", "/cards", { typeId, customerId, initialBalance: 100 })).status,
    "active",
  );
});

test("the rows of a batch are screened, too: one on a list is blocked, the others are not", async () => {
  const typeId = await tests.program();
  const rows = ["Zoltan Qwertin", "Ada Sample"].map((name) => {
    const [firstName, lastName] = name.split(" ");
    return { typeId, firstName, lastName, initialBalance: 100 };
  });
  const batch = made(await own.call("POST", "/cards/batches", { rows }));
  const job = cardJobs.find(({ name }) => name === "cards.issueBatches");
  assert.ok(job);
  await runAll(server, job, own.id);
  const { data } = made(await own.call("GET", `/cards/batches/${batch.id}/rows`));
  const statuses = [];
  for (const { cardId } of data)
    statuses.push(made(await own.call("GET", `/cards/${cardId}`)).status);
  assert.deepEqual(statuses, ["blocked", "active"]);
});

test("a newer list blocks the cards without a customer whose names are on it, once", async () => {
  const other = await tests.organization();
  const typeId = await tests.program();
  const issue = async (lastName: string) =>
    made(
      await other.call("POST", "/cards", {
        typeId,
        firstName: "Rosalie",
        lastName,
        initialBalance: 100,
      }),
    );
  const [listedCard, free] = [await issue("Tattersall"), await issue("Sample")];
  const job = cardJobs.find(({ name }) => name === "cards.rescreen");
  assert.ok(job);
  assert.deepEqual(await dueIn(server, job, other.id), []);
  await inForce([...entries, listed("r", "Rosalie Tattersall")]);
  assert.equal(await runAll(server, job, other.id), 2);
  const status = async (id: string) => made(await other.call("GET", `/cards/${id}`)).status;
  assert.deepEqual([await status(listedCard.id), await status(free.id)], ["blocked", "active"]);
  made(await decide((await only(listedCard.id)).id, "clear"));
  await inForce([...entries, listed("r", "Rosalie Tattersall"), listed("s", "Other Person")]);
  await runAll(server, job, other.id);
  assert.equal(await status(listedCard.id), "active");
  await inForce(entries);
});

test("a customer that was ever taken for a sanctioned one is kept for ten years; its hits say nobody's name in clear", async () => {
  const words = { nationality: "HUN" };
  const { id } = await create("Zoltan", "Qwertin", words);
  made(await decide((await only(id)).id, "clear"));
  const deleted = made(await own.call("DELETE", `/customers/${id}`));
  assert.equal(yearsUntil(deleted.retainUntil), 10);
  const rows = await asOwner<{ text: string }>(
    server.database.url,
    "select h::text as text from screening_hits h where subject_id = $1",
    [id],
  );
  assert.equal(rows.length, 1);
  assert.doesNotMatch(rows[0]?.text ?? "zoltan", /zoltan|qwertin|1980-01-02|HUN/i);
  assert.equal((await only(id)).match.name, "Zoltan Qwertin", "kept under the retained key");
  await tests.advance(own as TestOrganization, 11 * 366 * 86_400_000);
  const erase = customerJobs.find(({ name }) => name === "customers.eraseRetained");
  assert.ok(erase);
  await runAll(server, erase, own.id);
  const erased = await only(id);
  assert.deepEqual([erased.match, erased.sourceId, erased.status], [null, null, "cleared"]);
});
