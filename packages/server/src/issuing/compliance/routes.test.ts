import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../test/harness/database.ts";
import { startTestServer, type TestOrganization } from "../../../test/harness/server.ts";
import { programBody } from "../programs/fixture.ts";

const server = await startTestServer();
const mine = await server.newOrganization();
const other = await server.newOrganization();

type Answer = Awaited<ReturnType<typeof mine.call>>;
type Body = Answer["body"];

const codeOf = ({ status, body }: Answer) => `${status} ${body.code}`;

const draft = { subject: "nationality", countries: ["PRK"], reasonCode: "embargo" };

const create = (terms: object = {}) =>
  server.call("POST", "/compliance-rules", { ...draft, ...terms });
const end = (id: string, body: object = {}) =>
  server.call("POST", `/compliance-rules/${id}/end`, body);

const made = ({ status, body }: Answer): Body => {
  assert.ok(status === 200 || status === 201, JSON.stringify(body));
  return body;
};

const newProgram = async (terms: object = {}): Promise<string> =>
  made(
    await server.call("POST", "/card-programs", {
      ...programBody,
      requiresCustomer: true,
      ...terms,
    }),
  ).id;

const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();

test("201: a rule holds from now on and for every program, unless it says otherwise", async () => {
  const body = made(await create({ note: "For us." }));
  const { id, createdAt, effectiveFrom, actor, ...rest } = body;
  assert.match(id, /^crl_/);
  assert.equal(effectiveFrom, createdAt);
  assert.equal(actor.kind, "key");
  assert.deepEqual(rest, {
    ...draft,
    typeId: null,
    effectiveTo: null,
    windDownDays: 30,
    note: "For us.",
    version: 1,
  });
  assert.deepEqual(made(await server.call("GET", `/compliance-rules/${id}`)), body);
  const typeId = await newProgram();
  const terms = { typeId, effectiveFrom: inDays(1), effectiveTo: inDays(2), windDownDays: 0 };
  const own = made(await create(terms));
  assert.deepEqual({ ...own, ...terms }, own);
});

test("422: everything that cannot be is named at once, and an unknown program", async () => {
  const typeId = await newProgram({ requiresCustomer: false });
  const dates = { effectiveFrom: inDays(-1), effectiveTo: inDays(-2) };
  const { status, body } = await create({ typeId, countries: ["XXX"], ...dates });
  assert.deepEqual([status, body.code], [422, "compliance_rule_invalid"]);
  assert.deepEqual(
    body.errors.map(({ field }: Body) => field),
    ["countries", "effectiveFrom", "effectiveTo", "typeId"],
  );
  assert.equal(codeOf(await create({ typeId: "prog_unknown" })), "422 program_not_found");
});

test("400: no countries, a country twice, another subject, a reason that is no word", async () => {
  for (const wrong of [
    { countries: [] },
    { countries: ["PRK", "PRK"] },
    { subject: "birthplace" },
    { reasonCode: "By law" },
    { windDownDays: 366 },
    { effect: "allowed" },
  ]) {
    assert.equal(codeOf(await create(wrong)), "400 invalid_request", JSON.stringify(wrong));
  }
});

test("a rule is ended and not rewritten: at once, later, or sooner than it was to end", async () => {
  const { id } = made(await create());
  const later = inDays(9);
  assert.equal(made(await end(id, { effectiveTo: later })).effectiveTo, later);
  assert.equal(codeOf(await end(id, { effectiveTo: inDays(10) })), "409 compliance_rule_ended");
  const ended = made(await end(id));
  assert.ok(ended.effectiveTo < later);
  assert.equal(ended.version, 3);
  assert.equal(codeOf(await end(id)), "409 compliance_rule_ended");
  assert.equal(codeOf(await end(id, { effectiveTo: inDays(-1) })), "422 compliance_rule_invalid");
  assert.equal(codeOf(await end("crl_unknown")), "404 not_found");
  const patch = await server.call("PATCH", `/compliance-rules/${id}`, { countries: ["FRA"] });
  assert.ok([404, 405].includes(patch.status));
});

