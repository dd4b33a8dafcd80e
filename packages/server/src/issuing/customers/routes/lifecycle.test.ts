import assert from "node:assert/strict";
import test from "node:test";
import { asOwner, wordsOf } from "../../../../test/harness/database.ts";
import { giveDocuments } from "../../../../test/harness/evidence.ts";
import { startTestServer } from "../../../../test/harness/server.ts";
import { person } from "../fixture.ts";
import {
  accessLifecycle,
  type CustomerMove,
  type CustomerStatus,
  customerLifecycle,
} from "../model.ts";

const server = await startTestServer();
const mine = await server.newOrganization();

type Answer = Awaited<ReturnType<typeof mine.call>>;

const codeOf = ({ status, body }: Answer) => `${status} ${body.code ?? body.status}`;

const create = async (body: object = {}): Promise<string> => {
  const answer = await mine.call("POST", "/customers", {
    type: "individual",
    level: "basic",
    ...person,
    ...body,
  });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  await giveDocuments(mine.call, answer.body.id);
  return answer.body.id;
};

const patch = (id: string, body: object) => mine.call("PATCH", `/customers/${id}`, body);

const reasons = ["The document cannot be read."];

/** What each platform verb is sent. */
const verbs = {
  approve: { path: "approve", body: {} },
  reject: { path: "reject", body: { reasons } },
  requestInformation: { path: "request-information", body: { reasons } },
  hold: { path: "hold", body: { reason: "investigation" } },
  release: { path: "release", body: {} },
} as const;
type Verb = keyof typeof verbs;
const verbNames = Object.keys(verbs) as Verb[];

const decide = (id: string, verb: Verb, body: object = verbs[verb].body) =>
  server.call("POST", `/customers/${id}/${verbs[verb].path}`, body);

/** How a customer gets into each status that step one's routes lead to. */
const ways: Readonly<Record<Exclude<CustomerStatus, "deleted">, () => Promise<string>>> = {
  needs_information: () => create({ email: null }),
  pending: () => create(),
  active: async () => {
    const id = await create();
    await decide(id, "approve");
    return id;
  },
  update_requested: async () => {
    const id = await ways.active();
    await patch(id, { lastName: "Sample" });
    return id;
  },
  rejected: async () => {
    const id = await create();
    await decide(id, "reject");
    return id;
  },
  on_hold: async () => {
    const id = await create();
    await decide(id, "hold");
    return id;
  },
};
const statuses = Object.keys(ways) as (keyof typeof ways)[];

const read = async (id: string) => (await server.call("GET", `/customers/${id}`)).body;

/** A customer that is deleted: the route that deletes is the cards' business. */
const deleted = async (): Promise<string> => {
  const id = await create();
  await asOwner(server.database.url, "update customers set status = 'deleted' where id = $1", [id]);
  return id;
};

for (const status of statuses) {
  test(`a customer gets to ${status}, and the answer says so`, async () => {
    assert.equal((await read(await ways[status]())).status, status);
  });
}

for (const verb of verbNames) {
  const { from, to } = customerLifecycle.moves[verb as CustomerMove];
  for (const status of statuses) {
    const allowed = (from as readonly string[]).includes(status);
    const target = to === "previous" ? "pending" : to;
    const verdict = allowed ? `leads to ${target}` : "is refused with 409, and nothing changes";
    test(`${verb} by the platform from ${status} ${verdict}`, async () => {
      const id = await ways[status]();
      const before = await read(id);
      const answer = await decide(id, verb);
      const expected = allowed ? `200 ${target}` : "409 customer_move_not_allowed";
      assert.equal(codeOf(answer), expected);
      const after = await read(id);
      if (!allowed) assert.deepEqual(after, before);
      else assert.equal(after.version, before.version + 1);
    });
  }
  test(`${verb} of a deleted customer is refused with 409 customer_deleted`, async () => {
    assert.equal(codeOf(await decide(await deleted(), verb)), "409 customer_deleted");
  });
  test(`${verb} is not for the organization: 403, and nothing changes`, async () => {
    const id = await create();
    const before = await read(id);
    const { path, body } = verbs[verb];
    const answer = await mine.call("POST", `/customers/${id}/${path}`, body);
    assert.equal(answer.status, 403);
    assert.deepEqual(await read(id), before);
  });
  test(`${verb} of a customer that does not exist, or by its external id: 404`, async () => {
    await create({ externalId: `ext-${verb}` });
    assert.equal(codeOf(await decide("cus_unknown", verb)), "404 not_found");
    assert.equal(codeOf(await decide(`external:ext-${verb}`, verb)), "404 not_found");
  });
}

