import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../../test/harness/database.ts";
import { giveDocuments, givePeople, owner } from "../../../../test/harness/evidence.ts";
import { startTestServer } from "../../../../test/harness/server.ts";
import { business, person } from "../fixture.ts";
import { MAX_PEOPLE } from "../model/people.ts";

const server = await startTestServer();
const own = await server.newOrganization();
const other = await server.newOrganization();

type Answer = Awaited<ReturnType<typeof own.call>>;

const codeOf = ({ status, body }: Answer) => `${status} ${body.code ?? "done"}`;
const problemsOf = ({ body }: Answer): string[] =>
  body.errors.map(({ code, field }: { code: string; field: string }) => `${field}: ${code}`);

const newBusiness = async (): Promise<string> => {
  const body = { type: "business", level: "basic", ...business };
  const { id } = (await own.call("POST", "/customers", body)).body;
  await giveDocuments(own.call, id, ["company_register"]);
  return id;
};

const activeBusiness = async (): Promise<string> => {
  const id = await newBusiness();
  await givePeople(own.call, id);
  assert.equal((await server.call("POST", `/customers/${id}/approve`)).status, 200);
  return id;
};

const add = (id: string, body: object = {}) =>
  own.call("POST", `/customers/${id}/people`, { ...owner, ...body });

const statusOf = async (id: string): Promise<string> =>
  (await own.call("GET", `/customers/${id}`)).body.status;

test("a business needs a director and a beneficial owner; one person can be both", async () => {
  const id = await newBusiness();
  const read = async () => (await own.call("GET", `/customers/${id}`)).body;
  assert.deepEqual((await read()).missing, ["people.director", "people.beneficialOwner"]);
  await add(id, { roles: ["director"] });
  assert.deepEqual((await read()).missing, ["people.beneficialOwner"]);
  const { body } = await add(id, { roles: ["beneficial_owner"], ownershipBasisPoints: 5_000 });
  assert.deepEqual([body.ownershipBasisPoints, body.customerId, body.version], [5_000, id, 1]);
  const { status, evidence } = await read();
  assert.deepEqual(
    [status, evidence],
    ["pending", ["company_register", "director", "beneficial_owner"]],
  );
  const both = await newBusiness();
  await givePeople(own.call, both);
  assert.equal(await statusOf(both), "pending");
});

test("who directs and owns an active business was verified: a change is reviewed again", async () => {
  for (const change of [
    (id: string) => add(id, { roles: ["director"] }),
    async (id: string) => {
      const { body } = await own.call("GET", `/customers/${id}/people`);
      const path = `/customers/${id}/people/${body.data[0].id}`;
      return own.call("PATCH", path, { lastName: "Sample" });
    },
  ]) {
    const id = await activeBusiness();
    assert.equal(await statusOf(id), "active");
    assert.ok((await change(id)).status < 300);
    assert.equal(await statusOf(id), "update_requested");
  }
});

test("person_needed: the last of a role stays until there is a successor", async () => {
  const id = await activeBusiness();
  const { body } = await own.call("GET", `/customers/${id}/people`);
  const path = `/customers/${id}/people/${body.data[0].id}`;
  assert.equal(codeOf(await own.call("DELETE", path)), "409 person_needed");
  const less = await own.call("PATCH", path, { roles: ["director"] });
  assert.equal(codeOf(less), "409 person_needed");
  assert.equal(await statusOf(id), "active");
  await add(id, { firstName: "Alan" });
  const removed = await own.call("DELETE", path);
  assert.equal(removed.status, 200);
  assert.notEqual(removed.body.removedAt, null);
  assert.equal(codeOf(await own.call("DELETE", path)), "409 person_removed");
  assert.equal(codeOf(await own.call("PATCH", path, { lastName: "X" })), "409 person_removed");
});

