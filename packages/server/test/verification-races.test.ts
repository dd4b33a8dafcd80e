import assert from "node:assert/strict";
import test from "node:test";
import { canMove } from "../src/foundation/lifecycle/lifecycle.ts";
import { askWith, secretOf } from "../src/interfaces/hosted/fixture.ts";
import { jobs } from "../src/interfaces/worker/jobs.ts";
import { type CardBody, made, startCardTests } from "../src/issuing/cards/fixture.ts";
import { person } from "../src/issuing/customers/fixture.ts";
import { CONSENT_VERSION } from "../src/issuing/customers/model/sessions.ts";
import {
  type CustomerMove,
  type CustomerStatus,
  customerLifecycle,
} from "../src/issuing/customers/model.ts";
import { listed, load } from "../src/issuing/screening/fixture.ts";
import { settle } from "../src/issuing/verifications/fixture.ts";
import { asOwner } from "./harness/database.ts";
import { owner, picture } from "./harness/evidence.ts";
import { runAll } from "./harness/jobs.ts";
import type { CallAnswer, TestOrganization } from "./harness/server.ts";

/** What is asked of one customer by many at once comes out as if they had come one by one. */
const tests = await startCardTests();
const { server } = tests;
const ask = askWith(server);
const reasons = ["The document cannot be read."];
const ROUNDS = 3;

type Answer = Pick<CallAnswer, "status" | "body">;

/** Sends all at once, in an order that each round draws anew from a fixed seed. @returns answers as asked */
async function race(asked: readonly (() => Promise<Answer>)[], seed: number): Promise<Answer[]> {
  const order = asked.map((_, at) => ({ at, by: Math.sin(seed * 1_000 + at * 7) }));
  order.sort((a, b) => a.by - b.by);
  const answers: Answer[] = [];
  await Promise.all(
    order.map(async ({ at }) => {
      answers[at] = (await asked[at]?.()) as Answer;
    }),
  );
  for (const { status, body } of answers) {
    assert.ok(status < 300 || [409, 422].includes(status), `${status} ${JSON.stringify(body)}`);
  }
  return answers;
}

const times = <T>(count: number, act: T): T[] => Array.from({ length: count }, () => act);
const isDone = ({ status }: Answer) => status < 300;

/** The events of an object are its versions, one by one, and the last is what is read now. */
async function storyOf(own: TestOrganization, id: string, now: CardBody): Promise<CardBody[]> {
  await server.sequence();
  const { data } = made(await own.call("GET", `/events?objectId=${id}&limit=100`));
  const versions = data.map(({ objectVersion }: CardBody) => objectVersion);
  assert.deepEqual(
    versions,
    versions.map((_: number, at: number) => at + 1),
    `${id}: one event a version, in order`,
  );
  const shown = data.at(-1).data.object;
  assert.deepEqual([shown.version, shown.status], [now.version, now.status], id);
  return data;
}

/** A customer's history is a walk through its life cycle, from the first status to the present one. */
async function historyOf(own: TestOrganization, customer: CardBody): Promise<CardBody[]> {
  const path = `/customers/${customer.id}/status-history?limit=100`;
  const lines: CardBody[] = made(await own.call("GET", path)).data.toReversed();
  for (const [at, { move, from, to }] of lines.entries()) {
    if (at === 0) continue;
    const before = lines[at - 1];
    assert.equal(from, before.to, `${move} begins where the move before it ended`);
    const known = customerLifecycle.moves[move as CustomerMove];
    // Beneath a hold the status moves on.
    const isBeneath = from === "on_hold" && to === "on_hold";
    const status: CustomerStatus = isBeneath ? before.statusBeforeHold : from;
    assert.ok(canMove(customerLifecycle, move as CustomerMove, status), `${move} from ${status}`);
    const reached = isBeneath ? lines[at].statusBeforeHold : to;
    assert.equal(reached, known.to === "previous" ? before.statusBeforeHold : known.to);
  }
  assert.equal(lines.at(-1).to, customer.status);
  return lines;
}

const read = async (own: TestOrganization, id: string): Promise<CardBody> =>
  made(await own.call("GET", `/customers/${id}`));

