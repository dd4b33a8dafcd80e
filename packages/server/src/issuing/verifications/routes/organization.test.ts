import assert from "node:assert/strict";
import test from "node:test";
import { startTestServer } from "../../../../test/harness/server.ts";
import { jpegOf } from "../../documents/fixture.ts";
import { codeOf, eventsOf, newCustomer, settle, verificationsOf } from "../fixture.ts";

const server = await startTestServer({ mode: "live" });
const sandbox = await server.newOrganization();
const live = await server.newOrganization({ mode: "live" });

type Owner = typeof sandbox;

const wish = (body: object, { call }: Owner = sandbox) =>
  call("POST", "/simulations/verifications", body);
const customer = async (id: string, { call }: Owner = sandbox) =>
  (await call("GET", `/customers/${id}`)).body;

const attested = {
  provider: "Example Checks",
  reference: "chk-1",
  livenessAttested: true,
  verifiedAt: "2026-01-31T00:00:00Z",
};
const attest = (id: string, body: object = {}, { call }: Owner = sandbox) =>
  call("POST", `/customers/${id}/verifications`, { ...attested, ...body });
const setting = (owner: Owner, body: object) =>
  server.call("PATCH", `/organizations/${owner.id}/verification-settings`, body);

async function upload(owner: Owner, customerId: string, status?: "erased"): Promise<string> {
  const response = await fetch(`${server.url}/v1/customers/${customerId}/documents?kind=passport`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${owner.apiKey}`,
      "content-type": "application/octet-stream",
    },
    body: jpegOf(900, 640) as never,
  });
  const { id } = (await response.json()) as { id: string };
  if (status === "erased") await owner.call("DELETE", `/customers/${customerId}/documents/${id}`);
  return id;
}

test("a wish decides a sandbox customer's review, before anything has opened it too", async () => {
  const wishes = {
    approved: [{}, "active"],
    rejected: [{ reasons: ["Blurred."], canResubmit: false }, "rejected"],
    needs_information: [{ reasons: ["Say more."], fields: ["phone"] }, "needs_information"],
  } as const;
  for (const [outcome, [body, status]] of Object.entries(wishes)) {
    for (const isOpen of [false, true]) {
      const id = await newCustomer(sandbox);
      if (isOpen) await settle(server, sandbox);
      const answer = await wish({ customerId: id, outcome, ...body });
      assert.equal(codeOf(answer), `201 ${outcome}`);
      assert.equal(answer.body.decidedBy, "simulation");
      const after = await customer(id);
      assert.equal(after.status, status);
      assert.deepEqual(after.statusReasons, "reasons" in body ? body.reasons : []);
      assert.equal((await verificationsOf(sandbox, id)).length, 1);
    }
  }
});

test("a wish without reasons says that it was simulated", async () => {
  const id = await newCustomer(sandbox);
  await wish({ customerId: id, outcome: "rejected" });
  assert.deepEqual((await customer(id)).statusReasons, ["Simulated."]);
});

test("a wish is for customers in review alone, and never for a live organization", async () => {
  const incomplete = await newCustomer(sandbox, { email: null });
  const answer = await wish({ customerId: incomplete, outcome: "approved" });
  assert.equal(codeOf(answer), "409 customer_not_in_review");
  const unknown = await wish({ customerId: "cus_unknown", outcome: "approved" });
  assert.equal(codeOf(unknown), "422 customer_not_found");
  const id = await newCustomer(live);
  assert.equal((await wish({ customerId: id, outcome: "approved" }, live)).status, 403);
  assert.equal((await customer(id, live)).status, "pending");
});

test("the same wish under one Idempotency-Key is decided once", async () => {
  const id = await newCustomer(sandbox);
  const body = { customerId: id, outcome: "approved" };
  const send = () =>
    sandbox.call("POST", "/simulations/verifications", body, { idempotencyKey: "wish-1" });
  const [first, second] = [await send(), await send()];
  assert.equal(second.headers.get("idempotency-replayed"), "true");
  assert.deepEqual(second.body, first.body);
  assert.equal(codeOf(await wish(body)), "409 customer_not_in_review");
});

test("what an organization attests is recorded with its documents, and still reviewed", async () => {
  const id = await newCustomer(sandbox);
  const documentIds = [await upload(sandbox, id), await upload(sandbox, id)];
  const answer = await attest(id, { documentIds });
  assert.equal(codeOf(answer), "201 queued");
  assert.deepEqual(answer.body.delegated, { ...attested, documentIds });
  assert.equal((await customer(id)).status, "pending");
  await settle(server, sandbox);
  const [only, ...more] = await verificationsOf(sandbox, id);
  assert.deepEqual(
    [only.id, only.delegated, more.length],
    [answer.body.id, answer.body.delegated, 0],
  );
  await server.sequence();
  const events = await eventsOf(sandbox, only.id);
  assert.deepEqual(
    events.map(({ type }) => type),
    ["verification.opened", "verification.delegated"],
  );
  await server.call("POST", `/verifications/${only.id}/claim`, {});
  const approved = await server.call("POST", `/verifications/${only.id}/approve`, {});
  assert.equal(approved.body.delegated.reference, "chk-1");
  assert.equal((await customer(id)).status, "active");
});

test("a live organization may attest nothing until the platform says so; then it is reviewed", async () => {
  const id = await newCustomer(live);
  assert.equal(codeOf(await attest(id, {}, live)), "409 delegated_verification_refused");
  assert.deepEqual(await verificationsOf(live, id), []);
  assert.equal((await setting(live, { delegated: "reviewed" })).body.delegated, "reviewed");
  assert.equal(codeOf(await attest(id, {}, live)), "201 queued");
  assert.equal((await customer(id, live)).status, "pending");
});

test("where the platform accepts what is attested, the customer is active at once, by a rule", async () => {
  const owner = await server.newOrganization({ mode: "live" });
  await setting(owner, { delegated: "accepted" });
  const id = await newCustomer(owner);
  const answer = await attest(id, {}, owner);
  assert.equal(codeOf(answer), "201 approved");
  assert.equal(answer.body.decidedBy, "rule");
  assert.equal((await customer(id, owner)).status, "active");

  const held = await newCustomer(owner);
  await server.call("POST", `/customers/${held}/hold`, { reason: "sanctions" });
  assert.equal(codeOf(await attest(held, {}, owner)), "409 customer_move_not_allowed");

  const claimed = await newCustomer(owner);
  await settle(server, owner);
  const [{ id: verification }] = await verificationsOf(owner, claimed);
  await server.call("POST", `/verifications/${verification}/claim`, {});
  assert.equal(codeOf(await attest(claimed, {}, owner)), "201 claimed", "a reviewer has it");
  assert.equal((await customer(claimed, owner)).status, "pending");
});

test("what is attested without liveness, of the future, twice or for nobody in review is refused", async () => {
  const id = await newCustomer(sandbox);
  for (const wrong of [
    { livenessAttested: false },
    { verifiedAt: "yesterday" },
    { provider: "" },
  ]) {
    assert.equal(codeOf(await attest(id, wrong)), "400 invalid_request", JSON.stringify(wrong));
  }
  const future = await attest(id, { verifiedAt: "2999-01-01T00:00:00Z" });
  assert.equal(codeOf(future), "422 delegated_verification_invalid");
  assert.equal(future.body.errors[0].field, "verifiedAt");
  assert.deepEqual(await verificationsOf(sandbox, id), [], "a refusal opens nothing");
  await attest(id);
  assert.equal(codeOf(await attest(id)), "409 verification_already_delegated");
  const incomplete = await newCustomer(sandbox, { email: null });
  assert.equal(codeOf(await attest(incomplete)), "409 customer_not_in_review");
  await sandbox.call("DELETE", `/customers/${id}`);
  assert.equal(codeOf(await attest(id)), "409 customer_deleted");
  assert.equal(codeOf(await attest("cus_unknown")), "404 not_found");
});

test("documents that are attested are the customer's own, and stand", async () => {
  const [id, another] = [await newCustomer(sandbox), await newCustomer(sandbox)];
  const erased = await upload(sandbox, id, "erased");
  for (const document of [await upload(sandbox, another), erased, "doc_unknown"]) {
    const answer = await attest(id, { documentIds: [document] });
    assert.equal(codeOf(answer), "422 document_not_found");
  }
  assert.deepEqual(await verificationsOf(sandbox, id), []);
});

test("settings begin with the mode's default, count their versions, and refuse what does not fit", async () => {
  const owner = await server.newOrganization({ mode: "live" });
  const read = () => server.call("GET", `/organizations/${owner.id}/verification-settings`);
  const id = owner.id.replace("org_", "vset_");
  const first = {
    id,
    organizationId: owner.id,
    provider: "manual",
    delegated: "refused",
    version: 0,
  };
  assert.deepEqual((await read()).body, first);
  assert.equal(codeOf(await setting(owner, { provider: "sandbox" })), "422 provider_not_available");
  assert.equal(
    codeOf(await setting(sandbox, { provider: "persona" })),
    "422 provider_not_available",
  );
  assert.equal(
    (await setting(owner, { provider: "manual" })).body.version,
    0,
    "the same as before",
  );
  const second = { ...first, provider: "sumsub", version: 1 };
  assert.deepEqual((await setting(owner, { provider: "sumsub" })).body, second);
  assert.deepEqual((await setting(owner, { delegated: "reviewed" })).body.version, 2);
  assert.equal((await setting(owner, { provider: "manual" })).body.delegated, "reviewed");
  await server.sequence();
  const events = await eventsOf(owner, id);
  assert.deepEqual(
    events.map(({ objectVersion }) => objectVersion),
    [1, 2, 3],
  );
  assert.equal(
    (await server.call("GET", "/organizations/org_x/verification-settings")).status,
    404,
  );
  assert.equal(
    (await owner.call("GET", `/organizations/${owner.id}/verification-settings`)).status,
    403,
  );
});

test("what is open stays with whom it was opened for when the settings change", async () => {
  const owner = await server.newOrganization();
  const before = await newCustomer(owner);
  await settle(server, owner);
  await setting(owner, { provider: "manual" });
  const after = await newCustomer(owner);
  await settle(server, owner);
  assert.equal((await verificationsOf(owner, before))[0].provider, "sandbox");
  assert.equal((await verificationsOf(owner, after))[0].provider, "manual");
});
