import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../../test/harness/database.ts";
import { deliveriesOf, letTimePass } from "../../../../test/harness/deliver.ts";
import { giveDocuments, givePeople } from "../../../../test/harness/evidence.ts";
import { startTestServer } from "../../../../test/harness/server.ts";
import { systemClock, systemEntropy } from "../../../foundation/clock/clock.ts";
import { business } from "../../customers/fixture.ts";
import { codeOf, newCustomer, settle, verificationsOf } from "../fixture.ts";
import { sumsubDouble, sumsubSettings } from "../providers/fixture.ts";
import { sumsub } from "../providers/sumsub.ts";
import { deliverVerifications, LEASE_S } from "./deliver.ts";

const double = await sumsubDouble();
const machine = { clock: systemClock, random: systemEntropy };
const server = await startTestServer({
  mode: "live",
  providers: new Map([["sumsub", sumsub({ ...sumsubSettings, url: double.url }, machine)]]),
});
const mine = await server.newOrganization({ mode: "live" });
const setting = (body: object, { id } = mine) =>
  server.call("PATCH", `/organizations/${id}/verification-settings`, body);
await setting({ provider: "sumsub", delegated: "reviewed" });

const deliver = (over = {}) => deliverVerifications(deliveriesOf(server, over));
const read = async (id: string) => (await mine.call("GET", `/verifications/${id}`)).body;
const customer = async (id: string) => (await mine.call("GET", `/customers/${id}`)).body;

const ada = { firstName: "ADA", lastName: "EXAMPLE", dob: "1990-05-17" };
const approved = { reviewStatus: "completed", reviewResult: { reviewAnswer: "GREEN" } };

let count = 0;
/** A token that Sumsub made for another client. */
function tokenOf(info: object = ada, review: { reviewStatus: string } = { ...approved }): string {
  count += 1;
  const token = `_act-jwt-secret+${count}/of=somebody.`;
  double.shared.set(token, { info, review });
  return token;
}

const attest = (id: string, shareToken: string, { call } = mine, idempotencyKey?: string) =>
  call(
    "POST",
    `/customers/${id}/verifications`,
    {
      provider: "Sumsub",
      reference: "applicant-1",
      livenessAttested: true,
      verifiedAt: "2026-01-31T00:00:00Z",
      shareToken,
    },
    idempotencyKey === undefined ? {} : { idempotencyKey },
  );

const tokenAt = async (id: string) => {
  const [row] = await asOwner(
    server.database.url,
    "select share_token as sealed from verifications where id = $1",
    [id],
  );
  return (row as { sealed: Buffer | null }).sealed;
};

test("a person whom the organization verified at Sumsub is imported there, and decided by what is known", async () => {
  const id = await newCustomer(mine);
  const token = tokenOf();
  const { body: given, status } = await attest(id, token);
  assert.deepEqual([status, given.status, given.provider], [201, "queued", "sumsub"]);
  const before = double.requests.length;
  await deliver();
  const shown = await read(given.id);
  assert.equal(shown.status, "submitted");
  assert.equal(shown.providerReference, double.applicants.get(given.id)?.id);
  assert.equal(double.applicants.get(given.id)?.level, "basic kyc");
  assert.deepEqual(double.applicants.get(given.id)?.images, [], "it has what it needs");
  assert.ok(!double.requests.slice(before).some(({ path }) => path.includes("applicants?")));
  await letTimePass(server, 900, given.id);
  await deliver();
  assert.equal((await customer(id)).status, "active");
});

test("what the import leaves open is given: documents, and the start of the review", async () => {
  const id = await newCustomer(mine);
  const { body: given } = await attest(id, tokenOf(ada, { reviewStatus: "init" }));
  await deliver();
  const applicant = double.applicants.get(given.id);
  assert.deepEqual([applicant?.images.length, applicant?.review.reviewStatus], [1, "pending"]);
});

test("a token comes in time also where Sumsub has the customer already: another review is opened for it", async () => {
  const id = await newCustomer(mine);
  await settle(server, mine);
  await deliver();
  const [first] = await verificationsOf(mine, id);
  assert.equal(first.status, "submitted");
  const { body: given } = await attest(id, tokenOf());
  await deliver();
  assert.notEqual(given.id, first.id);
  assert.deepEqual(
    (await verificationsOf(mine, id)).map(({ status }: { status: string }) => status),
    ["submitted", "cancelled"],
  );
  assert.equal((await verificationsOf(mine, id))[0].id, given.id);
});

test("a share token lies sealed, is erased once it is used, and is shown nowhere", async () => {
  const id = await newCustomer(mine);
  const token = tokenOf();
  const first = await attest(id, token, mine, "token-1");
  const sealed = await tokenAt(first.body.id);
  assert.ok(sealed !== null && !sealed.toString("latin1").includes("secret"));
  const again = await attest(id, token, mine, "token-1");
  assert.equal(again.headers.get("idempotency-replayed"), "true");
  assert.deepEqual(again.body, first.body);
  await deliver();
  assert.equal(await tokenAt(first.body.id), null);
  await server.sequence();
  const tables = ["verifications", "events", "event_queue", "audit_log", "idempotency_keys"];
  for (const table of tables) {
    const rows = await asOwner(server.database.url, `select t::text as row from ${table} t`);
    const hex = Buffer.from("_act-jwt-secret").toString("hex");
    for (const { row } of rows as { row: string }[]) {
      assert.ok(!row.includes("_act-jwt-secret") && !row.includes(hex), table);
    }
  }
  assert.ok(!JSON.stringify(first.body).includes("_act-jwt"));
});

