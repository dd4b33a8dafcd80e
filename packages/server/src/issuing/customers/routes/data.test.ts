import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../../test/harness/database.ts";
import { giveDocuments, givePeople } from "../../../../test/harness/evidence.ts";
import { startTestServer } from "../../../../test/harness/server.ts";
import { inWork } from "../../../../test/harness/work.ts";
import type { OrganizationId } from "../../../foundation/ids/ids.ts";
import { destroySubjectKey } from "../../../records/vault/actions.ts";
import { business, person, residence } from "../fixture.ts";
import { countryNeeds, levelNeeds } from "../model/levels.ts";
import { needs as allNeeds, customerFields, evidenceNeeds, type Need } from "../model.ts";
import { personalFields } from "../schema.ts";

const server = await startTestServer();
const mine = await server.newOrganization();
const other = await server.newOrganization();

type Answer = Awaited<ReturnType<typeof mine.call>>;

const codeOf = ({ status, body }: Answer) => `${status} ${body.code ?? body.status}`;

const problemsOf = ({ body }: Answer): string[] =>
  body.errors.map(({ code, field }: { code: string; field: string }) => `${field}: ${code}`);

/** Creates a customer, and leaves out what stands in no other answer: its private link. */
const create = async (body: object, call = mine.call) => {
  const answer = await call("POST", "/customers", { type: "individual", level: "basic", ...body });
  const { verification: _, ...shown } = answer.body;
  return { ...answer, body: shown };
};

/** What meets each level's need of documents, by type of customer. */
const papers = {
  individual: ["passport", "proof_of_address", "selfie"],
  business: ["company_register", "proof_of_address"],
} as const;

/** As `create`, and its documents are given: as it is then. */
async function createWhole(body: Readonly<Record<string, unknown>>, call = mine.call) {
  const { id } = (await create(body, call)).body;
  const isBusiness = body.type === "business";
  await giveDocuments(call, id, papers[isBusiness ? "business" : "individual"]);
  if (isBusiness) await givePeople(call, id);
  return call("GET", `/customers/${id}`);
}

const patch = (id: string, body: object) => mine.call("PATCH", `/customers/${id}`, body);

test("201: type and level are enough, and the answer lists exactly what is missing", async () => {
  const { status, body } = await create({});
  assert.equal(status, 201);
  const { id, createdAt, statusSince, ...rest } = body;
  assert.match(id, /^cus_/);
  assert.equal(createdAt, statusSince);
  assert.deepEqual(rest, {
    organizationId: mine.id,
    externalId: null,
    type: "individual",
    level: "basic",
    status: "needs_information",
    statusReasons: [],
    statusBeforeHold: null,
    canResubmit: null,
    missing: [...levelNeeds.individual.basic],
    evidence: [],
    ...Object.fromEntries(personalFields.map((field) => [field, null])),
    retainUntil: null,
    legalHold: null,
    erasedAt: null,
    version: 1,
  });
});

test("with everything its level needs a customer is in review, at level minimum active at once", async () => {
  for (const level of ["basic", "advanced"]) {
    assert.equal((await createWhole({ ...person, level })).body.status, "pending", level);
    const company = await createWhole({ ...business, type: "business", level });
    assert.equal(company.body.status, "pending", level);
  }
  const { firstName, lastName, birthDate } = person;
  const least = await create({ firstName, lastName, birthDate, level: "minimum" });
  assert.equal(least.body.status, "active");
  assert.deepEqual(least.body.missing, []);
});

test("what is given is read back, the legal name of an individual put together", async () => {
  const { body } = await create({ ...person, externalId: "person-1" });
  for (const [field, value] of Object.entries(person)) assert.deepEqual(body[field], value, field);
  assert.equal(body.legalName, "Ada Example");
  assert.deepEqual((await mine.call("GET", `/customers/${body.id}`)).body, body);
  assert.deepEqual((await mine.call("GET", "/customers/external:person-1")).body, body);
  const company = await create({ ...business, type: "business" });
  assert.equal(company.body.legalName, business.legalName);
});

test("a level of minimum completed by a change is active by itself", async () => {
  const { body } = await create({ level: "minimum", firstName: "Ada", lastName: "Example" });
  assert.deepEqual(body.missing, ["birthDate"]);
  assert.equal((await patch(body.id, { birthDate: "1990-05-17" })).body.status, "active");
});

test("null in a new customer is the same as left out; in a change it clears", async () => {
  const nulls = Object.fromEntries(
    customerFields.filter((field) => !field.includes(".")).map((field) => [field, null]),
  );
  const { status, body } = await create({ ...nulls, residence: null, externalId: null });
  assert.equal(status, 201);
  assert.equal(body.missing.length, levelNeeds.individual.basic.length);
  const full = await create({ ...person, externalId: "to-clear" });
  const cleared = await patch(full.body.id, { phone: null, externalId: null });
  assert.deepEqual([cleared.body.phone, cleared.body.externalId], [null, null]);
  assert.equal((await create({ externalId: "to-clear" })).status, 201);
});