/** Rows of the audit log about an action that was done on an object. */
async function doneOn(call: TestOrganization["call"], id: string, action: string) {
  const path = `/audit-log?objectId=${id}&action=${action}&result=done&limit=100`;
  return made(await call("GET", path)).data.length as number;
}

test("of approving, rejecting, asking, holding and deleting one customer at once each is done or refused, and the history tells it in a row", async () => {
  const own = await tests.organization();
  const verbs = {
    approve: ["approveCustomer", {}],
    reject: ["rejectCustomer", { reasons }],
    requestInformation: ["requestCustomerInformation", { reasons, fields: ["lastName"] }],
    hold: ["holdCustomer", { reason: "investigation" }],
    release: ["releaseCustomer", {}],
  } as const;
  const paths: Readonly<Record<string, string>> = { requestInformation: "request-information" };
  for (let round = 0; round < ROUNDS; round += 1) {
    const id = await tests.customer(own, {}, null);
    const moves = Object.keys(verbs) as (keyof typeof verbs)[];
    const asked = times(4, moves).flat();
    const decide = (move: keyof typeof verbs) => () =>
      server.call("POST", `/customers/${id}/${paths[move] ?? move}`, verbs[move][1]);
    const remove = () => own.call("DELETE", `/customers/${id}`);
    const answers = await race([...asked.map(decide), remove], round);
    const removed = answers.at(-1) as Answer;
    assert.equal(removed.status, 200);
    const customer = await read(own, id);
    assert.equal(customer.status, "deleted");
    await storyOf(own, id, customer);
    const lines = await historyOf(own, customer);
    for (const move of moves) {
      const done = answers.filter((answer, at) => asked[at] === move && isDone(answer)).length;
      assert.equal(lines.filter((line) => line.move === move).length, done, move);
      assert.equal(await doneOn(server.call, id, verbs[move][0]), done, move);
    }
    assert.equal(lines.filter(({ move }) => move === "delete").length, 1);
    for (const { body } of answers.filter((answer) => !isDone(answer))) {
      assert.ok(["customer_move_not_allowed", "customer_deleted"].includes(body.code), body.code);
    }
  }
});

test("of confirming and clearing one hit at once one is done, and the customer stands as it says", async () => {
  await load(server.database.app, [listed("1", "Qwertin Vexalov")]);
  const own = await tests.organization();
  for (let round = 0; round < ROUNDS; round += 1) {
    const id = await tests.customer(own, { firstName: "Qwertin", lastName: "Vexalov" }, null);
    const [hit] = made(await server.call("GET", `/screening-hits?subjectId=${id}`)).data;
    const asked = times(10, ["confirm", "clear"]).flat();
    const decide = (verdict: string) => () =>
      server.call("POST", `/screening-hits/${hit.id}/${verdict}`, { reasons });
    const answers = await race(asked.map(decide), round);
    const done = answers.filter(isDone);
    assert.equal(done.length, 1);
    for (const { body } of answers.filter((answer) => !isDone(answer))) {
      assert.equal(body.code, "hit_decided");
    }
    const after = made(await server.call("GET", `/screening-hits/${hit.id}`));
    assert.deepEqual([after.status, after.version], [done[0]?.body.status, hit.version + 1]);
    const customer = await read(own, id);
    assert.equal(customer.status, after.status === "confirmed" ? "on_hold" : "pending");
    await storyOf(own, id, customer);
    await historyOf(own, customer);
  }
});

