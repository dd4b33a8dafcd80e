import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../../test/harness/database.ts";
import { deliveriesOf, letTimePass } from "../../../../test/harness/deliver.ts";
import { giveDocuments } from "../../../../test/harness/evidence.ts";
import { startTestServer } from "../../../../test/harness/server.ts";
import { systemClock, systemEntropy } from "../../../foundation/clock/clock.ts";
import type { Sql } from "../../../foundation/database/sql.ts";
import { business } from "../../customers/fixture.ts";
import { newCustomer, settle, verificationsOf } from "../fixture.ts";
import { createBreaker, FAILURES, REST_MS } from "../providers/breaker.ts";
import { type Fault, sumsubDouble, sumsubHook, sumsubSettings } from "../providers/fixture.ts";
import { sumsub } from "../providers/sumsub.ts";
import { leaseDue } from "../store/traffic.ts";
import { type Deliveries, deliverVerifications, LEASE_S } from "./deliver.ts";

const double = await sumsubDouble();
const machine = { clock: systemClock, random: systemEntropy };
const adapter = sumsub({ ...sumsubSettings, url: double.url }, machine);
const server = await startTestServer({
  mode: "live",
  providers: new Map([["sumsub", adapter]]),
});
const mine = await server.newOrganization({ mode: "live" });
await server.call("PATCH", `/organizations/${mine.id}/verification-settings`, {
  provider: "sumsub",
});

const deliver = (over = {}) => deliverVerifications(deliveriesOf(server, over));
const read = async (id: string) => (await mine.call("GET", `/verifications/${id}`)).body;
const customer = async (id: string) => (await mine.call("GET", `/customers/${id}`)).body;
const hook = async (id: string, options = {}) => {
  const { body, headers } = sumsubHook(id, options);
  const path = `${server.url}/hooks/verification/sumsub`;
  return (await fetch(path, { method: "POST", body, headers })).status;
};

/** A process that can die: what it would have asked or written after that is never asked or written. */
function mortal() {
  const { sql, inWork } = deliveriesOf(server);
  const death = Promise.withResolvers<void>();
  let isDead = false;
  const never = () => new Promise<never>(() => undefined);
  const die = () => {
    isDead = true;
    death.resolve();
    return never();
  };
  const over: Pick<Deliveries, "sql" | "inWork"> = {
    sql: { query: (...asked) => (isDead ? never() : sql.query(...asked)) },
    inWork: (...asked) => (isDead ? never() : inWork(...asked)),
  };
  return { die, over, death: death.promise };
}

/** A customer whose review is opened for the provider, and not given to it yet. */
async function opened(body: object = {}) {
  // A fault is for this one alone.
  await settle(server, mine);
  await deliver();
  const customerId = await newCustomer(mine, body);
  await settle(server, mine);
  const [{ id }] = await verificationsOf(mine, customerId);
  return { customerId, id: id as string };
}

/**
 * What becomes of the next questions about one verification. Others may come due at any moment, which on a slow
 * machine is just this one, and would meet it instead: they are put off.
 */
async function faultsFor(id: string, ...faults: Fault[]) {
  const later = `update verifications set next_attempt_at = now() + interval '1 year'
    where id <> $1 and next_attempt_at is not null`;
  await asOwner(server.database.url, later, [id]);
  double.faults.push(...faults);
}

/**
 * Between how many seconds from the failure on it is tried again. The failure was written between two instants,
 * whatever else the machine had to do.
 */
async function failAndRead(id: string) {
  const before = Date.now();
  await deliver();
  const after = Date.now();
  const shown = await read(id);
  const at = Date.parse(shown.traffic.nextAttemptAt);
  return { ...shown, waitS: { least: (at - after) / 1_000, most: (at - before) / 1_000 } };
}

