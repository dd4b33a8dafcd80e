import assert from "node:assert/strict";
import test from "node:test";
import { asOwner, wordsOf } from "../../../../test/harness/database.ts";
import { runDue, runJob } from "../../../../test/harness/jobs.ts";
import { startTestServer } from "../../../../test/harness/server.ts";
import { codeOf, eventsOf, newCustomer, settle, verificationsOf } from "../fixture.ts";
import { verificationJobs } from "../jobs.ts";
import { outcomes, providers, verificationLifecycle } from "../model.ts";

const server = await startTestServer();
const mine = await server.newOrganization();
const other = server.callAs(await server.newKey(null, ["customers:review", "customers:read"]));

const reasons = ["The document cannot be read."];

/** A customer in review with its open verification. */
async function inReview(body: object = {}) {
  const customerId = await newCustomer(mine, body);
  await settle(server, mine);
  const [verification] = await verificationsOf(mine, customerId);
  return { customerId, id: verification.id as string };
}

const act = (id: string, verb: string, body: object = {}, call = server.call) =>
  call("POST", `/verifications/${id}/${verb}`, body);
const read = async (id: string) => (await mine.call("GET", `/verifications/${id}`)).body;
const customer = async (id: string) => (await mine.call("GET", `/customers/${id}`)).body;
const decideCustomer = (id: string, verb: string, body: object = {}) =>
  server.call("POST", `/customers/${id}/${verb}`, body);

test("each customer in review has one open verification, and others have none", async () => {
  const { customerId, id } = await inReview();
  const opened = await read(id);
  assert.deepEqual(
    [opened.status, opened.provider, opened.level, opened.customerVersion, opened.traffic],
    ["queued", "sandbox", "basic", 2, null],
  );
  await settle(server, mine);
  assert.equal((await verificationsOf(mine, customerId)).length, 1);
  const incomplete = await newCustomer(mine, { email: null });
  const passed = await newCustomer(mine, { level: "minimum" });
  await settle(server, mine);
  for (const none of [incomplete, passed]) {
    assert.deepEqual(await verificationsOf(mine, none), []);
  }
});

test("a database takes no second open verification of a customer, whoever writes it", async () => {
  const { id } = await inReview();
  await assert.rejects(
    asOwner(
      server.database.url,
      `insert into verifications (organization_id, id, customer_id, level, provider, status,
         customer_version, reasons, version, created_at)
       select organization_id, 'ver_second', customer_id, level, provider, 'queued',
         customer_version, reasons, 1, created_at from verifications where id = $1`,
      [id],
    ),
    { code: "23505" },
  );
});

test("two processes that open verifications at the same time open one for each customer", async () => {
  const ids = await Promise.all([1, 2, 3, 4].map(() => newCustomer(mine)));
  const [open] = verificationJobs;
  assert.ok(open);
  await Promise.all([1, 2, 3].map(() => runJob(server, open, mine.id, ids)));
  for (const id of ids) assert.equal((await verificationsOf(mine, id)).length, 1);
});

test("claimed and approved by a reviewer: customer and verification say so, with who and since when", async () => {
  const { customerId, id } = await inReview();
  const claimed = await act(id, "claim");
  assert.equal(codeOf(claimed), "200 claimed");
  assert.match(claimed.body.claimedBy, /^key_/);
  const approved = await act(id, "approve", { note: "Seen." });
  assert.equal(codeOf(approved), "200 approved");
  assert.deepEqual([approved.body.status, approved.body.decidedBy], ["decided", "reviewer"]);
  assert.equal((await customer(customerId)).status, "active");
  const { body } = await mine.call("GET", `/customers/${customerId}/status-history`);
  assert.deepEqual([body.data[0].move, body.data[0].note], ["approve", "Seen."]);
  assert.equal(body.data[0].actor.id, claimed.body.claimedBy);
});

test("rejected, or asked for information: the customer's reasons are the verification's", async () => {
  const rejected = await inReview();
  await act(rejected.id, "claim");
  const verdict = { reasons, canResubmit: false };
  assert.equal(codeOf(await act(rejected.id, "reject", verdict)), "200 rejected");
  const first = await customer(rejected.customerId);
  assert.deepEqual([first.status, first.canResubmit], ["rejected", false]);
  assert.deepEqual(first.statusReasons, reasons);
  assert.deepEqual((await read(rejected.id)).reasons, reasons);

  const asked = await inReview();
  await act(asked.id, "claim");
  const answer = await act(asked.id, "request-information", { reasons, fields: ["phone"] });
  assert.equal(codeOf(answer), "200 needs_information");
  const second = await customer(asked.customerId);
  assert.deepEqual([second.status, second.missing], ["needs_information", ["phone"]]);
  // What it gives then is another review.
  await mine.call("PATCH", `/customers/${asked.customerId}`, { phone: "+4930654321" });
  await settle(server, mine);
  const all = await verificationsOf(mine, asked.customerId);
  assert.deepEqual(
    all.map(({ status }: { status: string }) => status),
    ["queued", "decided"],
  );
});