test("of two reviewers who claim a review at once one has it, and it alone decides it, once", async () => {
  const own = await tests.organization();
  const reviewers = [
    server.call,
    server.callAs(await server.newKey(null, ["customers:review", "customers:read"])),
  ];
  for (let round = 0; round < ROUNDS; round += 1) {
    const id = await tests.customer(own, {}, null);
    await settle(server, own);
    const [review] = made(await own.call("GET", `/verifications?customerId=${id}`)).data;
    const path = `/verifications/${review.id}`;
    const asked = times(10, reviewers).flat();
    const claims = await race(
      asked.map((call) => () => call("POST", `${path}/claim`, {})),
      round,
    );
    const owners = new Set(claims.filter(isDone).map(({ body }) => body.claimedBy));
    assert.equal(owners.size, 1);
    for (const [at, answer] of claims.entries()) {
      const mine = claims.find((one, other) => isDone(one) && asked[other] === asked[at]);
      assert.equal(isDone(answer), mine !== undefined, "all claims of a reviewer fare alike");
    }
    const verdicts = await race(
      asked.map(
        (call, at) => () =>
          at % 4 < 2
            ? call("POST", `${path}/approve`, {})
            : call("POST", `${path}/reject`, { reasons }),
      ),
      round + ROUNDS,
    );
    const [decided, ...others] = verdicts.filter(isDone);
    assert.deepEqual([decided?.body.status, others.length], ["decided", 0]);
    const customer = await read(own, id);
    const outcomes = { active: "approved", rejected: "rejected" } as Readonly<
      Record<string, string>
    >;
    assert.equal(outcomes[customer.status], decided?.body.outcome);
    await storyOf(own, review.id, made(await own.call("GET", path)));
    const lines = await historyOf(own, customer);
    const verdict = lines.filter(({ move }) => ["approve", "reject"].includes(move));
    assert.deepEqual(new Set(verdict.map(({ actor }) => actor.id)), owners);
    assert.equal(verdict.length, 1);
  }
});

test("of giving, taking back and submitting at once, what was submitted is what counts, and nothing lies between", async () => {
  const own = await tests.organization();
  const { nationalId: _, phone: __, ...details } = person;
  for (let round = 0; round < ROUNDS; round += 1) {
    const { id, verification } = made(
      await own.call("POST", "/customers", { type: "individual", level: "basic" }),
    );
    const started = await ask("POST", "exchange", { secret: secretOf(verification.link) });
    const options = { bearer: started.body.bearer as string };
    assert.equal((await ask("PUT", "details", details, options)).status, 200);
    const give = async (): Promise<Answer> => {
      const answer = await ask("POST", "documents?kind=passport", picture, options);
      // So many of one session at once are told to come again.
      return answer.status === 503 ? give() : answer;
    };
    const first = (await give()).body.documents[0].id as string;
    const consent = { version: CONSENT_VERSION, language: "en" };
    const submit = () => ask("POST", "submit", { consent }, options);
    const takeBack = async () => {
      const answer = await ask("DELETE", `documents/${first}`, undefined, options);
      // Who comes second finds it gone.
      return answer.status === 404 ? { ...answer, status: 409 } : answer;
    };
    const asked = [...times(6, give), ...times(6, takeBack), ...times(8, submit)];
    const answers = await race(asked, round);
    const count = (from: number, to: number) => answers.slice(from, to).filter(isDone).length;
    const [given, taken, submitted] = [count(0, 6) + 1, count(6, 12), count(12, 20)];
    assert.ok(submitted <= 1 && taken <= 1, `${submitted} submissions, ${taken} taken back`);
    if (submitted === 0) assert.equal((await submit()).status, 200);
    const customer = await read(own, id);
    assert.deepEqual([customer.status, customer.missing], ["pending", []]);
    const documents = made(await own.call("GET", `/customers/${id}/documents?limit=100`)).data;
    const standing = documents.filter(({ status }: CardBody) => status === "uploaded");
    assert.equal(standing.length, given - taken);
    const [row] = await asOwner<{ open: string }>(
      server.database.url,
      "select count(*) as open from documents where customer_id = $1 and session_id is not null and status = 'uploaded'",
      [id],
    );
    assert.equal(row?.open, "0", "no document waits for a session that is over");
    await storyOf(own, id, customer);
    await historyOf(own, customer);
    for (const document of documents) await storyOf(own, document.id, document);
  }
});