/** Delivers until all are at the provider: a busy machine makes one wait too long for a lock, to be tried later. */
async function submitAll(ids: readonly string[], by: () => Promise<unknown>) {
  const isSubmitted = async (id: string) => (await read(id)).status === "submitted";
  for (let round = 0; round < 10; round += 1) {
    await by();
    if ((await Promise.all(ids.map(isSubmitted))).every((is) => is)) return;
    for (const id of ids) await letTimePass(server, 3_600, id);
  }
  assert.fail("Some are never at the provider.");
}

/** Several that are opened. */
async function many(count: number) {
  const all: Awaited<ReturnType<typeof opened>>[] = [];
  while (all.length < count) {
    const customerId = await newCustomer(mine);
    await settle(server, mine);
    const [{ id }] = await verificationsOf(mine, customerId);
    all.push({ customerId, id });
  }
  return all;
}

/** As `opened`, and the provider has it. */
async function atProvider(body: object = {}) {
  const one = await opened(body);
  await deliver();
  assert.equal((await read(one.id)).status, "submitted");
  return one;
}

/** What the provider decided is told by its webhook, and asked for. */
async function decidedBy(id: string, result: object) {
  double.review(id, result);
  assert.equal(await hook(id), 200);
  await deliver();
}

test("a customer in review is given to the provider whole: data, documents, then the start", async () => {
  const { id, customerId } = await atProvider();
  const applicant = double.applicants.get(id);
  assert.deepEqual(applicant?.body, {
    externalUserId: id,
    type: "individual",
    email: "ada@example.com",
    phone: "+4930123456",
    fixedInfo: {
      firstName: "Ada",
      lastName: "Example",
      dob: "1990-05-17",
      nationality: "DEU",
      country: "DEU",
      tin: "X1234567",
      addresses: [
        { country: "DEU", street: "Example Street 1", town: "Berlin", postCode: "10115" },
      ],
    },
  });
  assert.equal(applicant?.level, "basic kyc");
  assert.equal(applicant?.images.length, 1);
  assert.match(applicant?.images[0] ?? "", /{"idDocType":"PASSPORT","country":"DEU"}/);
  assert.match(applicant?.images[0] ?? "", /content-type: image\/png\r\n\r\n\x89PNG/);
  assert.equal(applicant?.review.reviewStatus, "pending");
  const shown = await read(id);
  assert.deepEqual([shown.providerReference, shown.provider], [applicant?.id, "sumsub"]);
  assert.equal((await customer(customerId)).status, "pending");
});

/** A business with all that a review needs, and the people who direct and own it. */
async function openedBusiness() {
  await settle(server, mine);
  await deliver();
  const body = { ...business, type: "business", level: "basic" };
  const { id: customerId } = (await mine.call("POST", "/customers", body)).body;
  const common = { birthDate: "1970-12-09", nationality: "DEU", residenceCountry: "AUT" };
  for (const person of [
    { firstName: "Grace", roles: ["director", "beneficial_owner"], ownershipBasisPoints: 3_330 },
    { firstName: "Ada", roles: ["director"] },
    { firstName: "Boris", roles: ["beneficial_owner"], ownershipBasisPoints: 6_670 },
  ]) {
    const path = `/customers/${customerId}/people`;
    const { status } = await mine.call("POST", path, { ...common, ...person, lastName: "Example" });
    assert.equal(status, 201);
  }
  await giveDocuments(mine.call, customerId, ["company_register"]);
  await settle(server, mine);
  const [{ id }] = await verificationsOf(mine, customerId);
  return { customerId, id: id as string };
}

const withPeople = {
  companyInfo: {
    companyName: business.legalName,
    registrationNumber: business.nationalId,
    country: "DEU",
    beneficiaries: [
      ["Grace", ["director", "ubo"], 33.3],
      ["Ada", ["director"]],
      ["Boris", ["ubo"], 66.7],
    ].map(([firstName, types, shareSize]) => ({
      beneficiaryInfo: { firstName, lastName: "Example", dob: "1970-12-09" },
      types,
      ...(shareSize === undefined ? {} : { shareSize }),
    })),
  },
};

