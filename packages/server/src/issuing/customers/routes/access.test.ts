import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../../test/harness/database.ts";
import { giveDocuments } from "../../../../test/harness/evidence.ts";
import { startTestServer } from "../../../../test/harness/server.ts";
import { programBody } from "../../programs/fixture.ts";
import { accessOf } from "../actions/access.ts";
import { person } from "../fixture.ts";
import { type AccessStatus, accessLifecycle, accessVerdicts } from "../model.ts";

const server = await startTestServer();
const mine = await server.newOrganization();
const other = await server.newOrganization();

type Answer = Awaited<ReturnType<typeof mine.call>>;

const codeOf = ({ status, body }: Answer) => `${status} ${body.code ?? body.status}`;

const newProgram = async (terms: object = {}): Promise<string> => {
  const body = { ...programBody, requiresCustomer: true, requiresAccess: true, ...terms };
  return (await server.call("POST", "/card-programs", body)).body.id;
};

const newCustomer = async (externalId?: string): Promise<string> => {
  const body = { type: "individual", level: "basic", ...person, externalId: externalId ?? null };
  const { id } = (await mine.call("POST", "/customers", body)).body;
  await giveDocuments(mine.call, id);
  return id;
};

const ask = (customer: string, body: object, call = mine.call) =>
  call("POST", `/customers/${customer}/access-requests`, body);

const reasons = ["The risk is too high."];

const decide = (id: string, move: string, body: object = move === "grant" ? {} : { reasons }) =>
  server.call("POST", `/access-requests/${id}/${move}`, body);

const program = await newProgram();

/** How an access request gets into each status. */
const ways: Readonly<Record<AccessStatus, () => Promise<string>>> = {
  requested: async () => (await ask(await newCustomer(), { typeId: program })).body.id,
  granted: async () => {
    const id = await ways.requested();
    await decide(id, "grant");
    return id;
  },
  rejected: async () => {
    const id = await ways.requested();
    await decide(id, "reject");
    return id;
  },
  revoked: async () => {
    const id = await ways.granted();
    await decide(id, "revoke");
    return id;
  },
  ended: async () => {
    const { id, customerId } = (await ask(await newCustomer(), { typeId: program })).body;
    await mine.call("DELETE", `/customers/${customerId}`);
    return id;
  },
};

test("201: access to the cards of a program is requested, and waits for the platform", async () => {
  const customer = await newCustomer("asks");
  const answer = await ask("external:asks", { product: "cards", typeId: program });
  assert.equal(answer.status, 201);
  const { id, createdAt, ...rest } = answer.body;
  assert.match(id, /^acr_/);
  assert.match(createdAt, /Z$/);
  assert.deepEqual(rest, {
    organizationId: mine.id,
    customerId: customer,
    product: "cards",
    typeId: program,
    status: "requested",
    statusReasons: [],
    decidedAt: null,
    decidedBy: null,
    version: 1,
  });
  assert.deepEqual((await mine.call("GET", `/access-requests/${id}`)).body, answer.body);
  assert.deepEqual((await server.call("GET", `/access-requests/${id}`)).body, answer.body);
});

for (const move of accessVerdicts) {
  const { from, to } = accessLifecycle.moves[move];
  for (const status of accessLifecycle.states) {
    const allowed = (from as readonly string[]).includes(status);
    const verdict = allowed ? `leads to ${to}` : "is refused with 409, and nothing changes";
    test(`${move} by the platform of an access request that is ${status} ${verdict}`, async () => {
      const id = await ways[status]();
      const before = (await server.call("GET", `/access-requests/${id}`)).body;
      const answer = await decide(id, move);
      const over = status === "ended" && move === "grant";
      const refusal = over ? "409 customer_deleted" : "409 access_move_not_allowed";
      assert.equal(codeOf(answer), allowed ? `200 ${to}` : refusal);
      const after = (await server.call("GET", `/access-requests/${id}`)).body;
      if (!allowed) return assert.deepEqual(after, before);
      assert.deepEqual(after, answer.body);
      assert.equal(after.version, before.version + 1);
      assert.deepEqual(after.statusReasons, move === "grant" ? [] : reasons);
      assert.match(after.decidedAt, /Z$/);
    });
  }
  test(`${move} is not for the organization: 403`, async () => {
    const id = await ways.requested();
    const answer = await mine.call("POST", `/access-requests/${id}/${move}`, { reasons });
    assert.equal(answer.status, 403);
  });
  test(`${move} of an access request that does not exist: 404`, async () => {
    assert.equal(codeOf(await decide("acr_unknown", move)), "404 not_found");
  });
}

test("400: a rejection and a revocation name their reasons", async () => {
  const id = await ways.requested();
  for (const move of ["reject", "revoke"]) {
    assert.equal(codeOf(await decide(id, move, {})), "400 invalid_request");
    assert.equal(codeOf(await decide(id, move, { reasons: [] })), "400 invalid_request");
  }
});

