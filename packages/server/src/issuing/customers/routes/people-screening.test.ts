import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../../test/harness/database.ts";
import { giveDocuments, givePeople, owner } from "../../../../test/harness/evidence.ts";
import { dueIn, runAll } from "../../../../test/harness/jobs.ts";
import { startTestServer } from "../../../../test/harness/server.ts";
import { listed, load } from "../../screening/fixture.ts";
import { business } from "../fixture.ts";
import { customerJobs } from "../jobs.ts";

const server = await startTestServer();
const own = await server.newOrganization();
const { app } = server.database;

const zoltan = listed("1", "Zoltan Qwertin");
await load(app, [zoltan, listed("2", "Yusuf Vexalov")]);

const rescreen = customerJobs.find(({ name }) => name === "customers.rescreen");
assert.ok(rescreen);

type Hit = { readonly id: string; readonly personId: string | null; readonly sourceId: string };

const newBusiness = async (): Promise<string> => {
  const body = { type: "business", level: "basic", ...business };
  const { id } = (await own.call("POST", "/customers", body)).body;
  await giveDocuments(own.call, id, ["company_register"]);
  await givePeople(own.call, id);
  return id;
};

const add = async (id: string, firstName: string, lastName: string): Promise<string> => {
  const body = { ...owner, roles: ["director"], firstName, lastName };
  const answer = await own.call("POST", `/customers/${id}/people`, body);
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return answer.body.id;
};

const standing = async (id: string) => {
  const { status, statusBeforeHold } = (await own.call("GET", `/customers/${id}`)).body;
  return [status, statusBeforeHold];
};

const hitsOf = async (id: string): Promise<Hit[]> =>
  (await server.call("GET", `/screening-hits?subjectId=${id}`)).body.data;

const clear = (id: string) =>
  server.call("POST", `/screening-hits/${id}/clear`, { reasons: ["Another birth date."] });

test("a director who may be on a list holds the business, and the hit names the person", async () => {
  const id = await newBusiness();
  assert.deepEqual(await standing(id), ["pending", null]);
  const person = await add(id, "Zoltan", "Qwertin");
  assert.deepEqual(await standing(id), ["on_hold", "pending"]);
  const [hit, ...more] = await hitsOf(id);
  assert.deepEqual([hit?.personId, hit?.sourceId, more], [person, "1", []]);
  assert.equal((await clear(hit?.id ?? "")).status, 200);
  assert.deepEqual(await standing(id), ["pending", null]);
});

test("a business whose own name may be on a list is held, at its creation and when it changes", async () => {
  const entity = listed("9", "Qwertin Handels Kontor", { kind: "entity" });
  await load(app, [zoltan, listed("2", "Yusuf Vexalov"), entity]);
  const body = { type: "business", level: "basic", ...business };
  const make = async (legalName: string): Promise<string> =>
    (await own.call("POST", "/customers", { ...body, legalName })).body.id;
  const [created, renamed] = [await make("Qwertin Handels-Kontor GmbH"), await make("Nordlicht")];
  assert.deepEqual(await standing(created), ["on_hold", "needs_information"]);
  assert.deepEqual(await standing(renamed), ["needs_information", null]);
  await own.call("PATCH", `/customers/${renamed}`, { legalName: "Kontor Qwertin Handels" });
  assert.deepEqual(await standing(renamed), ["on_hold", "needs_information"]);
  const [hit, ...more] = await hitsOf(renamed);
  assert.deepEqual([hit?.personId, hit?.sourceId, more], [null, "9", []]);
});

test("two people who may be one entry are two hits; the last that is cleared releases", async () => {
  const id = await newBusiness();
  await add(id, "Zoltan", "Qwertin");
  await add(id, "Zoltán", "Qwertin");
  const [first, second] = await hitsOf(id);
  assert.notEqual(first?.personId, second?.personId);
  await clear(first?.id ?? "");
  assert.deepEqual(await standing(id), ["on_hold", "pending"]);
  await clear(second?.id ?? "");
  assert.deepEqual(await standing(id), ["pending", null]);
});

test("a person is screened again when its name, birth date or nationality changes, and not when what it owns does", async () => {
  const id = await newBusiness();
  const person = await add(id, "Alan", "Sample");
  const patch = async (body: object) => {
    const answer = await own.call("PATCH", `/customers/${id}/people/${person}`, body);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
  };
  const changes = [
    { firstName: "Yusuf", lastName: "Vexalov" },
    { birthDate: "1971-03-04" },
    { nationality: "FRA" },
  ];
  for (const change of changes) {
    await patch(change);
    assert.deepEqual(await standing(id), ["on_hold", "pending"], JSON.stringify(change));
    await clear((await hitsOf(id))[0]?.id ?? "");
  }
  await patch({ roles: ["director", "beneficial_owner"], ownershipBasisPoints: 100 });
  assert.deepEqual(await standing(id), ["pending", null]);
  assert.equal((await hitsOf(id)).length, changes.length);
});

test("a newer list is held against the people who are there, and not against those removed", async () => {
  const [kept, left] = [await newBusiness(), await newBusiness()];
  await add(kept, "Xenia", "Plunkatt");
  const gone = await add(left, "Xenia", "Plunkatt");
  assert.equal((await own.call("DELETE", `/customers/${left}/people/${gone}`)).status, 200);
  await load(app, [zoltan, listed("2", "Yusuf Vexalov"), listed("3", "Xenia Plunkatt")]);
  const behind = async () =>
    (await server.call("GET", "/screening-progress")).body.customers.behind as number;
  assert.ok((await behind()) >= 2);
  await runAll(server, rescreen, own.id);
  assert.equal(await behind(), 0);
  assert.deepEqual(await dueIn(server, rescreen, own.id), []);
  assert.deepEqual(await standing(kept), ["on_hold", "pending"]);
  assert.deepEqual(await standing(left), ["pending", null]);
});

test("what is kept of a person's hit says nobody's name in clear", async () => {
  const rows = await asOwner<{ text: string }>(
    server.database.url,
    "select h::text as text from screening_hits h where person_id is not null",
  );
  assert.ok(rows.length >= 4);
  for (const { text } of rows) assert.doesNotMatch(text, /Qwertin|Vexalov|Plunkatt/);
});