test("a business is given as a company at its own level, with who directs and owns it", async () => {
  const { id } = await openedBusiness();
  await deliver();
  const applicant = double.applicants.get(id);
  assert.deepEqual(applicant?.body.fixedInfo, withPeople);
  assert.deepEqual([applicant?.body.type, applicant?.level], ["company", "kyb"]);
  assert.equal(applicant?.images.length, 1);
  assert.equal((await read(id)).status, "submitted");
});

test("people of a business whom an attempt had given before it was cut off are given once", async () => {
  const { id } = await openedBusiness();
  let given = 0;
  double.afterwards = ({ path }) => {
    if (path.endsWith("/beneficiaries")) given += 1;
    if (given === 2) double.faults.push("500");
  };
  await deliver();
  double.afterwards = () => undefined;
  assert.equal((await read(id)).status, "queued");
  await letTimePass(server, 3_600, id);
  await deliver();
  assert.equal((await read(id)).status, "submitted");
  assert.deepEqual(double.applicants.get(id)?.body.fixedInfo, withPeople);
});

test("each answer of the provider moves the customer as it means", async () => {
  const results = {
    GREEN: [{ reviewAnswer: "GREEN" }, "active", "approved", []],
    FINAL: [
      {
        reviewAnswer: "RED",
        reviewRejectType: "FINAL",
        rejectLabels: ["FORGERY"],
        moderationComment: "The document\u0000is not genuine.",
        clientComment: "Known fraud ring 17.",
      },
      "rejected",
      "rejected",
      ["FORGERY", "The document is not genuine."],
    ],
    RETRY: [
      { reviewAnswer: "RED", reviewRejectType: "RETRY", rejectLabels: ["BAD_PHOTO"] },
      "needs_information",
      "needs_information",
      ["BAD_PHOTO"],
    ],
    unsaid: [{ reviewAnswer: "RED" }, "rejected", "rejected", ["rejected_by_provider"]],
  } as const;
  for (const [what, [result, status, outcome, reasons]] of Object.entries(results)) {
    const { id, customerId } = await atProvider();
    await decidedBy(id, result);
    const after = await read(id);
    assert.deepEqual([after.status, after.outcome], ["decided", outcome], what);
    assert.deepEqual([after.reasons, after.decidedBy], [[...reasons], "provider"], what);
    const { status: now, statusReasons, canResubmit } = await customer(customerId);
    assert.deepEqual([now, statusReasons], [status, [...reasons]], what);
    if (status === "rejected") assert.equal(canResubmit, false, what);
    assert.ok(!JSON.stringify(after).includes("fraud ring"), "what is not for the applicant");
  }
});

test("without any webhook the provider is asked by itself, and decides then", async () => {
  const { id, customerId } = await atProvider();
  await deliver();
  double.review(id, { reviewAnswer: "GREEN" });
  await deliver();
  assert.equal((await read(id)).status, "submitted", "not before its time");
  await letTimePass(server, 900);
  await deliver();
  assert.equal((await customer(customerId)).status, "active");
});

test("a webhook that comes before the reference is known is not lost", async () => {
  const { id, customerId } = await opened();
  double.afterwards = async ({ path }) => {
    if (!path.endsWith("/status/pending")) return;
    double.review(id, { reviewAnswer: "GREEN" });
    assert.equal(await hook(id), 200);
  };
  await deliver();
  double.afterwards = () => undefined;
  assert.equal((await customer(customerId)).status, "active");
});

test("a webhook that comes just after the reference is written is not put off by what is written then", async () => {
  const { id, customerId } = await opened();
  const { inWork } = deliveriesOf(server);
  let isTold = false;
  const telling: typeof inWork = async (organizationId, act) => {
    const done = await inWork(organizationId, act);
    if (!isTold && (await read(id)).status === "submitted") {
      isTold = true;
      double.review(id, { reviewAnswer: "GREEN" });
      assert.equal(await hook(id), 200);
    }
    return done;
  };
  await deliver({ inWork: telling });
  await deliver();
  assert.ok(isTold);
  assert.equal((await customer(customerId)).status, "active");
});

