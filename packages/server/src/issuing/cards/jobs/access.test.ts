import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../../test/harness/database.ts";
import { dueIn, runAll, runJob } from "../../../../test/harness/jobs.ts";
import type { TestOrganization } from "../../../../test/harness/server.ts";
import { findCustomer } from "../../customers/actions.ts";
import { isGrantedByRule } from "../../customers/rules/access.ts";
import { findProgram } from "../../programs/actions.ts";
import { type CardBody, type Fields, made, startCardTests } from "../fixture.ts";
import { accessJobs } from "./access.ts";

const tests = await startCardTests();
const { server } = tests;
const [grant] = accessJobs;
assert.ok(grant !== undefined);

const automatic = { requiresCustomer: true, requiresAccess: true, accessGrant: "automatic" };

const byRule = (accessRule: Fields) => tests.program({ ...automatic, accessRule });

const ask = async (own: TestOrganization, customerId: string, typeId: string): Promise<CardBody> =>
  made(await own.call("POST", `/customers/${customerId}/access-requests`, { typeId }));

const read = async (id: string): Promise<CardBody> =>
  made(await server.call("GET", `/access-requests/${id}`));

const decide = (id: string, move: string) =>
  server.call("POST", `/access-requests/${id}/${move}`, { ...(move !== "grant" && { reasons }) });
const reasons = ["Risk."];

const approve = async (customerId: string) =>
  made(await server.call("POST", `/customers/${customerId}/approve`, {}));

test("a customer who is not verified waits, and is granted by the rule once it is active", async () => {
  const own = await tests.organization();
  const typeId = await byRule({ minimumLevel: "basic", nationalities: ["DEU"] });
  const customerId = await tests.customer(own, {}, null);
  const asked = await ask(own, customerId, typeId);
  assert.deepEqual([asked.status, asked.decidedBy], ["requested", null]);
  assert.deepEqual(await dueIn(server, grant, own.id), []);
  await approve(customerId);
  assert.equal(await runAll(server, grant, own.id), 1);
  const { status, statusReasons, decidedBy, version } = await read(asked.id);
  assert.deepEqual([status, version], ["granted", 2]);
  assert.deepEqual(decidedBy, { kind: "system", id: "access_rule" });
  assert.deepEqual(statusReasons, ["Granted by the rule of the card program, version 1."]);
  made(await own.call("POST", "/cards", { typeId, customerId, initialBalance: 1 }));
  await server.sequence();
  const { data } = made(await own.call("GET", `/events?objectId=${asked.id}`));
  assert.deepEqual(
    data.map(({ type, objectVersion }: Fields) => `${type} ${objectVersion}`),
    ["access.requested 1", "access.granted 2"],
  );
});

test("an active customer is granted in the answer where the rule holds, otherwise the operator decides", async () => {
  const own = await tests.organization();
  const customerId = await tests.customer(own);
  const held = await ask(own, customerId, await byRule({ residences: ["FRA"] }));
  assert.deepEqual([held.status, held.decidedBy.id], ["granted", "access_rule"]);
  const typeId = await byRule({ residences: ["ESP"] });
  const waits = await ask(own, customerId, typeId);
  assert.equal(waits.status, "requested");
  assert.equal(await runAll(server, grant, own.id), 0);
  const queue = made(
    await server.call("GET", `/access-requests?status=requested&organizationId=${own.id}`),
  );
  assert.deepEqual(
    queue.data.map(({ id }: Fields) => id),
    [waits.id],
  );
  made(await decide(waits.id, "grant"));
  assert.equal((await read(waits.id)).decidedBy.kind, "key");
});

test("a rule that is changed decides about the requests that wait", async () => {
  const own = await tests.organization();
  const typeId = await byRule({ residences: ["ESP"] });
  const { id } = await ask(own, await tests.customer(own), typeId);
  assert.equal(await runAll(server, grant, own.id), 0);
  const accessRule = { residences: ["ESP", "FRA"] };
  made(await server.call("PATCH", `/card-programs/${typeId}`, { accessRule }));
  assert.equal(await runAll(server, grant, own.id), 1);
  const { statusReasons } = await read(id);
  assert.deepEqual(statusReasons, ["Granted by the rule of the card program, version 2."]);
});

test("no rule gives back what an operator has revoked; granted by the operator, the cards work again", async () => {
  const own = await tests.organization();
  const typeId = await byRule({});
  const customerId = await tests.customer(own);
  const { id } = await ask(own, customerId, typeId);
  const card = made(await own.call("POST", "/cards", { typeId, customerId, initialBalance: 1 }));
  made(await decide(id, "revoke"));
  const again = await ask(own, customerId, typeId);
  assert.equal(again.status, "requested");
  assert.deepEqual(await dueIn(server, grant, own.id), []);
  const statusOf = async () => made(await own.call("GET", `/cards/${card.id}`)).status;
  assert.equal(await statusOf(), "blocked");
  made(await decide(again.id, "grant"));
  assert.equal(await statusOf(), "active");
});