test("what is not claimed cannot be decided: 409, and nothing moves", async () => {
  const { customerId, id } = await inReview();
  const bodies = { approve: {}, reject: { reasons }, "request-information": { reasons } };
  for (const [verb, body] of Object.entries(bodies)) {
    assert.equal(codeOf(await act(id, verb, body)), "409 verification_move_not_allowed", verb);
  }
  assert.equal(codeOf(await act(id, "release")), "409 verification_move_not_allowed");
  assert.equal((await customer(customerId)).status, "pending");
  assert.equal((await read(id)).version, 1);
});

test("what one reviewer has claimed no other decides, releases or claims: 409 with since when", async () => {
  const { id } = await inReview();
  const claimed = await act(id, "claim");
  for (const verb of ["claim", "release", "approve"]) {
    const answer = await act(id, verb, {}, other);
    assert.equal(codeOf(answer), "409 verification_claimed", verb);
    assert.ok(answer.body.detail.includes(claimed.body.claimedAt), answer.body.detail);
  }
  // Taken over, it is the other's alone.
  assert.equal(codeOf(await act(id, "claim", { takeOver: true }, other)), "200 claimed");
  assert.equal(codeOf(await act(id, "approve")), "409 verification_claimed");
  assert.equal(codeOf(await act(id, "approve", {}, other)), "200 approved");
});

test("released, a verification is in the queue again; claimed twice by one key it stays as it is", async () => {
  const { id } = await inReview();
  await act(id, "claim");
  assert.equal((await act(id, "claim")).body.version, 2);
  const released = await act(id, "release");
  assert.deepEqual([released.body.status, released.body.claimedBy], ["queued", null]);
  assert.equal(codeOf(await act(id, "claim", {}, other)), "200 claimed");
});

test("a customer that changed since the claim is not decided unseen: 409 until it is claimed again", async () => {
  const { customerId, id } = await inReview();
  await act(id, "claim");
  await mine.call("PATCH", `/customers/${customerId}`, { lastName: "Changed" });
  assert.equal(codeOf(await act(id, "approve")), "409 verification_outdated");
  assert.equal((await customer(customerId)).status, "pending");
  assert.equal((await act(id, "claim")).body.customerVersion, 3);
  assert.equal(codeOf(await act(id, "approve")), "200 approved");
});

test("while a customer is on hold its review waits: claimed, but not decided; then it goes on", async () => {
  const { customerId, id } = await inReview();
  await decideCustomer(customerId, "hold", { reason: "sanctions" });
  await settle(server, mine);
  assert.equal((await read(id)).status, "queued");
  await act(id, "claim");
  assert.equal(codeOf(await act(id, "approve")), "409 customer_move_not_allowed");
  const wish = { customerId, outcome: "approved" };
  const wished = await mine.call("POST", "/simulations/verifications", wish);
  assert.equal(codeOf(wished), "409 customer_move_not_allowed");
  assert.equal((await read(id)).status, "claimed");
  await decideCustomer(customerId, "release");
  await act(id, "claim");
  assert.equal(codeOf(await act(id, "approve")), "200 approved");
});

test("a verb of the customer decides its open verification in the same transaction, whoever has it", async () => {
  const verbs = {
    approve: [{}, "approved"],
    reject: [{ reasons }, "rejected"],
    "request-information": [{ reasons }, "needs_information"],
  } as const;
  for (const [verb, [body, outcome]] of Object.entries(verbs)) {
    const { customerId, id } = await inReview();
    await act(id, "claim", {}, other);
    assert.equal((await decideCustomer(customerId, verb, body)).status, 200, verb);
    const after = await read(id);
    assert.deepEqual([after.outcome, after.decidedBy], [outcome, "operator"], verb);
  }
});

test("a refused verb of the customer leaves its verification as it is", async () => {
  const { customerId, id } = await inReview();
  await decideCustomer(customerId, "hold", { reason: "investigation" });
  assert.equal((await decideCustomer(customerId, "approve")).status, 409);
  assert.equal((await read(id)).status, "queued");
});

test("a deleted customer's open verification is cancelled by itself, once", async () => {
  const { customerId, id } = await inReview();
  await act(id, "claim");
  assert.equal((await mine.call("DELETE", `/customers/${customerId}`)).status, 200);
  await settle(server, mine);
  const after = await read(id);
  assert.deepEqual([after.status, after.version], ["cancelled", 3]);
  for (const [verb, body] of [
    ["claim", {}],
    ["approve", {}],
    ["reject", { reasons }],
  ] as const) {
    assert.equal(codeOf(await act(id, verb, body)), "409 verification_move_not_allowed", verb);
  }
});