/** Changes by the organization: what they lead to from each status. */
const changes: Readonly<
  Record<string, { readonly body: object; readonly to: Readonly<Record<string, string>> }>
> = {
  "the e-mail": {
    body: { email: "grace@example.com" },
    to: {
      needs_information: "pending",
      pending: "pending",
      active: "active",
      update_requested: "update_requested",
      rejected: "rejected",
      on_hold: "on_hold",
    },
  },
  "the last name": {
    body: { lastName: "Sample" },
    to: {
      needs_information: "needs_information",
      pending: "pending",
      active: "update_requested",
      update_requested: "update_requested",
      rejected: "pending",
      on_hold: "on_hold",
    },
  },
};

for (const [what, { body, to }] of Object.entries(changes)) {
  for (const status of statuses) {
    test(`a change of ${what} by the organization from ${status} leads to ${to[status]}`, async () => {
      const id = await ways[status]();
      assert.equal(codeOf(await patch(id, body)), `200 ${to[status]}`);
    });
  }
  test(`a change of ${what} of a deleted customer is refused with 409`, async () => {
    assert.equal(codeOf(await patch(await deleted(), body)), "409 customer_deleted");
  });
  test(`a change of ${what} is not for the platform: 403`, async () => {
    const id = await create();
    assert.equal((await server.call("PATCH", `/customers/${id}`, body)).status, 403);
  });
}

test("a customer rejected for good takes no change of what is reviewed: 409 customer_rejected", async () => {
  const id = await create();
  const { body } = await decide(id, "reject", { reasons, canResubmit: false });
  assert.equal(body.canResubmit, false);
  assert.deepEqual(body.statusReasons, reasons);
  assert.equal(codeOf(await patch(id, { lastName: "Sample" })), "409 customer_rejected");
  assert.equal(codeOf(await patch(id, { phone: "+4930654321" })), "200 rejected");
});

test("a hold with reason sanctions, and its release to what the status was, with its reasons", async () => {
  const id = await ways.rejected();
  const held = await decide(id, "hold", { reason: "sanctions", note: "List of 2026-06-01." });
  assert.equal(held.body.status, "on_hold");
  assert.deepEqual(held.body.statusReasons, ["sanctions"]);
  assert.equal(held.body.statusBeforeHold, "rejected");
  assert.equal(held.body.canResubmit, true);
  const released = await decide(id, "release");
  assert.equal(released.body.status, "rejected");
  assert.deepEqual(released.body.statusReasons, reasons);
  assert.equal(released.body.statusBeforeHold, null);
});

test("what changes under a hold waits for its release", async () => {
  const id = await ways.active();
  await decide(id, "hold");
  const changed = await patch(id, { nationality: "FRA" });
  assert.equal(changed.body.status, "on_hold");
  assert.equal(changed.body.statusBeforeHold, "update_requested");
  assert.equal((await decide(id, "release")).body.status, "update_requested");
});

test("information that the platform asks for is listed as missing until it is given", async () => {
  const id = await ways.active();
  const fields = ["email", "residence.line1"];
  const asked = await decide(id, "requestInformation", { reasons, fields });
  assert.equal(asked.body.status, "needs_information");
  assert.deepEqual(asked.body.missing, ["residence.line1", "email"]);
  assert.deepEqual(asked.body.statusReasons, reasons);
  const half = await patch(id, { email: person.email });
  assert.equal(half.body.status, "needs_information");
  assert.deepEqual(half.body.missing, ["residence.line1"]);
  const whole = await patch(id, { residence: person.residence });
  assert.equal(whole.body.status, "pending");
  assert.deepEqual([whole.body.missing, whole.body.statusReasons], [[], []]);
});

