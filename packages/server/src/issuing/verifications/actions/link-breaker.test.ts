import assert from "node:assert/strict";
import test from "node:test";
import { deliveriesOf } from "../../../../test/harness/deliver.ts";
import { startTestServer } from "../../../../test/harness/server.ts";
import { codeOf, newCustomer, settle, verificationsOf } from "../fixture.ts";
import { createBreaker, FAILURES, REST_MS } from "../providers/breaker.ts";
import { personaDouble, personaSettings } from "../providers/fixture.ts";
import { guarded, LINKS_TOGETHER } from "../providers/guarded.ts";
import { persona } from "../providers/persona.ts";
import { deliverVerifications } from "./deliver.ts";

/** Links that people are given go by the same breaker as what is delivered to a provider. */
const double = await personaDouble();
let nowMs = 0;
const breaker = createBreaker(() => nowMs);
const bare = new Map([["persona", persona({ ...personaSettings, url: double.url })]] as const);
const server = await startTestServer({ mode: "live", providers: guarded(bare, breaker) });
const mine = await server.newOrganization({ mode: "live" });
const path = `/organizations/${mine.id}/verification-settings`;
await server.call("PATCH", path, { provider: "persona" });

const deliver = () => deliverVerifications(deliveriesOf(server, { breaker, providers: bare }));

/** A review that the provider has. */
async function opened(): Promise<string> {
  const customerId = await newCustomer(mine);
  await settle(server, mine);
  await deliver();
  const [verification] = await verificationsOf(mine, customerId);
  return verification.id as string;
}

const ask = (id: string) => mine.call("POST", `/verifications/${id}/link`);
const down = (count: number) =>
  double.faults.push(...Array.from({ length: count }, () => "500" as const));

test("a provider that is left alone is not asked for links: 503 with when to come back; then one asks for all", async () => {
  const id = await opened();
  down(FAILURES);
  for (let count = 0; count < FAILURES; count += 1) {
    assert.equal(codeOf(await ask(id)), "503 unavailable");
  }
  const before = double.requests.length;
  nowMs = REST_MS - 12_400;
  const refused = await ask(id);
  assert.equal(codeOf(refused), "503 unavailable");
  assert.equal(refused.headers.get("retry-after"), "13");
  assert.equal(double.requests.length, before, "it was not asked");
  nowMs = REST_MS;
  let leave = () => undefined as unknown;
  const held = new Promise((resolve) => {
    leave = () => resolve(null);
  });
  double.afterwards = () => held as Promise<void>;
  const first = ask(id);
  for (let tries = 0; double.requests.length === before && tries < 500; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const second = await ask(id);
  assert.deepEqual([codeOf(second), second.headers.get("retry-after")], ["503 unavailable", "1"]);
  leave();
  double.afterwards = () => undefined;
  assert.equal((await first).status, 201);
  assert.equal(double.requests.length, before + 1, "one question");
  assert.equal(breaker.limitOf("persona", 8), 8, "it is well again");
});

test("what links meet counts for deliveries, and the other way round", async () => {
  const id = await opened();
  down(FAILURES);
  for (let count = 0; count < FAILURES; count += 1) await ask(id);
  const before = double.requests.length;
  await newCustomer(mine);
  await settle(server, mine);
  await deliver();
  assert.equal(double.requests.length, before, "nothing is delivered");
  nowMs += REST_MS;
  await deliver();
  assert.equal((await ask(id)).status, 201);
});

test("a provider that refuses one link is asked for the next", async () => {
  const id = await opened();
  for (let count = 0; count < FAILURES + 2; count += 1) {
    double.faults.push("403");
    assert.equal(codeOf(await ask(id)), "503 unavailable");
  }
  assert.equal((await ask(id)).status, 201);
});

test("no more links than so many are asked for at the same time", async () => {
  const id = await opened();
  let leave = () => undefined as unknown;
  const held = new Promise((resolve) => {
    leave = () => resolve(null);
  });
  double.afterwards = () => held as Promise<void>;
  const before = double.requests.length;
  const asked = Array.from({ length: LINKS_TOGETHER }, () => ask(id));
  for (let tries = 0; tries < 500; tries += 1) {
    if (double.requests.length === before + LINKS_TOGETHER) break;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const more = await ask(id);
  leave();
  double.afterwards = () => undefined;
  assert.deepEqual([codeOf(more), more.headers.get("retry-after")], ["503 unavailable", "1"]);
  for (const answer of await Promise.all(asked)) assert.equal(answer.status, 201);
});
