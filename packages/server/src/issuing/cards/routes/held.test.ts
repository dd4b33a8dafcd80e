import assert from "node:assert/strict";
import test from "node:test";
import { giveDocuments, givePeople, owner } from "../../../../test/harness/evidence.ts";
import { runAll } from "../../../../test/harness/jobs.ts";
import { customerJobs } from "../../customers/jobs.ts";
import { listed } from "../../screening/fixture.ts";
import { type Fields, made, person } from "../fixture.ts";
import { entries, reasons, startScreeningTests } from "./screening-fixture.ts";

const { tests, server, own, inForce, decide, only, create, standing } = await startScreeningTests();
const DAY_MS = 86_400_000;

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

test("a hold in between, a person's or a hit's, gives who is asked for information no more days", async () => {
  const customerId = await active("Fjordqvist");
  const typeId = await tests.program({ informationDays: 10 });
  const card = made(await own.call("POST", "/cards", { typeId, customerId, initialBalance: 5 }));
  const verb = async (path: string, body: Fields = {}) =>
    made(await server.call("POST", `/customers/${customerId}/${path}`, body));
  const { statusSince } = await verb("request-information", { reasons });
  await tests.advance(own, 4 * DAY_MS);
  await verb("hold", { reason: "investigation" });
  await tests.advance(own, 3 * DAY_MS);
  const released = await verb("release");
  assert.deepEqual(
    [released.status, released.statusSince],
    ["needs_information", statusSince],
    "by a person",
  );
  await inForce([...entries, listed("f", "Walburga Fjordqvist")]);
  await runAll(server, rescreen, own.id);
  assert.equal((await standing(customerId))[0], "on_hold");
  await tests.advance(own, 2 * DAY_MS);
  made(await decide((await only(customerId)).id, "clear"));
  const topUp = () => own.call("POST", `/cards/${card.id}/top-up`, { amount: 5 });
  made(await topUp());
  await tests.advance(own, 1 * DAY_MS);
  const { status, body } = await topUp();
  assert.deepEqual([status, body.code], [409, "card_not_fundable"]);
  await inForce(entries);
});

test("what is asked for anew after an answer has its own days", async () => {
  const customerId = await active("Gwendolyth");
  const verb = async (path: string, body: Fields = {}) =>
    made(await server.call("POST", `/customers/${customerId}/${path}`, body));
  const first = await verb("request-information", { reasons, fields: ["lastName"] });
  await tests.advance(own, 2 * DAY_MS);
  made(await own.call("PATCH", `/customers/${customerId}`, { lastName: "Gwendolyth" }));
  const second = await verb("request-information", { reasons });
  assert.ok(second.statusSince > first.statusSince);
  await verb("hold", { reason: "investigation" });
  await tests.advance(own, 2 * DAY_MS);
  assert.equal((await verb("release")).statusSince, second.statusSince);
});

test("a confirmed match of somebody who directs a business restricts each card of the business", async () => {
  const { firstName, lastName, birthDate, ...rest } = person;
  const firm = { ...rest, type: "business", legalName: "Sample Works", nationalId: "HRB 1" };
  const { id } = made(await own.call("POST", "/customers", firm));
  await giveDocuments(own.call, id, ["company_register"]);
  await givePeople(own.call, id);
  made(await server.call("POST", `/customers/${id}/approve`, {}));
  const issue = async (customerId: string): Promise<string> => {
    const body = { typeId: await tests.program(), customerId, initialBalance: 5 };
    return made(await own.call("POST", "/cards", body)).id;
  };
  const cards = [await issue(id), await issue(id)];
  const others = await issue(await active("Hjalmarsen"));
  const director = { ...owner, roles: ["director"], firstName: "Yusuf", lastName: "Vexalov" };
  made(await own.call("POST", `/customers/${id}/people`, director));
  const reasonOf = async (card: string) =>
    made(await own.call("GET", `/cards/${card}`)).restrictions.map(({ reason }: Fields) => reason);
  assert.deepEqual(await reasonOf(cards[0] ?? ""), [], "not before somebody has looked");
  made(await decide((await only(id)).id, "confirm"));
  for (const card of cards) assert.deepEqual(await reasonOf(card), ["sanctions_match"]);
  assert.deepEqual(await reasonOf(others), []);
});