test("400: a rejection without reasons, a hold without one, unknown fields asked for", async () => {
  const id = await create();
  const lines: readonly [Verb, object, string][] = [
    ["reject", {}, "reasons"],
    ["reject", { reasons: [] }, "reasons"],
    ["reject", { reasons: [""] }, "reasons.0"],
    ["reject", { reasons, canResubmit: "yes" }, "canResubmit"],
    ["hold", {}, "reason"],
    ["hold", { reason: "Sanctions list" }, "reason"],
    ["requestInformation", { reasons, fields: ["shoeSize"] }, "fields.0"],
    ["approve", { because: "x" }, "because"],
    ["release", { note: "x".repeat(1001) }, "note"],
  ];
  for (const [verb, body, field] of lines) {
    const answer = await decide(id, verb, body);
    assert.equal(codeOf(answer), "400 invalid_request", JSON.stringify(body));
    const fields = answer.body.errors.map((one: { field: string }) => one.field);
    assert.ok(fields.includes(field), `${field}: ${fields}`);
  }
});

test("the history keeps each move with actor, reasons, note and time, newest first, in pages", async () => {
  const id = await create({ email: null });
  await patch(id, { email: person.email });
  await decide(id, "approve", { note: "Seen in person." });
  await patch(id, { phone: "+4930654321" });
  await patch(id, { lastName: "Sample" });
  await decide(id, "hold", { reason: "sanctions" });
  await patch(id, { nationality: "FRA" });
  await decide(id, "release");
  await decide(id, "reject", { reasons });
  const { body } = await mine.call("GET", `/customers/${id}/status-history`);
  type Line = { version: number; move: string; from: string; to: string; reasons: string[] };
  const lines = body.data.map(({ version, move, from, to, reasons: why }: Line) =>
    [version, move, from ?? "-", to, ...why].join(" "),
  );
  assert.deepEqual(lines, [
    `10 reject update_requested rejected ${reasons[0]}`,
    "9 release on_hold update_requested",
    "7 hold update_requested on_hold sanctions",
    "6 requestUpdate active update_requested",
    "4 approve pending active",
    "3 complete needs_information pending",
    "1 create - needs_information",
  ]);
  assert.equal(body.data[4].note, "Seen in person.");
  const [rejected, , held, , approved, completed] = body.data;
  assert.equal(held.statusBeforeHold, "update_requested");
  assert.equal(approved.actor.kind, "key");
  assert.equal(approved.actor.id, rejected.actor.id);
  assert.notEqual(approved.actor.id, completed.actor.id);
  assert.ok(body.data.every(({ at }: { at: string }) => at.endsWith("Z")));
  const page = await mine.call("GET", `/customers/${id}/status-history?limit=3`);
  const next = `/customers/${id}/status-history?cursor=${page.body.nextCursor}`;
  assert.deepEqual((await mine.call("GET", next)).body.data, body.data.slice(3));
  const foreign = Buffer.from("1:cus_x").toString("base64url");
  const wrong = await mine.call("GET", `/customers/${id}/status-history?cursor=${foreign}`);
  assert.equal(codeOf(wrong), "400 invalid_request");
});

const namedIn = (constraint: string) => wordsOf(server.database.url, constraint);

test("the constraints of the tables and the life cycles name the same statuses", async () => {
  assert.deepEqual(await namedIn("customers_status_check"), [...customerLifecycle.states].sort());
  assert.deepEqual(
    await namedIn("access_requests_status_check"),
    [...accessLifecycle.states].sort(),
  );
  assert.deepEqual(
    await namedIn("customers_status_before_hold_check"),
    [...customerLifecycle.moves.hold.from].sort(),
  );
});

test("the history cannot be changed or removed by anybody", async () => {
  await create();
  for (const statement of [
    "update customer_status_history set note = 'x'",
    "delete from customer_status_history",
  ]) {
    await assert.rejects(asOwner(server.database.url, statement), { code: "23001" });
    await assert.rejects(server.database.app.query({ name: undefined, text: statement }), {
      code: "42501",
    });
  }
});

test("of two decisions at once one is carried out and the other is refused", async () => {
  const id = await create();
  const answers = await Promise.all([decide(id, "approve"), decide(id, "reject")]);
  const codes = answers.map(({ status }) => status).sort();
  assert.deepEqual(codes, [200, 409]);
  const { body } = await mine.call("GET", `/customers/${id}/status-history`);
  assert.equal(body.data.length, 3);
});