test("a webhook that lies about the outcome changes nothing: the provider is asked", async () => {
  const { id, customerId } = await atProvider();
  await hook(id);
  await deliver();
  assert.deepEqual(
    [(await read(id)).status, (await customer(customerId)).status],
    ["submitted", "pending"],
  );
});

test("doubled and late webhooks are taken and change nothing", async () => {
  const { id, customerId } = await atProvider();
  double.review(id, { reviewAnswer: "GREEN" });
  assert.deepEqual(await Promise.all([hook(id), hook(id), hook(id)]), [200, 200, 200]);
  await Promise.all([deliver(), deliver()]);
  const over = await read(id);
  assert.deepEqual([over.outcome, over.version], ["approved", 3]);
  double.review(id, { reviewAnswer: "RED" });
  assert.equal(await hook(id), 200);
  await deliver();
  const late = await read(id);
  assert.deepEqual([late.outcome, late.version], ["approved", 3]);
  assert.notEqual(late.traffic.heardAt, over.traffic.heardAt, "it is recorded that it came");
  assert.equal((await customer(customerId)).status, "active");
});

test("killed between any call and what is written of it, there is one applicant with each document once", async () => {
  const steps = [/\/resources\/applicants\?/, /info\/idDoc$/, /status\/pending$/];
  for (const step of steps) {
    const { id, customerId } = await opened();
    await giveDocuments(mine.call, customerId, ["id_card"]);
    const before = double.applicants.size;
    const first = mortal();
    double.afterwards = ({ path }) => (step.test(path) ? first.die() : undefined);
    // The process is gone while the provider has done its part.
    void deliver(first.over).catch(() => undefined);
    await first.death;
    double.afterwards = () => undefined;
    assert.equal((await read(id)).status, "queued");
    await deliver();
    assert.equal((await read(id)).status, "queued", "leased until it is taken for dead");
    await letTimePass(server, LEASE_S);
    await deliver();
    assert.equal((await read(id)).status, "submitted", String(step));
    assert.equal(double.applicants.size, before + 1);
    assert.equal(double.applicants.get(id)?.images.length, 2);
  }
});

test("however long the sending of documents takes, it is one process's while that lives, and another's after that", async () => {
  const { id, customerId } = await opened();
  await giveDocuments(mine.call, customerId, ["id_card", "selfie", "other", "residence_permit"]);
  const looks = () => double.requests.filter(({ path }) => path.includes(`externalUserId=${id}/`));
  const first = mortal();
  const lookedAt: number[] = [];
  double.afterwards = async ({ path }) => {
    if (!path.endsWith("/info/idDoc") || lookedAt.length === 4) return;
    await letTimePass(server, LEASE_S - 100, id);
    await deliver();
    lookedAt.push(looks().length);
    if (lookedAt.length === 4) return first.die();
  };
  void deliver(first.over).catch(() => undefined);
  await first.death;
  assert.deepEqual(lookedAt, [1, 1, 1, 1], "nobody else takes it up after any document");
  await deliver();
  assert.equal(looks().length, 1, "leased until it is taken for dead");
  await letTimePass(server, LEASE_S, id);
  await deliver();
  double.afterwards = () => undefined;
  assert.ok(looks().length > 1);
  assert.equal((await read(id)).status, "submitted");
  assert.equal(double.applicants.get(id)?.images.length, 5);
});

test("while the people of a business are sent it stays one process's, too", async () => {
  const { id } = await openedBusiness();
  const looks = () => double.requests.filter(({ path }) => path.includes(`externalUserId=${id}/`));
  double.afterwards = async ({ path }) => {
    if (!path.endsWith("/beneficiaries")) return;
    await letTimePass(server, LEASE_S - 100, id);
    await deliver();
  };
  await deliver();
  double.afterwards = () => undefined;
  assert.equal(looks().length, 1);
  assert.deepEqual(double.applicants.get(id)?.body.fixedInfo, withPeople);
});

