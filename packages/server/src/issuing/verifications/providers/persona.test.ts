import assert from "node:assert/strict";
import test from "node:test";
import { deliveriesOf, letTimePass } from "../../../../test/harness/deliver.ts";
import { startTestServer } from "../../../../test/harness/server.ts";
import { deliverVerifications, LEASE_S } from "../actions/deliver.ts";
import { newCustomer, settle, verificationsOf } from "../fixture.ts";
import { personaDouble, personaHook, personaSettings } from "./fixture.ts";
import { persona, TOLERANCE_S } from "./persona.ts";

const double = await personaDouble();
const adapter = persona({ ...personaSettings, url: double.url });
const server = await startTestServer({ mode: "live", providers: new Map([["persona", adapter]]) });
const mine = await server.newOrganization({ mode: "live" });
await server.call("PATCH", `/organizations/${mine.id}/verification-settings`, {
  provider: "persona",
});

const deliver = () => deliverVerifications(deliveriesOf(server));
const read = async (id: string) => (await mine.call("GET", `/verifications/${id}`)).body;
const customer = async (id: string) => (await mine.call("GET", `/customers/${id}`)).body;
const post = async ({ body, headers }: ReturnType<typeof personaHook>) =>
  (await fetch(`${server.url}/hooks/verification/persona`, { method: "POST", body, headers }))
    .status;
const inquiriesOf = (id: string) =>
  double.inquiries.filter(({ attributes }) => attributes["reference-id"] === id);

async function opened() {
  const customerId = await newCustomer(mine);
  await settle(server, mine);
  const [{ id }] = await verificationsOf(mine, customerId);
  return { customerId, id: id as string };
}

test("a customer in review has one inquiry, with our id and what is known filled in", async () => {
  const { id } = await opened();
  await deliver();
  const [inquiry, ...more] = inquiriesOf(id);
  assert.equal(more.length, 0);
  assert.deepEqual(inquiry?.attributes, {
    "inquiry-template-id": "itmpl_example",
    "reference-id": id,
    fields: {
      "name-first": "Ada",
      "name-last": "Example",
      birthdate: "1990-05-17",
      "identification-number": "X1234567",
      "email-address": "ada@example.com",
      "phone-number": "+4930123456",
      "address-street-1": "Example Street 1",
      "address-city": "Berlin",
      "address-postal-code": "10115",
      "address-country-code": "DE",
    },
  });
  const after = await read(id);
  assert.deepEqual([after.status, after.providerReference], ["submitted", inquiry?.id]);
});

test("each status of an inquiry moves the customer as it means, or leaves it pending", async () => {
  const statuses = {
    created: "pending",
    pending: "pending",
    completed: "pending",
    needs_review: "pending",
    approved: "active",
    declined: "rejected",
    failed: "needs_information",
    expired: "needs_information",
  };
  for (const [status, expected] of Object.entries(statuses)) {
    const { id, customerId } = await opened();
    await deliver();
    const [inquiry] = inquiriesOf(id);
    assert.ok(inquiry);
    inquiry.status = status;
    assert.equal(await post(personaHook(id)), 200);
    await deliver();
    const after = await customer(customerId);
    assert.equal(after.status, expected, status);
    const reasons = { declined: "declined_by_provider", failed: "inquiry_failed" } as const;
    const reason = reasons[status as keyof typeof reasons];
    if (reason !== undefined) assert.deepEqual(after.statusReasons, [reason]);
    if (status === "declined") assert.equal(after.canResubmit, true);
  }
});

test("a status that is not known leaves the customer pending, and the operator reads so", async () => {
  const { id, customerId } = await opened();
  await deliver();
  const [inquiry] = inquiriesOf(id);
  assert.ok(inquiry);
  inquiry.status = "teleported";
  await post(personaHook(id));
  await deliver();
  assert.match((await read(id)).traffic.lastError, /not understood/);
  assert.equal((await customer(customerId)).status, "pending");
});

for (const isForgotten of [false, true]) {
  const when = isForgotten ? ", a day later too" : "";
  test(`an attempt whose answer was lost finds its inquiry again${when}: there is one`, async () => {
    const { id } = await opened();
    let isMade = () => undefined as unknown;
    const made = new Promise<void>((resolve) => {
      isMade = () => resolve();
    });
    double.afterwards = ({ method }) => {
      if (method !== "POST") return;
      isMade();
      // Made, and never heard of.
      return new Promise<void>(() => undefined);
    };
    void deliver().catch(() => undefined);
    await made;
    double.afterwards = () => undefined;
    if (isForgotten) double.forget();
    assert.equal((await read(id)).status, "queued");
    await letTimePass(server, LEASE_S, id);
    await deliver();
    assert.equal((await read(id)).status, "submitted");
    assert.equal(inquiriesOf(id).length, 1);
  });
}

test("a failure that the provider keeps under its key does not come back with each attempt", async () => {
  const { id } = await opened();
  double.fail(`${id}-0`);
  await deliver();
  assert.match((await read(id)).traffic.lastError, /answered 500/);
  await letTimePass(server, 60, id);
  await deliver();
  assert.equal((await read(id)).status, "submitted");
  assert.equal(inquiriesOf(id).length, 1);
});

test("G1: a webhook is genuine by any secret while one replaces another, and within five minutes", async () => {
  const { id } = await opened();
  await deliver();
  const genuine = [
    personaHook(id),
    personaHook(id, { secrets: ["wbhsec_old"] }),
    personaHook(id, { secrets: ["unknown", "wbhsec_old"] }),
    personaHook(id, { agoS: TOLERANCE_S - 5 }),
    personaHook(id, { agoS: 5 - TOLERANCE_S }),
  ];
  for (const [index, one] of genuine.entries()) assert.equal(await post(one), 200, String(index));
  const heardAt = (await read(id)).traffic.heardAt;
  assert.notEqual(heardAt, null);
  const good = personaHook(id);
  const signature = good.headers["persona-signature"];
  const withSignature = (text: string) => ({
    ...good,
    headers: { ...good.headers, "persona-signature": text },
  });
  const forged = [
    personaHook(id, { secrets: ["unknown"] }),
    personaHook(id, { secrets: [] }),
    personaHook(id, { agoS: TOLERANCE_S + 5 }),
    personaHook(id, { agoS: -TOLERANCE_S - 5 }),
    { ...good, body: good.body.replace("approved", "declined") },
    withSignature(signature.replace(/t=\d+/, "t=1")),
    withSignature(signature.replace(/v1=../, "v1=zz")),
    withSignature(signature.slice(0, -2)),
    withSignature(`${signature}00`),
    withSignature("t=,v1="),
  ];
  for (const [index, one] of forged.entries()) assert.equal(await post(one), 401, String(index));
  assert.equal((await read(id)).traffic.heardAt, heardAt, "what is forged is not heard");
});

test("a genuine webhook about something else than an inquiry, or about nobody, is taken", async () => {
  assert.equal(await post(personaHook("ver_unknown")), 200);
  const { id } = await opened();
  await deliver();
  assert.equal(await post(personaHook(id, { type: "account" })), 200);
  assert.equal((await read(id)).traffic.heardAt, null);
});