test("of adding and removing people and approving at once, nobody who came after the approval is part of it", async () => {
  const own = await tests.organization();
  for (let round = 0; round < ROUNDS; round += 1) {
    const id = await tests.customer(own, { type: "business", ...company }, null);
    const path = `/customers/${id}/people`;
    const [known] = made(await own.call("GET", path)).data;
    const add = () => own.call("POST", path, { ...owner, ownershipBasisPoints: 1 });
    const remove = () => own.call("DELETE", `${path}/${known.id}`);
    const approve = () => server.call("POST", `/customers/${id}/approve`, {});
    const asked = [...times(8, add), ...times(4, remove), ...times(8, approve)];
    const answers = await race(asked, round);
    const added = answers.slice(0, 8).filter(isDone).length;
    const removed = answers.slice(8, 12).filter(isDone).length;
    assert.equal(added, 8);
    assert.ok(removed <= 1);
    const people = made(await own.call("GET", `${path}?limit=100`)).data;
    const present = people.filter(({ removedAt }: CardBody) => removedAt === null);
    assert.equal(present.length, 1 + added - removed);
    const customer = await read(own, id);
    const events = await storyOf(own, id, customer);
    const lines = await historyOf(own, customer);
    const approvals = answers.slice(12).filter(isDone).length;
    assert.equal(lines.filter(({ move }) => move === "approve").length, approvals);
    // Whoever came after the last approval has brought the customer back into review.
    await server.sequence();
    const all = made(await own.call("GET", "/events?limit=100&type=customer.approved")).data;
    const last = all.filter(({ objectId }: CardBody) => objectId === id).at(-1)?.sequence ?? 0;
    const changes = [];
    for (const one of people) {
      const { data } = made(await own.call("GET", `/events?objectId=${one.id}`));
      changes.push(...data.map(({ sequence }: CardBody) => sequence));
    }
    const later = changes.some((sequence) => sequence > last);
    const reviewed = last === 0 ? "pending" : later ? "update_requested" : "active";
    assert.equal(customer.status, reviewed, JSON.stringify(events.map(({ type }) => type)));
  }
});
const company = {
  legalName: "Example GmbH",
  firstName: undefined,
  lastName: undefined,
  birthDate: undefined,
  nationalId: "HRB 12345",
};

/** All that is done by itself in an organization. */
async function doAll({ id }: TestOrganization): Promise<void> {
  for (const job of jobs) await runAll(server, job, id);
}

const statusesOf = async (own: TestOrganization, customerId: string) =>
  made(await own.call("GET", `/cards?customerId=${customerId}&limit=100`)).data.map(
    ({ status }: CardBody) => status as string,
  );

test("of revoking access and issuing at once no card is left that works", async () => {
  const own = await tests.organization();
  for (let round = 0; round < ROUNDS; round += 1) {
    const typeId = await tests.program({ requiresCustomer: true, requiresAccess: true });
    const customerId = await tests.customer(own);
    const request = made(
      await own.call("POST", `/customers/${customerId}/access-requests`, { typeId }),
    );
    made(await server.call("POST", `/access-requests/${request.id}/grant`, {}));
    const issue = () => own.call("POST", "/cards", { typeId, customerId, initialBalance: 10 });
    const revoke = () => server.call("POST", `/access-requests/${request.id}/revoke`, { reasons });
    const answers = await race([...times(17, issue), ...times(3, revoke)], round);
    assert.equal(answers.slice(17).filter(isDone).length, 1);
    await doAll(own);
    const issued = answers.slice(0, 17).filter(isDone).length;
    const statuses = await statusesOf(own, customerId);
    assert.deepEqual(statuses, times(issued, "blocked"));
    for (const answer of answers.slice(0, 17).filter((one) => !isDone(one))) {
      assert.equal(answer.body.errors[0].code, "product_access_revoked");
    }
  }
  await tests.lawsHold(own);
});

test("of a rule that begins and issuing at once every card that came through is wound down", async () => {
  const own = await tests.organization();
  for (let round = 0; round < ROUNDS; round += 1) {
    const typeId = await tests.program({ requiresCustomer: true });
    const customerId = await tests.customer(own, { nationality: "BGD" });
    const issue = () => own.call("POST", "/cards", { typeId, customerId, initialBalance: 10 });
    const rule = { typeId, subject: "nationality", countries: ["BGD"], reasonCode: "embargo" };
    const restrict = () => server.call("POST", "/compliance-rules", { ...rule, windDownDays: 0 });
    const answers = await race([...times(19, issue), restrict], round);
    assert.ok(isDone(answers[19] as Answer));
    await doAll(own);
    const issued = answers.slice(0, 19).filter(isDone).length;
    assert.deepEqual(await statusesOf(own, customerId), times(issued, "blocked"));
    for (const answer of answers.slice(0, 19).filter((one) => !isDone(one))) {
      assert.equal(answer.body.errors[0].code, "nationality_restricted");
    }
  }
  await tests.lawsHold(own);
});
