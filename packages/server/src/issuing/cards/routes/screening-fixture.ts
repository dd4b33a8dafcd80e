import assert from "node:assert/strict";
import type { Call, TestOrganization } from "../../../../test/harness/server.ts";
import { listed, load } from "../../screening/fixture.ts";
import type { ListedEntry, ListSource } from "../../screening/model.ts";
import { type Fields, made, startCardTests } from "../fixture.ts";

/** Names of persons of these tests, each listed by its own number. */
export const entries = [
  listed("1", "Zoltan Qwertin"),
  listed("2", "Yusuf Vexalov"),
  listed("3", "Xenia Plunkatt"),
];

/** Why these tests decide. */
export const reasons = ["Compared with the passport."];

/** A server with an organization and lists in force, and what tests of screening do again and again. */
export async function startScreeningTests() {
  const tests = await startCardTests();
  const { server } = tests;
  const own = await tests.organization();
  const inForce = (list: readonly ListedEntry[], source?: ListSource) =>
    load(server.database.app, list, source);
  await inForce(entries);
  const decide = (id: string, verdict: string, call: Call = server.call) =>
    call("POST", `/screening-hits/${id}/${verdict}`, { reasons });
  const hitsOf = async (id: string) =>
    made(await server.call("GET", `/screening-hits?subjectId=${id}`)).data;
  const only = async (id: string) => {
    const [hit, ...more] = await hitsOf(id);
    assert.deepEqual(more, []);
    assert.ok(hit, "there is a hit");
    return hit;
  };
  const create = async (
    firstName: string,
    lastName: string,
    more: Fields = {},
    of: TestOrganization = own,
  ) => {
    const person = { type: "individual", level: "minimum", birthDate: "1980-01-02" };
    return made(await of.call("POST", "/customers", { ...person, firstName, lastName, ...more }));
  };
  const read = async (id: string) => made(await own.call("GET", `/customers/${id}`));
  const standing = async (id: string) => {
    const { status, statusReasons, statusBeforeHold } = await read(id);
    return [status, statusReasons, statusBeforeHold];
  };
  return { tests, server, own, inForce, decide, hitsOf, only, create, read, standing };
}