test("409: one live request for a customer and a program; over, it can be asked for again", async () => {
  const customer = await newCustomer();
  const first = await ask(customer, { typeId: program });
  const stood = async () => codeOf(await ask(customer, { typeId: program }));
  assert.equal(await stood(), "409 access_already_requested");
  await decide(first.body.id, "grant");
  assert.equal(await stood(), "409 access_already_requested");
  await decide(first.body.id, "revoke");
  const second = await ask(customer, { typeId: program });
  assert.equal(codeOf(second), "201 requested");
  await decide(second.body.id, "reject");
  assert.equal(await stood(), "201 requested");
  assert.equal((await ask(customer, { typeId: await newProgram() })).status, 201);
});

test("how access stands is what the newest request says", async () => {
  const customer = await newCustomer();
  const stands = () => accessOf(server.database.app, mine.id, customer, program);
  assert.equal(await stands(), null);
  const first = (await ask(customer, { typeId: program })).body.id;
  assert.equal(await stands(), "requested");
  await decide(first, "grant");
  assert.equal(await stands(), "granted");
  await decide(first, "revoke");
  assert.equal(await stands(), "revoked");
  const second = (await ask(customer, { typeId: program })).body.id;
  assert.equal(await stands(), "requested");
  await decide(second, "reject");
  assert.equal(await stands(), "rejected");
  assert.equal(await accessOf(server.database.app, other.id, customer, program), null);
});

test("of twenty requests at once one is made", async () => {
  const customer = await newCustomer();
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => ask(customer, { typeId: program })),
  );
  assert.equal(answers.filter(({ status }) => status === 201).length, 1);
  assert.equal(answers.filter(({ status }) => status === 409).length, 19);
});

test("of a grant and a rejection at once one is carried out and the other is refused", async () => {
  const id = await ways.requested();
  const answers = await Promise.all([decide(id, "grant"), decide(id, "reject")]);
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409]);
});

test("a program that grants automatically answers granted at once", async () => {
  const typeId = await newProgram({ accessGrant: "automatic" });
  const customer = await newCustomer();
  const { body } = await ask(customer, { typeId });
  assert.equal(body.status, "granted");
  assert.match(body.decidedAt, /Z$/);
  await server.sequence();
  const { body: events } = await mine.call("GET", `/events?objectId=${body.id}`);
  assert.deepEqual(
    events.data.map(({ type }: { type: string }) => type),
    ["access.granted"],
  );
});

test("422: unknown programs, those of others, and those that issue nothing", async () => {
  const customer = await newCustomer();
  const refusalOf = async (typeId: string) => {
    const answer = await ask(customer, { typeId });
    assert.equal(answer.body.errors[0].field, "typeId");
    return codeOf(answer);
  };
  assert.equal(await refusalOf("prog_unknown"), "422 program_not_found");
  const listed = await newProgram({ availability: "listed", organizationIds: [other.id] });
  assert.equal(await refusalOf(listed), "422 program_not_available");
  const inactive = await newProgram();
  await server.call("PATCH", `/card-programs/${inactive}`, { status: "inactive" });
  assert.equal(await refusalOf(inactive), "422 program_inactive");
  const retired = await newProgram();
  await server.call("POST", `/card-programs/${retired}/retire`);
  assert.equal(await refusalOf(retired), "422 program_inactive");
});

test("400: other products, no program, unknown fields", async () => {
  const customer = await newCustomer();
  for (const body of [
    {},
    { typeId: 1 },
    { typeId: program, product: "loans" },
    { typeId: program, x: 1 },
  ]) {
    assert.equal(codeOf(await ask(customer, body)), "400 invalid_request", JSON.stringify(body));
  }
});

test("409: a deleted customer asks for nothing", async () => {
  const customer = await newCustomer();
  await asOwner(server.database.url, "update customers set status = 'deleted' where id = $1", [
    customer,
  ]);
  assert.equal(codeOf(await ask(customer, { typeId: program })), "409 customer_deleted");
});

test("404: another organization's customers and requests are as if they did not exist", async () => {
  const customer = await newCustomer("hidden");
  const { id } = (await ask(customer, { typeId: program })).body;
  for (const path of [customer, "external:hidden", "cus_unknown"]) {
    assert.equal(codeOf(await ask(path, { typeId: program }, other.call)), "404 not_found");
    const list = await other.call("GET", `/customers/${path}/access-requests`);
    assert.equal(codeOf(list), "404 not_found");
  }
  assert.equal(codeOf(await other.call("GET", `/access-requests/${id}`)), "404 not_found");
});