test("a claim erases the token: the reviewer decides, and nothing is imported behind their back", async () => {
  const id = await newCustomer(mine);
  const { body: given } = await attest(id, tokenOf());
  await server.call("POST", `/verifications/${given.id}/claim`, {});
  assert.equal(await tokenAt(given.id), null);
  await server.call("POST", `/verifications/${given.id}/release`, {});
  await deliver();
  assert.equal(double.applicants.get(given.id)?.body.info, undefined, "it is given as any other");
});

test("a token that is over or used ends its review, which says so; the customer is given as any other", async () => {
  const id = await newCustomer(mine);
  const { body: given } = await attest(id, "_act-jwt-secret-that-is-over");
  await deliver();
  const refused = await read(given.id);
  assert.equal(refused.status, "cancelled");
  assert.match(refused.traffic.lastError, /refused the share token/);
  assert.ok(!JSON.stringify(refused).includes("_act-jwt"));
  assert.equal(await tokenAt(given.id), null);
  await deliver();
  const [next] = await verificationsOf(mine, id);
  assert.deepEqual([next.status, next.delegated], ["submitted", null]);
  assert.equal(double.applicants.get(next.id)?.body.fixedInfo.lastName, "Example");
  assert.equal((await attest(id, tokenOf())).status, 201, "with another token it may try again");
});

test("a token of somebody else approves nobody", async () => {
  const others = [
    { ...ada, firstName: "GRACE" },
    { ...ada, lastName: "ANOTHER" },
    { ...ada, dob: "1990-05-18" },
    { firstName: "ADA", lastName: "EXAMPLE" },
    {},
  ];
  for (const info of others) {
    const id = await newCustomer(mine);
    const { body: given } = await attest(id, tokenOf(info));
    await deliver();
    const refused = await read(given.id);
    assert.equal(refused.status, "cancelled", JSON.stringify(info));
    assert.match(refused.traffic.lastError, /of somebody whose name or birth date is another/);
    await letTimePass(server, 900);
    await deliver();
    assert.equal((await customer(id)).status, "pending", JSON.stringify(info));
  }
});

test("killed after the import and before it is written, the person is found, not imported again", async () => {
  const id = await newCustomer(mine);
  const { body: given } = await attest(id, tokenOf());
  let died = () => undefined as unknown;
  const death = new Promise((resolve) => {
    died = () => resolve(undefined);
  });
  double.afterwards = ({ path }) => {
    if (!path.includes("reusableIdentity")) return;
    died();
    return new Promise<void>(() => undefined);
  };
  const before = double.applicants.size;
  void deliver().catch(() => undefined);
  await death;
  double.afterwards = () => undefined;
  await letTimePass(server, LEASE_S, given.id);
  await deliver();
  assert.equal((await read(given.id)).status, "submitted");
  assert.equal(double.applicants.size, before + 1);
});

test("a failure of Sumsub while it imports loses nothing: it is tried again with the same token", async () => {
  const id = await newCustomer(mine);
  const { body: given } = await attest(id, tokenOf());
  double.faults.push("500");
  await deliver();
  assert.deepEqual(
    [(await read(given.id)).status, (await read(given.id)).traffic.attempts],
    ["queued", 1],
  );
  await letTimePass(server, 60, given.id);
  await deliver();
  assert.deepEqual(double.applicants.get(given.id)?.body.info, ada);
});

test("the provider decides about who is given by a token, also where attesting is accepted at once", async () => {
  await setting({ delegated: "accepted" });
  const id = await newCustomer(mine);
  assert.equal(codeOf(await attest(id, tokenOf())), "201 queued");
  assert.equal((await customer(id)).status, "pending");
  await setting({ delegated: "reviewed" });
});

test("a share token is for individuals whose reviews are Sumsub's, once, and not against a reviewer", async () => {
  const other = await server.newOrganization({ mode: "live" });
  await setting({ delegated: "accepted" }, other);
  const theirs = await newCustomer(other);
  assert.equal(codeOf(await attest(theirs, tokenOf(), other)), "409 share_token_not_supported");
  assert.deepEqual(await verificationsOf(other, theirs), [], "a refusal opens nothing");
  const sandbox = await server.newOrganization();
  const wished = await newCustomer(sandbox);
  assert.equal(codeOf(await attest(wished, tokenOf(), sandbox)), "409 share_token_not_supported");

  const made = await mine.call("POST", "/customers", {
    ...business,
    type: "business",
    level: "basic",
  });
  const company = made.body.id;
  await giveDocuments(mine.call, company, ["company_register"]);
  await givePeople(mine.call, company);
  assert.equal((await customer(company)).status, "pending");
  assert.equal(codeOf(await attest(company, tokenOf())), "409 share_token_not_supported");

  const id = await newCustomer(mine);
  await attest(id, tokenOf());
  assert.equal(codeOf(await attest(id, tokenOf())), "409 verification_already_delegated");
  const claimed = await newCustomer(mine);
  await settle(server, mine);
  const [{ id: verification }] = await verificationsOf(mine, claimed);
  await server.call("POST", `/verifications/${verification}/claim`, {});
  assert.equal(codeOf(await attest(claimed, tokenOf())), "409 verification_claimed");
  for (const wrong of ["", "x".repeat(1_025)]) {
    assert.equal(codeOf(await attest(id, wrong)), "400 invalid_request");
  }
});