/** What the operator does to bring an access request into each status. */
const ways: Readonly<Record<string, readonly string[]>> = {
  requested: [],
  granted: ["grant"],
  rejected: ["reject"],
  revoked: ["grant", "revoke"],
};

/** Who does what, and what it leads to from each status; `409` and `403` leave everything as it was. */
const LIFE = `
                        requested  granted  rejected  revoked
organization ask        409        409      201       201
platform     ask        403        403      403       403
platform     grant      granted    409      409       409
platform     reject     rejected   409      409       409
platform     revoke     409        revoked  409       409
organization grant      403        403      403       403
organization reject     403        403      403       403
organization revoke     403        403      403       403
rule         grant      granted    -        -         -
`;
const [head = "", ...lines] = LIFE.trim().split("\n");
const statuses = head.trim().split(/ +/);

for (const line of lines) {
  const [who = "", move = "", ...cells] = line.split(/ +/);
  for (const [place, cell] of cells.entries()) {
    const status = statuses[place] ?? "";
    test(`${who}: ${move} of access that is ${status} leads to ${cell}`, async () => {
      const own = await tests.organization(0);
      const typeId = await byRule({});
      const customerId = await tests.customer(own, {}, null);
      const { id } = await ask(own, customerId, typeId);
      for (const step of ways[status] ?? []) made(await decide(id, step));
      const before = await read(id);
      assert.equal(before.status, status);
      await approve(customerId);
      const done = await act(own, { who, move, id, customerId, typeId });
      const after = await read(id);
      if (!statuses.includes(cell)) assert.deepEqual(after, before);
      else assert.deepEqual([after.status, after.version], [cell, before.version + 1]);
      if (/\d/.test(cell)) assert.equal(String(done), cell);
    });
  }
}

type Act = Readonly<Record<"who" | "move" | "id" | "customerId" | "typeId", string>>;

/** Does it. @returns the status of the answer; of the rule how many it granted */
async function act(own: TestOrganization, the: Act): Promise<number> {
  const { who, move, id, customerId, typeId } = the;
  assert.ok(grant !== undefined);
  if (who === "rule") return runJob(server, grant, own.id, [id]);
  const call = who === "platform" ? server.call : own.call;
  const { status } =
    move === "ask"
      ? await call("POST", `/customers/${customerId}/access-requests`, { typeId })
      : await call("POST", `/access-requests/${id}/${move}`, move === "grant" ? {} : { reasons });
  return status;
}

test("what is found to be granted is just what the rule grants, for every rule and customer", async () => {
  const own = await tests.organization(0);
  const rules: Fields[] = [
    {},
    { minimumLevel: "minimum" },
    { minimumLevel: "basic" },
    { minimumLevel: "advanced" },
    { customerTypes: ["individual"] },
    { customerTypes: ["business"] },
    { nationalities: ["DEU"] },
    { residences: ["ESP", "FRA"] },
    { organizationIds: [own.id] },
    { organizationIds: ["org_platform"] },
    { minimumLevel: "basic", customerTypes: ["individual"], nationalities: ["DEU", "ESP"] },
  ];
  const typeIds = await Promise.all(rules.map((rule) => byRule(rule)));
  const business = { type: "business", legalName: "Example Ltd", residence: { country: "ESP" } };
  const people: [Fields, string][] = [
    [{ level: "minimum", type: "individual", birthDate: "1990-05-17" }, "active"],
    [{ level: "minimum", ...business }, "active"],
    [{ level: "minimum", ...business, nationality: "DEU" }, "active"],
    [{ level: "minimum", ...business, nationality: "DEU" }, "pending"],
  ];
  const seen = new Map<string, boolean>();
  for (const [details, status] of people) {
    for (const level of ["minimum", "basic", "advanced"]) {
      const names = details.type === "individual" ? { firstName: "Ada", lastName: "Example" } : {};
      const { id } = made(await own.call("POST", "/customers", { ...names, ...details }));
      // Nobody is active yet, so that every request waits.
      await write(id, "pending", level);
      const asked = [];
      for (const typeId of typeIds) asked.push([typeId, (await ask(own, id, typeId)).id] as const);
      await write(id, status, level);
      const { app } = server.database;
      const customer = await findCustomer(app, own.id, { by: "id", value: id });
      assert.ok(customer !== null);
      for (const [typeId, request] of asked) {
        const program = await findProgram(app, typeId);
        assert.ok(program !== null);
        seen.set(request, isGrantedByRule(program, customer, false));
      }
    }
  }
  assert.equal(seen.size, 12 * rules.length);
  const expected = [...seen].flatMap(([id, granted]) => (granted ? [id] : []));
  const found = (await dueIn(server, grant, own.id)).map(({ id }) => id);
  assert.deepEqual(found.sort(), expected.sort());
  assert.equal(await runAll(server, grant, own.id), expected.length);
});

const write = (id: string, status: string, level: string) =>
  asOwner(
    server.database.url,
    `update customers set status = $2, level = $3, reasons = null, asked = null, can_resubmit = null
     where id = $1`,
    [id, status, level],
  );