test("lists are of one customer or of all, by status and program, in pages", async () => {
  const owner = await server.newOrganization();
  const make = async () => {
    const body = { type: "individual", level: "minimum" };
    return (await owner.call("POST", "/customers", body)).body.id;
  };
  const [ada, grace] = [await make(), await make()];
  const second = await newProgram();
  const request = async (customer: string, typeId: string) =>
    (await ask(customer, { typeId }, owner.call)).body.id;
  const a = await request(ada, program);
  const b = await request(grace, program);
  const c = await request(ada, second);
  await decide(a, "grant");
  const idsOf = async (path: string, call = owner.call) => {
    const { body } = await call("GET", path);
    return body.data.map(({ id }: { id: string }) => id);
  };
  assert.deepEqual(await idsOf("/access-requests"), [c, b, a]);
  assert.deepEqual(await idsOf("/access-requests?status=requested"), [c, b]);
  assert.deepEqual(await idsOf(`/access-requests?typeId=${second}`), [c]);
  assert.deepEqual(await idsOf(`/access-requests?customerId=${grace}`), [b]);
  assert.deepEqual(await idsOf(`/customers/${ada}/access-requests`), [c, a]);
  assert.deepEqual(await idsOf(`/customers/${ada}/access-requests?status=granted`), [a]);
  assert.deepEqual(await idsOf(`/access-requests?organizationId=${owner.id}`, server.call), [
    c,
    b,
    a,
  ]);
  assert.deepEqual(await idsOf(`/customers/${ada}/access-requests`, server.call), [c, a]);
  const page = await owner.call("GET", "/access-requests?limit=2");
  assert.deepEqual(await idsOf(`/access-requests?cursor=${page.body.nextCursor}`), [a]);
  const customers = await owner.call("GET", `/customers?typeId=${program}`);
  assert.deepEqual(
    customers.body.data.map(({ id }: { id: string }) => id),
    [ada],
  );
});

test("each decision is one event of the customer's organization, with what was before", async () => {
  const id = await ways.revoked();
  await server.sequence();
  const { body } = await mine.call("GET", `/events?objectId=${id}`);
  const seen = body.data.map(({ type, objectVersion }: { type: string; objectVersion: number }) =>
    [type, objectVersion].join(" "),
  );
  assert.deepEqual(seen, ["access.requested 1", "access.granted 2", "access.revoked 3"]);
  const [, , revoked] = body.data;
  assert.equal(revoked.data.previous.status, "granted");
  assert.deepEqual(revoked.data.object.statusReasons, reasons);
});

test("deleting a customer ends what it asked for and was granted, each with one event, and leaves what was decided against it", async () => {
  const [customer, another] = [await newCustomer(), await newCustomer()];
  const asked = async (of: string) => (await ask(of, { typeId: await newProgram() })).body.id;
  const [open, granted, rejected] = [
    await asked(customer),
    await asked(customer),
    await asked(customer),
  ];
  const elsewhere = await asked(another);
  await decide(granted, "grant");
  await decide(rejected, "reject");
  const read = async (id: string) => (await server.call("GET", `/access-requests/${id}`)).body;
  const [refused, untouched] = [await read(rejected), await read(elsewhere)];
  assert.equal((await mine.call("DELETE", `/customers/${customer}`)).status, 200);
  await server.sequence();
  for (const [id, was, version] of [
    [open, "requested", 2],
    [granted, "granted", 3],
  ] as const) {
    const is = await read(id);
    assert.deepEqual(
      [is.status, is.statusReasons, is.decidedBy, is.version],
      [
        "ended",
        ["The customer was deleted."],
        { kind: "system", id: "customer_deletion" },
        version,
      ],
    );
    assert.match(is.decidedAt, /Z$/);
    const { body } = await mine.call("GET", `/events?objectId=${id}`);
    const { type, data } = body.data.at(-1);
    assert.deepEqual([body.data.length, type], [version, "access.ended"]);
    assert.deepEqual([data.object, data.previous.status], [is, was]);
  }
  assert.deepEqual([await read(rejected), await read(elsewhere)], [refused, untouched]);
  const { body } = await server.call("GET", `/access-requests?status=requested&limit=100`);
  const waiting = body.data.map(({ id }: { id: string }) => id);
  assert.deepEqual([waiting.includes(open), waiting.includes(elsewhere)], [false, true]);
});

test("of a grant and the deletion of the customer at once none leaves access behind", async () => {
  for (let round = 0; round < 8; round += 1) {
    const customer = await newCustomer();
    const { id } = (await ask(customer, { typeId: program })).body;
    const [granted, deleted] = await Promise.all([
      decide(id, "grant"),
      mine.call("DELETE", `/customers/${customer}`),
    ]);
    assert.equal(deleted.status, 200);
    assert.ok(["200 granted", "409 customer_deleted"].includes(codeOf(granted)));
    const { status, version } = (await server.call("GET", `/access-requests/${id}`)).body;
    assert.deepEqual([status, version], ["ended", granted.status === 200 ? 3 : 2]);
  }
});