test("a residence that is given replaces the whole; its parts may be left out", async () => {
  const { body } = await createWhole({ ...person });
  const next = { country: "DEU", line1: "Example Street 9", city: "Hamburg" };
  const changed = await patch(body.id, { residence: next });
  assert.equal(changed.body.status, "pending");
  assert.deepEqual(changed.body.residence, {
    ...next,
    line2: null,
    region: null,
    postalCode: null,
  });
  const { country } = residence;
  const bare = await patch(body.id, { residence: { country } });
  assert.deepEqual(problemsOf(bare), [
    "residence.line1: information_required",
    "residence.city: information_required",
  ]);
});

test("422 customer_invalid names every wrong field, and nothing is made", async () => {
  const wrong = {
    firstName: "Test",
    lastName: "12345",
    birthDate: "2024-02-29",
    nationality: "XKX",
    residence: { country: "ZZZ" },
    email: "ada@example",
    phone: "030 1234",
    externalId: "wrong",
  };
  const answer = await create(wrong);
  assert.equal(codeOf(answer), "422 customer_invalid");
  assert.deepEqual(problemsOf(answer), [
    "firstName: name_invalid",
    "lastName: name_invalid",
    "birthDate: age_too_low",
    "nationality: country_unknown",
    "residence.country: country_unknown",
    "email: email_invalid",
    "phone: phone_invalid",
  ]);
  assert.ok(answer.body.errors.every((one: { remedy?: string }) => one.remedy));
  assert.equal((await mine.call("GET", "/customers/external:wrong")).status, 404);
});

test("a customer is of age from its eighteenth birthday on, by the organization's clock", async () => {
  const now = new Date();
  const birthday = (days: number) => {
    const at = new Date(
      Date.UTC(now.getUTCFullYear() - 18, now.getUTCMonth(), now.getUTCDate() + days),
    );
    return at.toISOString().slice(0, 10);
  };
  assert.equal((await create({ birthDate: birthday(-1) })).status, 201);
  assert.deepEqual(problemsOf(await create({ birthDate: birthday(2) })), [
    "birthDate: age_too_low",
  ]);
  await asOwner(
    server.database.url,
    `insert into organization_clocks (organization_id, offset_ms) values ($1, $2)
     on conflict (organization_id) do update set offset_ms = excluded.offset_ms`,
    [other.id, 3 * 86_400_000],
  );
  assert.equal((await create({ birthDate: birthday(2) }, other.call)).status, 201);
});

test("400: what is ill-typed, too long or unknown is named", async () => {
  const lines: readonly [object, string][] = [
    [{ type: "person" }, "type"],
    [{ level: "full" }, "level"],
    [{ firstName: 7 }, "firstName"],
    [{ firstName: "" }, "firstName"],
    [{ firstName: "x".repeat(101) }, "firstName"],
    [{ legalName: "x".repeat(201) }, "legalName"],
    [{ birthDate: "1990-02-30" }, "birthDate"],
    [{ birthDate: "17.05.1990" }, "birthDate"],
    [{ nationality: "de" }, "nationality"],
    [{ residence: { line1: "x" } }, "residence.country"],
    [{ residence: { country: "DEU", street: "x" } }, "residence.street"],
    [{ externalId: "x".repeat(256) }, "externalId"],
    [{ externalId: "" }, "externalId"],
    [{ email: ["ada@example.com"] }, "email"],
    [{ status: "active" }, "status"],
    [{ missing: [] }, "missing"],
  ];
  for (const [body, field] of lines) {
    const answer = await create(body);
    assert.equal(codeOf(answer), "400 invalid_request", JSON.stringify(body));
    const fields = answer.body.errors.map((one: { field: string }) => one.field);
    assert.ok(fields.includes(field), `${field}: ${fields}`);
  }
  const { id } = (await create({})).body;
  for (const body of [{}, { type: "business" }, { status: "active" }, { level: null }]) {
    assert.equal(codeOf(await patch(id, body)), "400 invalid_request", JSON.stringify(body));
  }
});

test("409 external_id_taken: once in an organization, as often as there are organizations", async () => {
  assert.equal((await create({ externalId: "one" })).status, 201);
  const again = await create({ externalId: "one" });
  assert.equal(codeOf(again), "409 external_id_taken");
  assert.deepEqual(problemsOf(again), ["externalId: external_id_taken"]);
  assert.equal((await create({ externalId: "one" }, other.call)).status, 201);
  const { id } = (await create({ externalId: "two" })).body;
  assert.equal(codeOf(await patch(id, { externalId: "one" })), "409 external_id_taken");
  assert.equal((await mine.call("GET", "/customers/external:two")).body.id, id);
});