test("a sending ends before the next document once a reviewer has taken its verification", async () => {
  const { id, customerId } = await opened();
  await giveDocuments(mine.call, customerId, ["id_card", "other"]);
  double.afterwards = async ({ path }) => {
    if (!path.endsWith("/info/idDoc")) return;
    assert.equal((await server.call("POST", `/verifications/${id}/claim`, {})).status, 200);
  };
  await deliver();
  double.afterwards = () => undefined;
  assert.equal(double.applicants.get(id)?.images.length, 1);
  const { status, traffic } = await read(id);
  assert.deepEqual([status, traffic.attempts, traffic.lastError], ["claimed", 0, null]);
});

test("what one process has taken no other takes, also before that is committed", async () => {
  const { id } = await opened();
  const takes = async (sql: Sql) =>
    (await leaseDue(sql, "sumsub", 100, 3_600)).filter((one) => one.id === id).length;
  await server.database.app.transaction(async (sql) => {
    assert.equal(await takes(sql), 1);
    assert.equal(await takes(server.database.app), 0);
  });
  assert.equal(await takes(server.database.app), 0);
  await letTimePass(server, 3_600, id);
  assert.equal(await takes(server.database.app), 1);
});

test("two processes give each customer to the provider once", async () => {
  const all = await many(12);
  const before = double.requests.length;
  await submitAll(
    all.map(({ id }) => id),
    () => Promise.all([deliver(), deliver(), deliver()]),
  );
  const made = double.requests
    .slice(before)
    .filter(({ path }) => path.startsWith("/resources/applicants?"));
  assert.equal(made.length, 12);
});

const failures: readonly (readonly [Fault, RegExp])[] = [
  ["500", /answered 500/],
  ["403", /answered 403/],
  ["429", /answered 429/],
  ["garbage", /not understood/],
  ["huge", /too large/],
  ["redirect", /answered 302/],
  ["cut", /cannot be reached/],
];

for (const [fault, words] of failures) {
  test(`where the provider fails (${fault}) the customer stays pending, and it is tried again later`, async () => {
    const { id, customerId } = await opened();
    await faultsFor(id, fault);
    const failed = await failAndRead(id);
    assert.match(failed.traffic.lastError, words);
    assert.ok(!/Ada|Example|secret/.test(JSON.stringify(failed.traffic)), "nothing of anybody");
    assert.deepEqual([failed.status, failed.traffic.attempts], ["queued", 1]);
    assert.equal((await customer(customerId)).status, "pending");
    const [least, most] = fault === "429" ? [120, 120] : [15, 30];
    const { waitS } = failed;
    assert.ok(waitS.most >= least && waitS.least <= most, JSON.stringify(waitS));
    await letTimePass(server, -3_600, id);
    await deliver();
    assert.equal((await read(id)).traffic.attempts, 1, "not before");
    await letTimePass(server, 3_600 + 130, id);
    await deliver();
    const well = await read(id);
    assert.deepEqual(
      [well.status, well.traffic.attempts, well.traffic.lastError],
      ["submitted", 0, null],
    );
  });
}

test("a failure while the decision is asked for leaves the customer pending and loses nothing", async () => {
  const { id, customerId } = await atProvider();
  double.review(id, { reviewAnswer: "GREEN" });
  await hook(id);
  await faultsFor(id, "500");
  await deliver();
  assert.deepEqual([(await read(id)).status, (await read(id)).traffic.attempts], ["submitted", 1]);
  await letTimePass(server, 60, id);
  await deliver();
  assert.equal((await customer(customerId)).status, "active");
});

