import assert from "node:assert/strict";
import test from "node:test";
import type { CallAnswer, TestOrganization } from "../../../../test/harness/server.ts";
import { type CardBody, codesOf, type Fields, made, names, startCardTests } from "../fixture.ts";

/** What becomes of the cards of a program that is inactive or retired (PRODUCT §5). */
const tests = await startCardTests();
const { server } = tests;
const own = await tests.organization();

const setStatus = async (typeId: string, status: string) =>
  made(await server.call("PATCH", `/card-programs/${typeId}`, { status }));
const retire = async (typeId: string, body: Fields = {}) =>
  made(await server.call("POST", `/card-programs/${typeId}/retire`, body));
const issue = (typeId: string, by: TestOrganization = own) =>
  by.call("POST", "/cards", { typeId, ...names, initialBalance: 1_000 });
const replace = (card: CardBody) =>
  own.call("POST", `/cards/${card.id}/replace`, { reason: "lost" });
const renew = async (card: CardBody) => {
  const path = `/cards/${card.id}/renew`;
  return own.call("POST", path, {});
};
const refusedBy = (answer: CallAnswer) => [answer.status, ...codesOf(answer)];

/** Everything that an existing card goes on doing whatever its program's status. */
async function worksOn(card: CardBody): Promise<void> {
  const post = async (path: string, body: Fields = {}, call = own.call) =>
    made(await call("POST", `/cards/${card.id}/${path}`, body));
  await post("top-up", { amount: 500 });
  await post("withdraw", { amount: 100 });
  await post("freeze");
  await post("unfreeze");
  await post("block", { reason: "check" }, server.call);
  await post("unblock", {}, server.call);
  made(await own.call("PATCH", `/cards/${card.id}`, { label: "still here" }));
  assert.equal(made(await own.call("GET", `/cards/${card.id}`)).status, "active");
}

test("inactive: no issuing; existing cards work, are replaced and renewed; active again it issues", async () => {
  const typeId = await tests.program({ validityMonths: 1 });
  const [first, second] = [made(await issue(typeId)), made(await issue(typeId))];
  await setStatus(typeId, "inactive");
  assert.deepEqual(refusedBy(await issue(typeId)), [422, "program_inactive"]);
  const preflight = await own.call("POST", "/cards/preflight", {
    typeId,
    ...names,
    initialBalance: 1,
  });
  assert.deepEqual(
    preflight.body.unmet.map(({ code }: Fields) => code),
    ["program_inactive"],
  );
  await worksOn(first);
  const replacement = made(await replace(first));
  assert.equal(replacement.typeId, typeId);
  await tests.advance(own, 33 * 86_400_000);
  made(await renew(second));
  made(await own.call("DELETE", `/cards/${second.id}`));
  await setStatus(typeId, "active");
  made(await issue(typeId));
});

test("retired without successor: no issuing, no renewal, no replacement; existing cards work", async () => {
  const typeId = await tests.program({ validityMonths: 1 });
  const card = made(await issue(typeId));
  await retire(typeId);
  assert.deepEqual(refusedBy(await issue(typeId)), [422, "program_inactive"]);
  assert.deepEqual(refusedBy(await replace(card)), [422, "program_inactive"]);
  await worksOn(card);
  await tests.advance(own, 33 * 86_400_000);
  assert.deepEqual(refusedBy(await renew(card)), [422, "program_inactive"]);
  made(await own.call("DELETE", `/cards/${card.id}`));
});

test("retired with a successor: replaced under the last of the chain, which has to issue here", async () => {
  const [typeId, next, last] = [
    await tests.program(),
    await tests.program(),
    await tests.program(),
  ];
  const card = made(await issue(typeId));
  await retire(typeId, { successorId: next });
  await retire(next, { successorId: last });
  await setStatus(last, "inactive");
  assert.deepEqual(refusedBy(await replace(card)), [422, "program_inactive"]);
  await setStatus(last, "active");
  const limit = (organizationIds: string[]) =>
    server.call("PATCH", `/card-programs/${last}`, { availability: "listed", organizationIds });
  made(await limit([]));
  assert.deepEqual(refusedBy(await replace(card)), [422, "program_not_available"]);
  made(await limit([own.id]));
  const replacement = made(await replace(card));
  assert.deepEqual([replacement.typeId, replacement.replaces], [last, card.id]);
});

test("an organization that a program is no longer for issues nothing, and its cards work on", async () => {
  const typeId = await tests.program({ availability: "listed", organizationIds: [own.id] });
  const card = made(await issue(typeId));
  const other = await tests.organization();
  assert.deepEqual(refusedBy(await issue(typeId, other)), [422, "program_not_available"]);
  const limit = { organizationIds: [other.id] };
  made(await server.call("PATCH", `/card-programs/${typeId}`, limit));
  assert.deepEqual(refusedBy(await issue(typeId)), [422, "program_not_available"]);
  await worksOn(card);
  made(await replace(card));
  made(await issue(typeId, other));
});
