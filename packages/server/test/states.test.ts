import assert from "node:assert/strict";
import test from "node:test";
import { isReading, type Route } from "../src/foundation/route/route.ts";
import { routes } from "../src/interfaces/api/routes.ts";
import type { CustomerStatus } from "../src/issuing/customers/model.ts";
import { made } from "./harness/furnish.ts";
import type { Call, CallAnswer } from "./harness/server.ts";
import { bring, type Place, type Subject, startPlaces, subjectOf, verbs } from "./harness/verbs.ts";

/** Each verb of verifying, in each state of its organization and of its customer, by each kind of key. */
const { server, place } = await startPlaces();

const about =
  /^\/(customers|verifications|access-requests|screening|compliance-rules|simulations\/verifications|verification-levels)|verification-settings$/;
const concerned = routes.filter(({ path }) => about.test(path));

test("every route of customers, verification, screening and compliance is in the table of verbs", () => {
  assert.deepEqual(Object.keys(verbs).sort(), concerned.map(({ id }) => id).sort());
});

function send(call: Call, { method, path }: Route, { ids, body, query = "" }: Subject) {
  const left = [...ids];
  return call(method, `${path.replace(/\{\w+\}/g, () => left.shift() ?? "")}${query}`, body);
}

const codeOf = ({ status, body }: CallAnswer) =>
  status < 300 ? `${status}` : `${status} ${body.code}`;

/** The keys that a route is for, and those that it is not for. */
function keysOf({ audience }: Route, { own }: Place) {
  const keys = { organization: own.call, platform: server.call };
  const isFor = (name: string) => audience === "any" || audience === name;
  const entries = Object.entries(keys);
  return {
    right: entries.filter(([name]) => isFor(name)).map(([, call]) => call),
    wrong: entries.filter(([name]) => !isFor(name)).map(([, call]) => call),
  };
}

const routeOf = (id: string) => concerned.find((route) => route.id === id) as Route;
const writes = (id: string) => !isReading(routeOf(id));

const moves = {
  active: async () => undefined,
  suspended: async ({ own }: Place) =>
    made(await server.call("POST", `/organizations/${own.id}/suspend`, {})),
  closed: async ({ own }: Place) =>
    made(await server.call("POST", `/organizations/${own.id}/close`, {})),
} as const;

for (const [status, move] of Object.entries(moves)) {
  test(`in an organization that is ${status} each verb answers each key as the table has it`, async () => {
    const at = await place();
    const subjects = new Map<string, Subject>();
    for (const { id } of concerned) subjects.set(id, await subjectOf(at, id));
    const ofCustomers = [...subjects].filter(([id, { customerId }]) => customerId && writes(id));
    assert.deepEqual(ofCustomers.map(([id]) => id).sort(), Object.keys(byStatus).sort());
    await move(at);
    for (const route of concerned) {
      const { right, wrong } = keysOf(route, at);
      const subject = subjects.get(route.id) as Subject;
      for (const call of wrong) {
        assert.equal(
          codeOf(await send(call, route, subject)),
          "403 key_of_wrong_audience",
          route.id,
        );
      }
      const { closed } = verbs[route.id] ?? {};
      const ever = closed === "409 link_not_supported" ? closed : `${route.status}`;
      const expected = status === "closed" && closed !== "as ever" ? closed : ever;
      for (const call of isReading(route) ? right : right.slice(0, 1)) {
        const answer = await send(call, route, subject);
        assert.equal(codeOf(answer), expected, `${route.id}: ${JSON.stringify(answer.body)}`);
      }
    }
  });
}

/** Answers to verbs about customers, in words short enough for a table. */
const words: Readonly<Record<string, string>> = {
  deleted: "409 customer_deleted",
  move: "409 customer_move_not_allowed",
  kept: "409 document_move_not_allowed",
  unneeded: "409 verification_not_needed",
  decided: "409 verification_move_not_allowed",
  outdated: "409 verification_outdated",
  unreviewed: "409 customer_not_in_review",
  unlinked: "409 link_not_supported",
  ended: "409 access_move_not_allowed",
};

const statuses: readonly CustomerStatus[] = [
  "needs_information",
  "pending",
  "active",
  "update_requested",
  "rejected",
  "on_hold",
  "deleted",
];

const always = "ok ok ok ok ok ok deleted";
const onDocuments = "ok ok kept kept ok ok deleted";
const onAccess = "ok ok ok ok ok ok ended";
const onReviews = "decided ok decided decided decided";
const onHits = "- - - - - ok ok";