test("pauses between attempts grow, and end at six hours", async () => {
  const { id } = await opened();
  const waits: { readonly least: number; readonly most: number }[] = [];
  for (let attempt = 0; attempt < 12; attempt += 1) {
    await faultsFor(id, "403");
    waits.push((await failAndRead(id)).waitS);
    await letTimePass(server, 22_000, id);
  }
  for (const [attempt, { least, most }] of waits.entries()) {
    const longest = Math.min(30 * 2 ** attempt, 21_600);
    assert.ok(most >= longest / 2 && least <= longest, `${attempt}: ${least} to ${most} s`);
  }
  await deliver();
  assert.equal((await read(id)).status, "submitted");
});

test("a provider that is down is left alone after some failures, and asked once before all others", async () => {
  let nowMs = 0;
  const breaker = createBreaker(() => nowMs);
  const all = await many(10);
  const before = double.requests.length;
  double.faults.push(...Array.from({ length: 40 }, () => "500" as const));
  await deliver({ breaker });
  const asked = double.requests.length - before;
  assert.ok(asked >= FAILURES && asked < all.length, `${asked} requests`);
  nowMs = REST_MS - 1;
  await deliver({ breaker });
  assert.equal(double.requests.length - before, asked, "it rests");
  nowMs = REST_MS;
  await deliver({ breaker });
  assert.equal(double.requests.length - before, asked + 1, "one question");
  double.faults.length = 0;
  nowMs = 2 * REST_MS;
  await letTimePass(server, 120);
  await submitAll(
    all.map(({ id }) => id),
    () => deliver({ breaker }),
  );
});

test("what is the matter with one customer does not stop the others", async () => {
  const bad = await newCustomer(mine, { level: "advanced" });
  await giveDocuments(mine.call, bad, ["selfie", "proof_of_address"]);
  const good = await opened();
  await deliver();
  const [failed] = await verificationsOf(mine, bad);
  assert.match(failed.traffic.lastError, /No level is set for individual.advanced/);
  assert.equal((await read(good.id)).status, "submitted");
});

test("a customer that changes while the provider has it is submitted anew, never decided as it was", async () => {
  const { id, customerId } = await atProvider();
  await mine.call("PATCH", `/customers/${customerId}`, { lastName: "Changed" });
  await decidedBy(id, { reviewAnswer: "GREEN" });
  assert.equal((await read(id)).status, "cancelled");
  assert.equal((await customer(customerId)).status, "pending");
  await settle(server, mine);
  await deliver();
  const [second] = await verificationsOf(mine, customerId);
  assert.equal(second.status, "submitted");
  assert.equal(double.applicants.get(second.id)?.body.fixedInfo.lastName, "Changed");
});

test("nothing of a customer on hold is given to the provider or decided by it, until its release", async () => {
  const held = await opened();
  await server.call("POST", `/customers/${held.customerId}/hold`, { reason: "sanctions" });
  await deliver();
  assert.equal(double.applicants.has(held.id), false);

  const { id, customerId } = await atProvider();
  await server.call("POST", `/customers/${customerId}/hold`, { reason: "sanctions" });
  await decidedBy(id, { reviewAnswer: "GREEN" });
  assert.deepEqual(
    [(await read(id)).status, (await customer(customerId)).status],
    ["submitted", "on_hold"],
  );
  for (const one of [held.customerId, customerId]) {
    await server.call("POST", `/customers/${one}/release`, {});
  }
  await letTimePass(server, 60);
  await deliver();
  assert.equal((await read(held.id)).status, "submitted");
});

test("a reviewer takes over from a provider that is down, and gives back to it", async () => {
  const { id, customerId } = await opened();
  await faultsFor(id, "500");
  await deliver();
  await server.call("POST", `/verifications/${id}/claim`, {});
  await letTimePass(server, 60);
  await deliver();
  assert.equal(double.applicants.has(id), false, "what is claimed is nobody else's");
  await server.call("POST", `/verifications/${id}/release`, {});
  await deliver();
  assert.equal((await read(id)).status, "submitted");
  await server.call("POST", `/verifications/${id}/claim`, {});
  await decidedBy(id, { reviewAnswer: "RED" });
  assert.equal((await server.call("POST", `/verifications/${id}/approve`, {})).status, 200);
  assert.equal((await customer(customerId)).status, "active");
});