test("a rule that is ended before it begins never holds", async () => {
  const { id, effectiveFrom } = made(await create({ effectiveFrom: inDays(5) }));
  assert.equal(made(await end(id)).effectiveTo, effectiveFrom);
});

test("organizations read the rules that concern them, and not who made them or why", async () => {
  const theirs = await newProgram({ availability: "listed", organizationIds: [other.id] });
  const hidden = made(await create({ typeId: theirs, subject: "residence" }));
  const shown = made(await create({ typeId: await newProgram(), note: "For us." }));
  const listed = async (own: TestOrganization): Promise<string[]> =>
    made(await own.call("GET", "/compliance-rules?limit=100")).data.map(({ id }: Body) => id);
  assert.ok((await listed(mine)).includes(shown.id));
  assert.ok(!(await listed(mine)).includes(hidden.id));
  assert.ok((await listed(other)).includes(hidden.id));
  assert.equal(codeOf(await mine.call("GET", `/compliance-rules/${hidden.id}`)), "404 not_found");
  const seen = made(await mine.call("GET", `/compliance-rules/${shown.id}`));
  assert.deepEqual(seen, { ...shown, note: null, actor: null });
  const path = `/compliance-rules?subject=residence&typeId=${theirs}`;
  const { data } = made(await server.call("GET", path));
  assert.deepEqual(data, [hidden]);
});

test("making and ending are one event each of the platform, and lines of its audit log", async () => {
  const { id } = made(await create({ reasonCode: "for_events" }));
  made(await end(id));
  await server.sequence();
  const events = made(await server.call("GET", `/events?objectId=${id}`)).data;
  assert.deepEqual(
    events.map(({ type, objectVersion }: Body) => `${type} ${objectVersion}`),
    ["compliance_rule.created 1", "compliance_rule.ended 2"],
  );
  assert.deepEqual(events[1].data.previous, { effectiveTo: null });
  const audit = made(await server.call("GET", "/audit-log?limit=100")).data;
  const actions = audit.map(({ action }: Body) => action);
  assert.ok(actions.includes("createComplianceRule") && actions.includes("endComplianceRule"));
});

/** What eligibility says of the nationality of a customer, at the now of its organization. */
async function saysOf(own: TestOrganization, customerId: string, typeId: string): Promise<Body[]> {
  const path = `/customers/${customerId}/eligibility?typeId=${typeId}`;
  const { unmet } = made(await own.call("GET", path));
  return unmet.filter(({ code }: Body) => code.startsWith("nationality"));
}

test("effective dates are judged by each organization's now", async () => {
  const typeId = await newProgram();
  const terms = { typeId, countries: ["FRA"], reasonCode: "dated" };
  const dates = { effectiveFrom: inDays(10), effectiveTo: inDays(20) };
  const rule = made(await create({ ...terms, ...dates }));
  const person = {
    type: "individual",
    level: "minimum",
    firstName: "Ada",
    lastName: "Example",
    birthDate: "1990-05-17",
    nationality: "FRA",
  };
  const ahead = await server.newOrganization();
  const [early, late] = [mine, ahead].map(async (own) => {
    return made(await own.call("POST", "/customers", person)).id as string;
  });
  const [here, there] = [(await early) ?? "", (await late) ?? ""];
  assert.deepEqual(await saysOf(ahead, there, typeId), []);
  await advance(ahead, 11);
  const [problem] = await saysOf(ahead, there, typeId);
  assert.equal(problem.code, "nationality_restricted");
  assert.equal(problem.message, `Restricted since ${rule.effectiveFrom}: dated.`);
  assert.deepEqual(await saysOf(mine, here, typeId), [], "for others it does not hold yet");
  await advance(ahead, 10);
  assert.deepEqual(await saysOf(ahead, there, typeId), [], "it is over");
});

const advance = (own: TestOrganization, days: number) =>
  asOwner(
    server.database.url,
    "update organization_clocks set offset_ms = offset_ms + $2 where organization_id = $1",
    [own.id, days * 86_400_000],
  );