test("422 customer_invalid names everything that cannot be right of a person", async () => {
  const id = await newBusiness();
  await add(id, { roles: ["beneficial_owner"], ownershipBasisPoints: 6_000 });
  const lines: readonly [object, string[]][] = [
    [
      { firstName: "test", birthDate: "2999-01-01" },
      ["firstName: name_invalid", "birthDate: birth_date_invalid"],
    ],
    [
      { nationality: "XXX", residenceCountry: "ZZZ" },
      ["nationality: country_unknown", "residenceCountry: country_unknown"],
    ],
    [{ birthDate: "2020-01-01" }, ["birthDate: age_too_low"]],
    [
      { roles: ["director"], ownershipBasisPoints: 1 },
      ["ownershipBasisPoints: ownership_without_role"],
    ],
    [{ ownershipBasisPoints: 4_001 }, ["ownershipBasisPoints: ownership_exceeds_whole"]],
  ];
  for (const [body, problems] of lines) {
    const answer = await add(id, body);
    assert.equal(codeOf(answer), "422 customer_invalid", JSON.stringify(body));
    assert.deepEqual(problemsOf(answer), problems);
  }
  const child = {
    roles: ["beneficial_owner"],
    birthDate: "2020-01-01",
    ownershipBasisPoints: 4_000,
  };
  assert.equal((await add(id, child)).status, 201, "a child can own; and 10,000 are the whole");
});

test("of owners added at once no more than the whole is owned", async () => {
  const id = await newBusiness();
  const half = { roles: ["beneficial_owner"], ownershipBasisPoints: 5_000 };
  const answers = await Promise.all(Array.from({ length: 6 }, () => add(id, half)));
  assert.equal(answers.filter(({ status }) => status === 201).length, 2);
});

test("409: individuals have no people; a business has at most fifty", async () => {
  const body = { type: "individual", level: "basic", ...person };
  const { id } = (await own.call("POST", "/customers", body)).body;
  assert.equal(codeOf(await add(id)), "409 people_not_for_individuals");
  const company = await newBusiness();
  const first = (await add(company, { roles: ["director"] })).body.id;
  await asOwner(
    server.database.url,
    `insert into people select organization_id, id || n, customer_id, roles, first_name, last_name,
       birth_date, nationality, residence_country, null, null, 1, created_at
     from people, generate_series(2, $2::integer) n where id = $1`,
    [first, MAX_PEOPLE],
  );
  assert.equal(codeOf(await add(company)), "409 person_limit_reached");
});

test("404: another organization's people answer as those that do not exist", async () => {
  const id = await activeBusiness();
  const { body } = await own.call("GET", `/customers/${id}/people`);
  const path = `/customers/${id}/people/${body.data[0].id}`;
  const elsewhere = await newBusiness();
  assert.equal((await server.call("GET", path)).status, 200, "the platform reads them");
  for (const call of [
    other.call("GET", path),
    other.call("DELETE", path),
    other.call("PATCH", path, { lastName: "X" }),
  ]) {
    assert.equal(codeOf(await call), "404 not_found");
  }
  const wrong = `/customers/${elsewhere}/people/${body.data[0].id}`;
  assert.equal(codeOf(await own.call("GET", wrong)), "404 not_found");
});

test("people are one event a change, their data sealed; after deletion only what the law keeps is left", async () => {
  const id = await newBusiness();
  const { body: made } = await add(id, { lastName: "Qwzxperson", nationality: "FRA" });
  await own.call("PATCH", `/customers/${id}/people/${made.id}`, { lastName: "Qwzxother" });
  await server.sequence();
  const read = async () => (await own.call("GET", `/events?objectId=${made.id}`)).body.data;
  const events = await read();
  assert.deepEqual(
    events.map(({ type }: { type: string }) => type),
    ["person.added", "person.updated"],
  );
  assert.deepEqual(events[0].data, { object: made });
  assert.deepEqual(events[1].data.previous, { lastName: "Qwzxperson" });
  assert.equal((await own.call("DELETE", `/customers/${id}`)).status, 200);
  const rows = await asOwner<{ text: string }>(
    server.database.url,
    `select p::text as text from people p union all select e::text from events e
     union all select a::text from audit_log a union all select i::text from idempotency_keys i`,
  );
  assert.ok(rows.every(({ text }) => !text.includes("Qwzx")));
  assert.equal((await read())[0].data.object.lastName, null);
  const { body } = await server.call("GET", `/customers/${id}/retained`);
  assert.deepEqual(
    body.people.map((one: { lastName: string; nationality: string }) => [
      one.lastName,
      one.nationality,
    ]),
    [["Qwzxother", "FRA"]],
  );
});
