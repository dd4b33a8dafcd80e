import assert from "node:assert/strict";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startTestServer, type TestOrganization } from "../../../test/harness/server.ts";
import { inWork } from "../../../test/harness/work.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import { announce } from "./actions.ts";

const server = await startTestServer();

async function tell(organizationId: string, ...objectIds: string[]): Promise<void> {
  const { database, context } = server;
  await inWork(database.app, organizationId as OrganizationId, context.keys, async (work) => {
    for (const id of objectIds) {
      announce(work, {
        type: "thing.made",
        objectId: id,
        objectVersion: 1,
        object: { id, name: "Ada Example", list: [{ a: 1 }], nothing: null },
        subjectId: "cus_example",
        personal: ["name"],
      });
    }
  });
  await server.sequence();
}

/** Where the stream of a new organization stands: its making is in it already. */
async function lastOf(organization: TestOrganization): Promise<number> {
  await server.sequence();
  return (await organization.call("GET", "/events?limit=100")).body.lastSequence;
}

test("200: GET /v1/events answers with the events and where to go on", async () => {
  const organization = await server.newOrganization();
  const before = await lastOf(organization);
  await tell(organization.id, "thing_a", "thing_b", "thing_c");
  const { status, body } = await organization.call("GET", `/events?after=${before + 1}&limit=1`);
  assert.equal(status, 200);
  assert.equal(body.lastSequence, before + 2);
  const [event] = body.data;
  assert.match(event.id, /^evt_/);
  assert.ok(!Number.isNaN(Date.parse(event.recordedAt)));
  assert.deepEqual(
    { ...event, id: "", recordedAt: "" },
    {
      id: "",
      type: "thing.made",
      sequence: before + 2,
      objectId: "thing_b",
      objectVersion: 1,
      recordedAt: "",
      data: { object: { id: "thing_b", name: "Ada Example", list: [{ a: 1 }], nothing: null } },
    },
  );
  const filtered = await organization.call("GET", "/events?objectId=thing_c&type=thing.made");
  assert.deepEqual(
    filtered.body.data.map((row: { sequence: number }) => row.sequence),
    [before + 3],
  );
});

test("200: another organization's events are in no answer, by no filter", async () => {
  const [one, other] = [await server.newOrganization(), await server.newOrganization()];
  const before = await lastOf(other);
  await tell(one.id, "thing_a");
  for (const query of ["", "&objectId=thing_a", "&type=thing.made"]) {
    const { body } = await other.call("GET", `/events?after=${query === "" ? before : 0}${query}`);
    assert.deepEqual(body, { data: [], lastSequence: before });
  }
});

test("200: a waiting call is answered as soon as there is an event", async () => {
  const organization = await server.newOrganization();
  const before = await lastOf(organization);
  const waiting = organization.call("GET", `/events?wait=20&after=${before}`);
  const began = performance.now();
  await sleep(150);
  await tell(organization.id, "thing_a");
  const { body } = await waiting;
  assert.equal(body.lastSequence, before + 1);
  assert.ok(performance.now() - began < 5_000);
});

test("400: what may not be asked is named", async () => {
  const organization = await server.newOrganization();
  const table: [query: string, field: string][] = [
    ["after=-1", "after"],
    ["after=x", "after"],
    ["after=9007199254740992", "after"],
    ["limit=0", "limit"],
    ["limit=101", "limit"],
    ["wait=31", "wait"],
    ["wait=-1", "wait"],
    ["type=", "type"],
    [`objectId=${"x".repeat(256)}`, "objectId"],
    ["cursor=abc", "cursor"],
  ];
  for (const [query, field] of table) {
    const { status, body } = await organization.call("GET", `/events?${query}`);
    assert.equal(status, 400, query);
    assert.equal(body.code, "invalid_request", query);
    assert.ok(
      body.errors.some((line: { field?: string }) => line.field === field),
      `${query}: ${JSON.stringify(body.errors)}`,
    );
  }
});
