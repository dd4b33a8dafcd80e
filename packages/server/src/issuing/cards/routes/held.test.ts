import assert from "node:assert/strict";
import test from "node:test";
import { runAll } from "../../../../test/harness/jobs.ts";
import { customerJobs } from "../../customers/jobs.ts";
import { listed } from "../../screening/fixture.ts";
import { made } from "../fixture.ts";
import { entries, reasons, startScreeningTests } from "./screening-fixture.ts";

const { server, own, inForce, decide, only, create, standing } = await startScreeningTests();

const rescreen = customerJobs.find(({ name }) => name === "customers.rescreen");
assert.ok(rescreen);

const active = async (lastName: string): Promise<string> => (await create("Walburga", lastName)).id;

async function inReview(lastName: string): Promise<string> {
  const id = await active(lastName);
  const asked = { reasons, fields: ["lastName"] };
  made(await server.call("POST", `/customers/${id}/request-information`, asked));
  made(await own.call("PATCH", `/customers/${id}`, { lastName }));
  return id;
}

/** A customer of level minimum in each status that a hold can lie on. */
const ways: readonly (readonly [string, string, (lastName: string) => Promise<string>])[] = [
  [
    "needs_information",
    "Ankhbold",
    async (lastName) => (await create("Walburga", lastName, { birthDate: null })).id,
  ],
  ["pending", "Blymouth", inReview],
  ["active", "Crwthgar", active],
  [
    "update_requested",
    "Dvorgzak",
    async (lastName) => {
      const id = await active(lastName);
      made(await own.call("PATCH", `/customers/${id}`, { nationality: "FRA" }));
      return id;
    },
  ],
  [
    "rejected",
    "Ephrazim",
    async (lastName) => {
      const id = await inReview(lastName);
      made(await server.call("POST", `/customers/${id}/reject`, { reasons }));
      return id;
    },
  ],
];

const historyOf = async (id: string) =>
  made(await own.call("GET", `/customers/${id}/status-history`)).data;

test("a newer list holds who is on it in whatever status they are, and clearing leads back there", async () => {
  const people = [];
  for (const [status, lastName, bring] of ways) {
    const id = await bring(lastName);
    people.push({ id, status, before: await standing(id) });
    assert.equal((await standing(id))[0], status);
  }
  const more = ways.map(([status, lastName]) => listed(status, `Walburga ${lastName}`));
  await inForce([...entries, ...more]);
  await runAll(server, rescreen, own.id);
  for (const { id, status, before } of people) {
    assert.deepEqual(await standing(id), ["on_hold", ["sanctions"], status]);
    const [hold] = await historyOf(id);
    assert.deepEqual([hold.move, hold.from, hold.actor.id], ["hold", status, "screening"]);
    made(await decide((await only(id)).id, "clear"));
    assert.deepEqual(await standing(id), before);
    const [release] = await historyOf(id);
    assert.deepEqual([release.move, release.to, release.actor.kind], ["release", status, "key"]);
  }
});
