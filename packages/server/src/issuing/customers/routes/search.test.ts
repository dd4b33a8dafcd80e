import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../../test/harness/database.ts";
import { startTestServer } from "../../../../test/harness/server.ts";
import { business, person } from "../fixture.ts";

/** Customers are found by what a person knows of them. */
const server = await startTestServer();
const [own, other] = [await server.newOrganization(), await server.newOrganization()];

const create = async (body: object, call = own.call): Promise<string> => {
  const answer = await call("POST", "/customers", { type: "individual", level: "basic", ...body });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return answer.body.id;
};

const found = async (search: string, more = "", call = own.call): Promise<string[]> => {
  const answer = await call("GET", `/customers?search=${encodeURIComponent(search)}${more}`);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body.data.map(({ id }: { id: string }) => id);
};

const known = { ...person, firstName: "Ágnes", lastName: "Óvári", externalId: "EMP-0001" };
const agnes = await create(known);
const firm = await create({ ...business, type: "business", legalName: "Nordlicht 24 GmbH" });
const odd = await create({ firstName: "Percy", lastName: "Underscore", externalId: "50%_off" });
const theirs = await create(known, other.call);

test("a customer is found by how its name begins, in any case", async () => {
  for (const search of ["óv", "ÓVÁRI", "ágnes Óv", "  agnes".trim().replace("a", "á")]) {
    assert.deepEqual(await found(search), [agnes], search);
  }
  for (const search of ["nordl", "NORDLICHT 24"]) assert.deepEqual(await found(search), [firm]);
  for (const search of ["vári", "Nobody"]) assert.deepEqual(await found(search), [], search);
});

test("a customer is found by a whole e-mail address, phone number, national id or own id, and by no part", async () => {
  for (const search of ["ADA@example.com", "x-1234567", "EMP-0001"]) {
    assert.deepEqual(await found(search), [agnes], search);
  }
  assert.deepEqual((await found(person.phone)).sort(), [agnes, firm].sort());
  for (const search of ["ada@", "+4930", "EMP-", "1234567"]) {
    assert.deepEqual(await found(search), [], search);
  }
  assert.deepEqual(await found("50%_off"), [odd]);
  assert.deepEqual(await found("%"), []);
  assert.deepEqual(await found("_"), []);
});

test("a national id is found by every way to write its signs, with letters beyond ASCII in it, too", async () => {
  const id = await create({ firstName: "Nora", lastName: "Number", nationalId: "Ж-12/34 Ä" });
  for (const search of ["Ж-12/34 Ä", "Ж1234Ä", "Ж 12 34-Ä"]) {
    assert.deepEqual(await found(search), [id], search);
  }
  const digits = await create({ firstName: "Nabil", lastName: "Digits", nationalId: "١٢٣" });
  assert.ok(!(await found("٤٥٦")).includes(digits), "of another number nothing is left, either");
});

test("a search goes with the other filters, and never into another organization", async () => {
  assert.deepEqual(await found("óv", "&type=business"), []);
  assert.deepEqual(await found("óv", "", other.call), [theirs]);
  assert.deepEqual((await found("óv", "", server.call)).sort(), [agnes, theirs].sort());
  assert.deepEqual(await found("óv", `&organizationId=${other.id}`, server.call), [theirs]);
  for (const search of ["", "%20", "x".repeat(101)]) {
    assert.equal((await own.call("GET", `/customers?search=${search}`)).status, 400, search);
  }
});

test("a deleted customer is not found by what it was", async () => {
  const id = await create({ firstName: "Gone", lastName: "Quickly", email: "gone@example.com" });
  assert.deepEqual(await found("quickly"), [id]);
  assert.equal((await own.call("DELETE", `/customers/${id}`)).status, 200);
  for (const search of ["quickly", "gone@example.com"]) assert.deepEqual(await found(search), []);
});

test("among many customers a search goes by indexes", async () => {
  await asOwner(
    server.database.url,
    `insert into customers select (jsonb_populate_record(c, jsonb_build_object('id', c.id || n,
       'external_id', 'many-' || n, 'last_name', 'Name ' || n, 'email', 'many' || n || '@example.com',
       'phone', '+4930' || 1000000 + n, 'national_id', 'M' || n))).*
     from customers c, generate_series(1, 20000) n where c.id = $1`,
    [agnes],
  );
  await asOwner(server.database.url, "vacuum analyze customers");
  await asOwner(server.database.url, "select pg_stat_reset()");
  for (const search of ["name 777", "many7@example.com", "many-9", "M-42", "+49301000003"]) {
    assert.ok((await found(search)).length > 0, search);
  }
  await asOwner(server.database.url, "select pg_stat_force_next_flush()").catch(() => undefined);
  const [stats] = await asOwner<{ read: string }>(
    server.database.url,
    "select seq_tup_read::text as read from pg_stat_user_tables where relname = 'customers'",
  );
  // What is flushed late is of the few rows that there were before.
  assert.ok(Number(stats?.read) < 1_000, `${stats?.read} rows were read one after the other`);
});
