import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../test/harness/database.ts";
import { giveDocuments, owner } from "../../../test/harness/evidence.ts";
import { startTestServer } from "../../../test/harness/server.ts";
import { createLog } from "../../foundation/log/log.ts";
import { business } from "../../issuing/customers/fixture.ts";
import { CONSENT_VERSION } from "../../issuing/customers/model/sessions.ts";
import { listed, load } from "../../issuing/screening/fixture.ts";
import { askWith, type Reply, secretOf } from "./fixture.ts";

const lines: string[] = [];
const log = createLog("trace", { write: (line) => lines.push(line) });
const server = await startTestServer({ log });
const own = await server.newOrganization({ name: "Example Shop" });
const ask = askWith(server);
const consent = { version: CONSENT_VERSION, language: "en" };
const director = { ...owner, firstName: "Ada", roles: ["director"] };

/** A business that lacks its people alone, in a session of its own. */
async function begin(terms: object = {}) {
  const body = { type: "business", level: "basic", ...business, ...terms };
  const { id, verification } = (await own.call("POST", "/customers", body)).body;
  await giveDocuments(own.call, id, ["company_register"]);
  const { body: started } = await ask("POST", "exchange", { secret: secretOf(verification.link) });
  const options = { bearer: started.bearer as string };
  const give = (person: object) => ask("POST", "people", person, options);
  return { id, session: started.session, sessionId: verification.sessionId, options, give };
}

const problemsOf = ({ status, body }: Reply) => [
  status,
  ...body.errors.map((one: { field: string; code: string }) => `${one.field} ${one.code}`),
];

const read = async (id: string) => (await own.call("GET", `/customers/${id}`)).body;
const peopleOf = async (id: string) => (await own.call("GET", `/customers/${id}/people`)).body.data;

test("a business gives who directs and owns it: they count once that is submitted", async () => {
  const { id, options, give } = await begin();
  const { body: session } = await ask("GET", "session", undefined, options);
  assert.deepEqual(session.wanted.people, [
    { need: "people.director", role: "director" },
    { need: "people.beneficialOwner", role: "beneficial_owner" },
  ]);
  await give(director);
  const { status, body } = await give({ ...owner, ownershipBasisPoints: 2_500 });
  assert.equal(status, 200, JSON.stringify(body));
  const resumed = (await ask("GET", "session", undefined, options)).body.people;
  assert.deepEqual(
    resumed.map((one: Record<string, unknown>) => [one.firstName, one.ownershipBasisPoints]),
    [
      ["Ada", null],
      ["Grace", 2_500],
    ],
  );
  assert.deepEqual([(await read(id)).status, await peopleOf(id)], ["needs_information", []]);
  const done = await ask("POST", "submit", { consent }, options);
  assert.deepEqual([done.body.outcome, done.body.people], ["in_review", []]);
  const after = await read(id);
  assert.deepEqual([after.status, after.missing], ["pending", []]);
  const given = resumed.map((one: { id: string }) => one.id).sort();
  assert.deepEqual((await peopleOf(id)).map((one: { id: string }) => one.id).sort(), given);
});

test("people of a session lie sealed, are announced by it when they count, and are not logged", async () => {
  const { id, sessionId, options, give } = await begin();
  await give({ ...owner, firstName: "Hypatia" });
  const rows = await asOwner<{ text: string }>(
    server.database.url,
    "select s::text || encode(s.draft, 'escape') as text from verification_sessions s where customer_id = $1",
    [id],
  );
  assert.equal(rows.length, 1);
  assert.ok(!/Hypatia|1970-12-09/.test(rows[0]?.text ?? ""));
  await ask("POST", "submit", { consent }, options);
  await server.sequence();
  const [person] = await peopleOf(id);
  const events = await own.call("GET", `/events?objectId=${person.id}`);
  assert.deepEqual(
    events.body.data.map(({ type }: { type: string }) => type),
    ["person.added"],
  );
  const audit = await own.call("GET", `/audit-log?actorId=${sessionId}`);
  const actions = audit.body.data.map((one: { action: string }) => one.action);
  assert.deepEqual(actions, ["submitVerification", "givePerson", "startVerification"]);
  assert.ok(!/Hypatia|1970-12-09/.test(JSON.stringify(audit.body) + lines.join("\n")));
});

test("who was given is changed and left out again, by this session alone", async () => {
  const { options, give } = await begin();
  const [{ id }] = (await give(owner)).body.people;
  const changed = await ask("PATCH", `people/${id}`, { lastName: "Sample" }, options);
  assert.deepEqual(
    changed.body.people.map((one: Record<string, unknown>) => [one.firstName, one.lastName]),
    [["Grace", "Sample"]],
  );
  const other = await begin();
  for (const [method, body] of [["PATCH", { lastName: "Other" }], ["DELETE"]] as const) {
    assert.equal((await ask(method, `people/${id}`, body, other.options)).status, 404, method);
  }
  const gone = await ask("DELETE", `people/${id}`, undefined, options);
  assert.deepEqual(gone.body.people, []);
});

test("who is sent twice is there once", async () => {
  const { give } = await begin();
  await give(owner);
  const { body } = await give(owner);
  assert.equal(body.people.length, 1);
  assert.equal((await give({ ...owner, firstName: "Ada" })).body.people.length, 2);
});