test("each document that is given to a provider stands in the audit log, and no moves are by a person", async () => {
  const { id, customerId } = await atProvider();
  await decidedBy(id, { reviewAnswer: "GREEN" });
  await server.sequence();
  const [document] = (await mine.call("GET", `/customers/${customerId}/documents`)).body.data;
  const log = await mine.call("GET", `/audit-log?objectId=${document.id}`);
  const acts = log.body.data.map(({ action }: { action: string }) => action);
  assert.ok(acts.includes("verifications.sendDocument"), acts.join());
  const moves = await mine.call("GET", `/customers/${customerId}/status-history`);
  assert.deepEqual(moves.body.data[0].actor, { kind: "system", id: "verifications.deliver" });
});

test("G1: webhooks that are not genuine are answered 401 in the same words, and nothing is asked", async () => {
  const { id } = await atProvider();
  const genuine = sumsubHook(id);
  const send = (headers: Record<string, string>, body = genuine.body) =>
    fetch(`${server.url}/hooks/verification/sumsub`, { method: "POST", body, headers });
  const { "x-payload-digest": digest, ...rest } = genuine.headers;
  const forged = [
    send(sumsubHook(id, { secret: "another" }).headers),
    send(sumsubHook(id, { secret: "" }).headers),
    send(sumsubHook(id, { algorithm: "HMAC_SHA1_HEX" }).headers),
    send({ ...rest, "x-payload-digest": digest, "x-payload-digest-alg": "none" }),
    send(rest),
    send({ ...rest, "x-payload-digest": "" }),
    send({ ...rest, "x-payload-digest": digest.slice(2) }),
    send({ ...rest, "x-payload-digest": `${digest}00` }),
    send(genuine.headers, `${genuine.body} `),
    send(genuine.headers, ""),
  ];
  const texts = new Set<string>();
  for (const response of await Promise.all(forged)) {
    assert.equal(response.status, 401);
    const { requestId: _, ...problem } = (await response.json()) as Record<string, unknown>;
    texts.add(JSON.stringify(problem));
  }
  assert.equal(texts.size, 1);
  assert.equal((await read(id)).traffic.heardAt, null);
  for (const algorithm of ["HMAC_SHA256_HEX", "HMAC_SHA512_HEX"]) {
    assert.equal(await hook(id, { algorithm, secret: "the-next-secret" }), 200, algorithm);
  }
  assert.notEqual((await read(id)).traffic.heardAt, null);
});

test("a webhook about somebody unknown is taken; to a provider that is not set up there is no address", async () => {
  for (const ours of ["ver_unknown", "cus_x", "", "x".repeat(5_000)]) {
    assert.equal(await hook(ours), 200, ours.slice(0, 20));
  }
  const { body, headers } = sumsubHook("ver_unknown");
  const post = (path: string, content = body) =>
    fetch(`${server.url}${path}`, { method: "POST", body: content, headers });
  for (const name of ["persona", "manual", "sandbox", "unknown", "constructor"]) {
    assert.equal((await post(`/hooks/verification/${name}`)).status, 404, name);
  }
  assert.equal((await post("/hooks/verification/sumsub", "x".repeat(1_048_577))).status, 413);
  assert.equal((await fetch(`${server.url}/hooks/verification/sumsub`)).status, 405);
});

test("a request that the provider would not take as signed is answered 401 there: the double looks", async () => {
  const { id } = await opened();
  const wrong = sumsub({ ...sumsubSettings, url: double.url, secretKey: "wrong" }, machine);
  await deliver({ providers: new Map([["sumsub", wrong]]) });
  assert.match((await read(id)).traffic.lastError, /answered 401/);
});