test("of twenty customers with one external id, created at once, one is made", async () => {
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => create({ externalId: "race" })),
  );
  const codes = answers.map(({ status }) => status);
  assert.equal(codes.filter((status) => status === 201).length, 1);
  assert.equal(codes.filter((status) => status === 409).length, 19);
});

test("changes at once all take effect, one version each", async () => {
  const { id } = (await create(person)).body;
  const changes = Array.from({ length: 12 }, (_, index) => ({ email: `ada${index}@example.com` }));
  const answers = await Promise.all(changes.map((change) => patch(id, change)));
  const versions = answers.map(({ body }) => body.version).sort((a, b) => a - b);
  assert.deepEqual(
    versions,
    Array.from({ length: 12 }, (_, index) => index + 2),
  );
});

test("404: another organization's customer answers as one that does not exist", async () => {
  const { id } = (await create({ externalId: "private" })).body;
  for (const path of [id, "external:private", "cus_unknown"]) {
    const answer = await other.call("GET", `/customers/${path}`);
    assert.equal(codeOf(answer), "404 not_found", path);
    const change = await other.call("PATCH", `/customers/${path}`, { email: "a@example.com" });
    assert.equal(codeOf(change), "404 not_found", path);
    const history = await other.call("GET", `/customers/${path}/status-history`);
    assert.equal(codeOf(history), "404 not_found", path);
  }
});

test("the platform reads every organization's customers by id, and lists them by organization", async () => {
  const { body } = await create({ externalId: "seen" });
  assert.deepEqual((await server.call("GET", `/customers/${body.id}`)).body, body);
  assert.equal((await server.call("GET", "/customers/external:seen")).status, 404);
  const theirs = await server.call("GET", `/customers?organizationId=${other.id}&limit=100`);
  assert.ok(theirs.body.data.length > 0);
  for (const customer of theirs.body.data) assert.equal(customer.organizationId, other.id);
  const all = await server.call("GET", "/customers?limit=100");
  const owners = new Set(
    all.body.data.map((one: { organizationId: string }) => one.organizationId),
  );
  assert.deepEqual([...owners].sort(), [mine.id, other.id].sort());
  assert.equal(codeOf(await create({}, server.call)), "403 key_of_wrong_audience");
});

test("lists are filtered by status, type, level, external id and time of creation, in pages", async () => {
  const owner = await server.newOrganization();
  const make = async (body: object) => (await create(body, owner.call)).body;
  const whole = async (body: Readonly<Record<string, unknown>>) =>
    (await createWhole(body, owner.call)).body;
  const first = await whole({ ...person, externalId: "a" });
  const second = await whole({ ...business, type: "business", externalId: "b" });
  const third = await make({ level: "minimum" });
  const idsOf = async (query: string) => {
    const answer = await owner.call("GET", `/customers?${query}`);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body.data.map(({ id }: { id: string }) => id);
  };
  assert.deepEqual(await idsOf(""), [third.id, second.id, first.id]);
  assert.deepEqual(await idsOf("status=pending"), [second.id, first.id]);
  assert.deepEqual(await idsOf("type=business"), [second.id]);
  assert.deepEqual(await idsOf("level=minimum"), [third.id]);
  assert.deepEqual(await idsOf("externalId=a"), [first.id]);
  assert.deepEqual(await idsOf(`from=${second.createdAt}&to=${third.createdAt}`), [second.id]);
  assert.deepEqual(await idsOf("from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59Z"), [
    third.id,
    second.id,
    first.id,
  ]);
  const page = await owner.call("GET", "/customers?limit=2");
  assert.deepEqual(await idsOf(`limit=2&cursor=${page.body.nextCursor}`), [first.id]);
  for (const query of [
    "status=new",
    "from=yesterday",
    "limit=0",
    "limit=101",
    "cursor=x",
    "name=x",
  ]) {
    const answer = await owner.call("GET", `/customers?${query}`);
    assert.equal(codeOf(answer), "400 invalid_request", query);
  }
});

test("the levels and their needs are published, in the order of the fields", async () => {
  const { body } = await mine.call("GET", "/verification-levels");
  assert.equal(body.minimumAge, 18);
  assert.equal(body.data.length, 6);
  const order = (need: Need) => allNeeds.indexOf(need);
  for (const { type, level, needs, reviewed } of body.data) {
    assert.deepEqual(needs, [...levelNeeds[type as "business"][level as "basic"]]);
    assert.deepEqual(
      needs,
      [...needs].sort((a, b) => order(a) - order(b)),
    );
    assert.equal(reviewed, level !== "minimum");
  }
  assert.deepEqual(
    body.countries,
    countryNeeds.map(({ from, ...law }) => ({ ...law, fromLevel: from })),
  );
  const documents = body.evidence.map((one: { need: "documents.identity"; oneOf: string[] }) => {
    assert.deepEqual(one.oneOf, [...evidenceNeeds[one.need]]);
    return one.need;
  });
  assert.deepEqual(documents, Object.keys(evidenceNeeds));
  assert.equal((await server.call("GET", "/verification-levels")).status, 200);
});