test("422: the rules are those of the API, by the same names, and nothing is kept", async () => {
  const { id, options, give } = await begin();
  await own.call("POST", `/customers/${id}/people`, {
    ...owner,
    roles: ["beneficial_owner"],
    ownershipBasisPoints: 6_000,
  });
  for (const [wrong, problem] of [
    [{ firstName: "Test" }, "firstName name_invalid"],
    [{ birthDate: "1850-01-01" }, "birthDate birth_date_invalid"],
    [{ birthDate: "2020-01-01" }, "birthDate age_too_low"],
    [{ nationality: "ABC" }, "nationality country_unknown"],
    [{ residenceCountry: "ABC" }, "residenceCountry country_unknown"],
    [
      { roles: ["director"], ownershipBasisPoints: 1 },
      "ownershipBasisPoints ownership_without_role",
    ],
    [{ ownershipBasisPoints: 4_001 }, "ownershipBasisPoints ownership_exceeds_whole"],
  ] as const) {
    const body = { ...owner, ...wrong };
    const [, ...api] = problemsOf(
      (await own.call("POST", `/customers/${id}/people`, body)) as Reply,
    );
    const [status, ...found] = problemsOf(await give(body));
    assert.deepEqual([status, found], [422, [problem]]);
    assert.deepEqual(found, api);
  }
  assert.equal((await give({ ...owner, ownershipBasisPoints: 0 })).status, 400);
  assert.deepEqual((await ask("GET", "session", undefined, options)).body.people, []);
});

test("people are asked of a business that lacks them, and of nobody else", async () => {
  const { id, options, give } = await begin();
  await give(director);
  const missing = await ask("POST", "submit", { consent }, options);
  assert.deepEqual(problemsOf(missing), [422, "people.beneficialOwner information_required"]);
  await own.call("POST", `/customers/${id}/people`, owner);
  const late = await give(owner);
  assert.deepEqual([late.status, late.body.code], [422, "people_not_asked"]);
  const individual = { type: "individual", level: "basic" };
  const { verification } = (await own.call("POST", "/customers", individual)).body;
  const { body } = await ask("POST", "exchange", { secret: secretOf(verification.link) });
  const given = await ask("POST", "people", owner, { bearer: body.bearer });
  assert.deepEqual([given.status, given.body.code], [422, "people_not_asked"]);
});

test("a business that lacks nothing but its people gets a link", async () => {
  const { id } = await begin();
  const opened = await own.call("POST", `/customers/${id}/verification-sessions`, {});
  assert.equal(opened.status, 201, JSON.stringify(opened.body));
});

test("each of several people who may be on a list is a hit, and the page does not tell", async () => {
  const entries = [listed("1", "Zoltan Qwertin"), listed("2", "Yusuf Vexalov")];
  await load(server.database.app, entries);
  const { id, options, give } = await begin();
  await give({ ...owner, firstName: "Zoltan", lastName: "Qwertin" });
  await give({ ...director, firstName: "Yusuf", lastName: "Vexalov" });
  const { body } = await ask("POST", "submit", { consent }, options);
  assert.equal(body.outcome, "in_review", JSON.stringify(body));
  const { status, statusBeforeHold } = await read(id);
  assert.deepEqual([status, statusBeforeHold], ["on_hold", "pending"]);
  const hits = await server.call("GET", `/screening-hits?subjectId=${id}`);
  assert.equal(hits.body.data.length, 2);
});

test("a person who types a name that may be on a list is not done at once at level minimum, and the page does not tell", async () => {
  await load(server.database.app, [listed("1", "Zoltan Qwertin")]);
  const { id, verification } = (
    await own.call("POST", "/customers", { type: "individual", level: "minimum" })
  ).body;
  const { body } = await ask("POST", "exchange", { secret: secretOf(verification.link) });
  const options = { bearer: body.bearer };
  const details = { firstName: "Zoltan", lastName: "Qwertin", birthDate: "1980-01-02" };
  await ask("PUT", "details", details, options);
  const before = await server.call("GET", `/screening-hits?subjectId=${id}`);
  assert.deepEqual(before.body.data, [], "not before it is submitted");
  const done = await ask("POST", "submit", { consent }, options);
  assert.equal(done.body.outcome, "in_review", JSON.stringify(done.body));
  assert.ok(!/sanction|hold|list/i.test(JSON.stringify(done.body)));
  const { status, statusBeforeHold } = await read(id);
  assert.deepEqual([status, statusBeforeHold], ["on_hold", "active"]);
});

test("a director whom the platform asks for anew answers it, whoever is there already", async () => {
  const { id } = await begin();
  await own.call("POST", `/customers/${id}/people`, owner);
  const request = { reasons: ["Who signs?"], fields: ["people.director"] };
  const asked = await server.call("POST", `/customers/${id}/request-information`, request);
  assert.equal(asked.status, 200, JSON.stringify(asked.body));
  const opened = await own.call("POST", `/customers/${id}/verification-sessions`, {});
  const { body } = await ask("POST", "exchange", { secret: secretOf(opened.body.link) });
  const options = { bearer: body.bearer };
  assert.deepEqual(
    body.session.wanted.people.map(({ need }: { need: string }) => need),
    ["people.director"],
  );
  await ask("POST", "people", director, options);
  await ask("POST", "submit", { consent }, options);
  assert.deepEqual((await read(id)).status, "pending");
});

test("people of a business that was rejected and may submit again come with the rest of it", async () => {
  const { id, options, give } = await begin({ email: null });
  await server.call("POST", `/customers/${id}/reject`, { reasons: ["The name is another."] });
  await give(owner);
  const { nationality: _, phone: __, ...asked } = business;
  await ask("PUT", "details", { ...asked, legalName: "Other GmbH" }, options);
  const { body } = await ask("POST", "submit", { consent }, options);
  assert.equal(body.outcome, "in_review", JSON.stringify(body));
  const { status, evidence } = await read(id);
  assert.deepEqual(
    [status, evidence],
    ["pending", ["company_register", "director", "beneficial_owner"]],
  );
});
