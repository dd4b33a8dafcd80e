import assert from "node:assert/strict";
import test from "node:test";
import { startTestServer } from "../../../../test/harness/server.ts";
import { setMinimumAge } from "../actions/age.ts";
import { person } from "../fixture.ts";
import { MINIMUM_AGE } from "../model.ts";

/** An installation that says from which age on somebody can be its customer. */
const server = await startTestServer();
const own = await server.newOrganization();
const setAge = (years: number) => setMinimumAge(server.database.app, years);

const DAY_MS = 86_400_000;
/** Somebody who became so many years old some days ago. */
const bornAgo = (years: number) => {
  const day = new Date(Date.now() - 10 * DAY_MS);
  day.setUTCFullYear(day.getUTCFullYear() - years);
  return day.toISOString().slice(0, 10);
};

const create = (birthDate: string) =>
  own.call("POST", "/customers", { ...person, type: "individual", level: "minimum", birthDate });

test("the age is 18 unless the installation says another, and each change of it counts at once", async () => {
  const birthDate = bornAgo(16);
  const { status, body } = await create(birthDate);
  assert.deepEqual([status, body.errors[0].code], [422, "age_too_low"]);
  await setAge(16);
  assert.equal((await create(birthDate)).status, 201);
  assert.equal((await own.call("GET", "/verification-levels")).body.minimumAge, 16);
  await setAge(17);
  assert.equal((await create(birthDate)).status, 422);
  await setAge(MINIMUM_AGE);
  assert.equal((await own.call("GET", "/verification-levels")).body.minimumAge, 18);
});

test("who is a customer stays one where the age is raised, and can be changed; another birth date is looked at", async () => {
  await setAge(16);
  const { id } = (await create(bornAgo(16))).body;
  await setAge(18);
  const change = (body: object) => own.call("PATCH", `/customers/${id}`, body);
  assert.equal((await change({ email: "new@example.com" })).status, 200);
  const { status, body } = await change({ birthDate: bornAgo(17) });
  assert.deepEqual([status, body.errors[0].code], [422, "age_too_low"]);
  assert.equal((await change({ birthDate: bornAgo(18) })).status, 200);
});

test("a director is 18 wherever the age of customers is less", async () => {
  await setAge(16);
  const { id } = (await own.call("POST", "/customers", { type: "business", level: "minimum" }))
    .body;
  const director = {
    roles: ["director"],
    firstName: "Grace",
    lastName: "Example",
    nationality: "DEU",
    residenceCountry: "DEU",
  };
  const add = (years: number) =>
    own.call("POST", `/customers/${id}/people`, { ...director, birthDate: bornAgo(years) });
  const { status, body } = await add(17);
  assert.deepEqual([status, body.errors[0].code], [422, "age_too_low"]);
  assert.equal((await add(18)).status, 201);
});