test("each change is one event with what was before; equal values make none", async () => {
  const { body: bare } = await create(person);
  await giveDocuments(mine.call, bare.id);
  const { body } = await mine.call("GET", `/customers/${bare.id}`);
  const changed = await patch(body.id, { email: "grace@example.com" });
  assert.deepEqual((await patch(body.id, { email: "grace@example.com" })).body, changed.body);
  const again = await patch(body.id, { nationality: "FRA" });
  await server.call("POST", `/customers/${body.id}/approve`);
  const asked = await patch(body.id, { lastName: "Sample" });
  await server.sequence();
  const { body: events } = await mine.call("GET", `/events?objectId=${body.id}`);
  const seen = events.data.map(({ type, objectVersion }: { type: string; objectVersion: number }) =>
    [type, objectVersion].join(" "),
  );
  assert.deepEqual(seen, [
    "customer.created 1",
    "customer.submitted 2",
    "customer.updated 3",
    "customer.updated 4",
    "customer.approved 5",
    "customer.update_requested 6",
  ]);
  assert.deepEqual(events.data[0].data, { object: bare });
  assert.deepEqual(events.data[1].data.object, body);
  assert.deepEqual(events.data[2].data, {
    object: changed.body,
    previous: { email: person.email },
  });
  assert.deepEqual(events.data[3].data.object, again.body);
  const { status, statusSince, lastName, legalName } = events.data[5].data.previous;
  assert.deepEqual([status, lastName, legalName], ["active", "Example", "Ada Example"]);
  assert.notEqual(statusSince, asked.body.statusSince);
});

test("personal data is nowhere in the events and the audit log in clear, and null without its key", async () => {
  const secret = {
    ...person,
    firstName: "Zyxwvu",
    lastName: "Tsrqpo",
    email: "nmlkji@example.com",
    phone: "+4915799887766",
    nationalId: "ZZ9988776655",
    birthDate: "1971-03-09",
    residence: { ...residence, line1: "Hgfedc Street 44" },
  };
  const { body } = await create(secret);
  await patch(body.id, { lastName: "Ponmlk" });
  await server.sequence();
  const rows = await asOwner<{ text: string }>(
    server.database.url,
    `select e::text as text from events e where object_id = $1
     union all select a::text from audit_log a
     where a::text like '%' || $1 || '%'`,
    [body.id],
  );
  assert.ok(rows.length >= 4);
  const words = ["Zyxwvu", "Tsrqpo", "Ponmlk", "nmlkji", "99887766", "1971-03-09", "Hgfedc"];
  for (const { text } of rows) {
    for (const word of words)
      assert.ok(!text.includes(word), `${word} is in ${text.slice(0, 200)}`);
  }
  const { database, context } = server;
  const owner = mine.id as OrganizationId;
  await inWork(database.app, owner, context.keys, (work) =>
    destroySubjectKey(work, body.id, "other"),
  );
  const { body: events } = await mine.call("GET", `/events?objectId=${body.id}`);
  const [created, updated] = events.data;
  for (const field of personalFields) assert.equal(created.data.object[field], null, field);
  assert.equal(updated.data.previous.lastName, null);
  assert.equal(created.data.object.status, "needs_information");
});

test("the same idempotency key creates one customer, and answers with it again", async () => {
  const send = () =>
    mine.call(
      "POST",
      "/customers",
      { type: "individual", level: "basic" },
      { idempotencyKey: "customer-1" },
    );
  const [first, second] = [await send(), await send()];
  assert.equal(second.headers.get("idempotency-replayed"), "true");
  const verification = { ...first.body.verification, link: null };
  assert.deepEqual(second.body, { ...first.body, verification, secretOmitted: true });
});

test("409: a closed organization creates and changes no customers; a suspended one does", async () => {
  const owner = await server.newOrganization();
  const { id } = (await create({}, owner.call)).body;
  const status = (value: string) =>
    asOwner(server.database.url, "update organizations set status = $2 where id = $1", [
      owner.id,
      value,
    ]);
  await status("suspended");
  assert.equal((await create({}, owner.call)).status, 201);
  await status("closed");
  assert.equal(codeOf(await create({}, owner.call)), "409 organization_closed");
  const change = await owner.call("PATCH", `/customers/${id}`, { email: "a@example.com" });
  assert.equal(codeOf(change), "409 organization_closed");
  assert.equal((await owner.call("GET", `/customers/${id}`)).status, 200);
});