/** By verb: its answer in each of these statuses of its customer; `-` where it does not come to that. */
const byStatus: Readonly<Record<string, string>> = {
  changeCustomer: always,
  deleteCustomer: always,
  readRetainedIdentity: "ok ok ok ok ok ok ok",
  setLegalHold: "ok ok ok ok ok ok ok",
  liftLegalHold: "ok ok ok ok ok ok ok",
  approveCustomer: "move ok move ok move move deleted",
  rejectCustomer: "ok ok move ok move move deleted",
  requestCustomerInformation: "move ok ok ok move move deleted",
  holdCustomer: "ok ok ok ok ok move deleted",
  releaseCustomer: "- move move move - ok deleted",
  uploadDocument: always,
  // What is accepted with an approval is why its customer was verified.
  describeDocument: onDocuments,
  eraseDocument: onDocuments,
  acceptDocument: onDocuments,
  rejectDocument: onDocuments,
  addPerson: always,
  changePerson: always,
  removePerson: always,
  createVerificationSession: "ok unneeded unneeded unneeded ok ok deleted",
  revokeVerificationSession: always,
  claimVerification: `${onReviews} ok deleted`,
  releaseVerification: `${onReviews} ok ok`,
  approveVerification: `${onReviews} outdated outdated`,
  rejectVerification: `${onReviews} outdated outdated`,
  requestVerificationInformation: `${onReviews} outdated outdated`,
  delegateVerification: "unreviewed ok unreviewed ok unreviewed ok deleted",
  createProviderLink: statuses.map(() => "unlinked").join(" "),
  simulateVerification: "unreviewed ok unreviewed ok unreviewed move unreviewed",
  // Issuing asks how the customer stands; access is another question.
  requestAccess: always,
  grantAccess: always,
  rejectAccess: onAccess,
  revokeAccess: onAccess,
  confirmScreeningHit: onHits,
  clearScreeningHit: onHits,
  reopenScreeningHit: onHits,
};

for (const [at, status] of statuses.entries()) {
  test(`each verb on a customer that is ${status} answers as the table has it`, async () => {
    const here = await place();
    for (const [id, row] of Object.entries(byStatus)) {
      const word = row.split(" ")[at] ?? "";
      if (word === "-") continue;
      const route = routeOf(id);
      const subject = await subjectOf(here, id);
      const customerId = subject.customerId ?? "";
      await bring(here, customerId, status);
      const read = () => here.own.call("GET", `/customers/${customerId}`);
      const before = await read();
      const [call] = keysOf(route, here).right;
      const answer = await send(call as Call, route, subject);
      const expected = word === "ok" ? `${route.status}` : words[word];
      assert.equal(codeOf(answer), expected, `${id}: ${JSON.stringify(answer.body)}`);
      if (word !== "ok") assert.deepEqual((await read()).body, before.body, `${id} moved it`);
    }
  });
}

test("a live organization verifies as every other, and nothing of it is wished for or moved in time", async () => {
  const live = await server.newOrganization({ mode: "live" });
  const at = { server, own: live, typeId: "" };
  const simulations = routes.filter(({ path }) => path.startsWith("/simulations/"));
  assert.ok(simulations.length >= 2);
  for (const route of simulations) {
    assert.equal(route.sandboxOnly, true, route.id);
    const answer = await send(live.call, route, { ids: [], body: {} });
    assert.equal(codeOf(answer), "403 sandbox_only", route.id);
  }
  const { customerId = "" } = await subjectOf(at, "claimVerification");
  const path = `/organizations/${live.id}/verification-settings`;
  assert.equal(made(await server.call("GET", path)).provider, "manual");
  const wished = await server.call("PATCH", path, { provider: "sandbox" });
  assert.equal(codeOf(wished), "422 provider_not_available");
  const [review] = made(await live.call("GET", `/verifications?customerId=${customerId}`)).data;
  assert.equal(review.provider, "manual");
  await bring(at, customerId, "active");
});

test("while an organization is suspended its people are verified to the end, and get no card before it is active again", async () => {
  const at = await place();
  const subject = await subjectOf(at, "approveVerification");
  const customerId = subject.customerId ?? "";
  const access = made(
    await at.own.call("POST", `/customers/${customerId}/access-requests`, { typeId: at.typeId }),
  );
  await moves.suspended(at);
  made(await send(server.call, routeOf("approveVerification"), subject));
  made(await server.call("POST", `/access-requests/${access.id}/grant`, {}));
  const path = `/customers/${customerId}/eligibility?typeId=${at.typeId}`;
  const unmet = async () =>
    made(await at.own.call("GET", path)).unmet.map(({ code }: { code: string }) => code);
  assert.deepEqual(await unmet(), ["organization_suspended"]);
  const card = { typeId: at.typeId, customerId, initialBalance: 0 };
  assert.deepEqual(
    (await at.own.call("POST", "/cards", card)).body.errors.map(
      ({ code }: { code: string }) => code,
    ),
    ["organization_suspended"],
  );
  made(await server.call("POST", `/organizations/${at.own.id}/activate`, {}));
  made(await at.own.call("POST", "/cards", card));
});

test("a closed organization is told that it is closed, not that it might be activated", async () => {
  const at = await place();
  const subject = await subjectOf(at, "getCustomerEligibility");
  await moves.closed(at);
  const [first] = made(await send(at.own.call, routeOf("getCustomerEligibility"), subject)).unmet;
  assert.equal(first.code, "organization_closed");
});