test("an active customer that changes what was reviewed has a new review, and the old one stays", async () => {
  const { customerId, id } = await inReview();
  await act(id, "claim");
  await act(id, "approve");
  await mine.call("PATCH", `/customers/${customerId}`, { lastName: "Married" });
  await settle(server, mine);
  const [second, first] = await verificationsOf(mine, customerId);
  assert.deepEqual([second.status, first.id, first.outcome], ["queued", id, "approved"]);
});

test("the queue is filtered by status, provider, customer, reviewer and organization", async () => {
  const { customerId, id } = await inReview();
  const claimed = await act(id, "claim", {}, other);
  const of = async (query: string) =>
    (await server.call("GET", `/verifications?limit=100&${query}`)).body.data.map(
      (each: { id: string }) => each.id,
    );
  assert.deepEqual(await of(`customerId=${customerId}`), [id]);
  assert.ok((await of(`claimedBy=${claimed.body.claimedBy}&status=claimed`)).includes(id));
  const mineToo = await inReview();
  await act(mineToo.id, "claim");
  assert.ok(!(await of(`claimedBy=${claimed.body.claimedBy}`)).includes(mineToo.id));
  assert.ok((await of(`organizationId=${mine.id}&provider=sandbox`)).includes(id));
  for (const query of ["status=queued", "provider=manual", "outcome=approved"]) {
    assert.ok(!(await of(query)).includes(id), query);
  }
  assert.deepEqual(await of("organizationId=org_unknown"), []);
});

test("G9: reviewing is for platform keys with customers:review alone", async () => {
  const { id } = await inReview();
  const bodies = { claim: {}, release: {}, approve: {}, reject: { reasons } };
  const reader = server.callAs(await server.newKey(null, ["customers:read"]));
  for (const [verb, body] of Object.entries(bodies)) {
    assert.equal((await act(id, verb, body, mine.call)).status, 403, verb);
    assert.equal((await act(id, verb, body, reader)).status, 403, verb);
    assert.equal((await act("ver_unknown", verb, body)).status, 404, verb);
  }
  assert.equal((await read(id)).version, 1);
});

test("each act of a reviewer is in the audit log with its key, and each move is one event", async () => {
  const { customerId, id } = await inReview();
  const { claimedBy } = (await act(id, "claim")).body;
  await act(id, "release");
  await act(id, "claim");
  await act(id, "approve", {});
  await server.sequence();
  const log = await server.call("GET", `/audit-log?objectId=${id}&limit=100`);
  const acts = log.body.data.map(
    ({ action, actor }: { action: string; actor: { id: string } }) => `${action} ${actor.id}`,
  );
  assert.deepEqual(
    acts,
    ["approveVerification", "claimVerification", "releaseVerification", "claimVerification"].map(
      (action) => `${action} ${claimedBy}`,
    ),
  );
  const events = await eventsOf(mine, id);
  assert.deepEqual(
    events.map(({ type, objectVersion }) => `${type} ${objectVersion}`),
    [
      "verification.opened 1",
      "verification.claimed 2",
      "verification.released 3",
      "verification.claimed 4",
      "verification.decided 5",
    ],
  );
  assert.ok(!JSON.stringify(events).includes("Ada"), "an event of a review names nobody");
  assert.equal((await customer(customerId)).status, "active");
});

test("the constraints of the table and the code name the same words", async () => {
  const tables = {
    verifications_status_check: verificationLifecycle.states,
    verifications_provider_check: providers,
    verifications_outcome_check: outcomes,
    verification_settings_provider_check: providers,
  };
  for (const [name, words] of Object.entries(tables)) {
    assert.deepEqual(await wordsOf(server.database.url, name), [...words].sort(), name);
  }
});

test("once nothing is kept of a customer, nothing tells of its verifications but that there were some", async () => {
  const { customerId, id } = await inReview();
  await act(id, "claim");
  await act(id, "reject", { reasons });
  const kept = async () => (await read(id)).reasons;
  const forget = verificationJobs.find(({ name }) => name === "verifications.forget");
  assert.ok(forget);
  assert.equal((await mine.call("DELETE", `/customers/${customerId}`)).status, 200);
  assert.equal(await runDue(server, forget), 0);
  assert.deepEqual(await kept(), reasons);
  await asOwner(
    server.database.url,
    "update customers set retained = null, erased_at = now() where id = $1",
    [customerId],
  );
  assert.equal(await runDue(server, forget), 1);
  assert.equal(await runDue(server, forget), 0);
  assert.deepEqual(await kept(), []);
  assert.deepEqual([(await read(id)).status, (await read(id)).outcome], ["decided", "rejected"]);
});
