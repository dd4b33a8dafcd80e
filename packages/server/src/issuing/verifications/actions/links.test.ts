import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../../test/harness/database.ts";
import { deliveriesOf } from "../../../../test/harness/deliver.ts";
import { startTestServer } from "../../../../test/harness/server.ts";
import { systemClock, systemEntropy } from "../../../foundation/clock/clock.ts";
import { codeOf, newCustomer, settle, verificationsOf } from "../fixture.ts";
import {
  personaDouble,
  personaSettings,
  sumsubDouble,
  sumsubSettings,
} from "../providers/fixture.ts";
import { persona } from "../providers/persona.ts";
import { LINK_S, sumsub } from "../providers/sumsub.ts";
import { deliverVerifications } from "./deliver.ts";

const [ofPersona, ofSumsub] = [await personaDouble(), await sumsubDouble()];
const machine = { clock: systemClock, random: systemEntropy };
const server = await startTestServer({
  mode: "live",
  providers: new Map([
    ["persona", persona({ ...personaSettings, url: ofPersona.url })],
    ["sumsub", sumsub({ ...sumsubSettings, url: ofSumsub.url }, machine)],
  ]),
});

async function organizationOf(provider: string) {
  const made = await server.newOrganization({ mode: "live" });
  const path = `/organizations/${made.id}/verification-settings`;
  assert.equal((await server.call("PATCH", path, { provider })).status, 200);
  return made;
}
const mine = await organizationOf("persona");

/** The review of a new customer, which its provider has. */
async function opened(owner = mine, isGiven = true) {
  const customerId = await newCustomer(owner);
  await settle(server, owner);
  if (isGiven) await deliverVerifications(deliveriesOf(server));
  const [verification] = await verificationsOf(owner, customerId);
  return { id: verification.id as string, reference: verification.providerReference, customerId };
}

const ask = (id: string, { call } = mine, idempotencyKey?: string) =>
  call(
    "POST",
    `/verifications/${id}/link`,
    undefined,
    idempotencyKey === undefined ? {} : { idempotencyKey },
  );

test("the person's link into Persona's flow is asked for, and shown once", async () => {
  const { id, reference } = await opened();
  const first = await ask(id, mine, "link-1");
  assert.equal(first.status, 201, JSON.stringify(first.body));
  assert.match(
    first.body.link,
    new RegExp(`^https://persona.example.com/verify\\?code=${reference}-`),
  );
  assert.equal(first.body.expiresAt, null, "Persona does not tell");
  const again = await ask(id, mine, "link-1");
  assert.deepEqual([again.body.link, again.body.secretOmitted], [null, true]);
  assert.notEqual((await ask(id)).body.link, first.body.link, "another for another time");
  await server.sequence();
  for (const table of ["idempotency_keys", "events", "audit_log", "verifications"]) {
    const rows = await asOwner(server.database.url, `select t::text as row from ${table} t`);
    assert.ok(!JSON.stringify(rows).includes("persona.example.com"), table);
  }
  const log = await mine.call("GET", `/audit-log?objectId=${id}&action=createProviderLink`);
  assert.equal(log.body.data.length, 2);
});

test("a link of Sumsub is for its level and our applicant, and lives a day", async () => {
  const owner = await organizationOf("sumsub");
  const { id } = await opened(owner);
  const { status, body } = await ask(id, owner);
  assert.deepEqual([status, body.link], [201, `https://in.example.com/websdk/p/${id}`]);
  const livesS = (Date.parse(body.expiresAt) - Date.now()) / 1_000;
  assert.ok(Math.abs(livesS - LINK_S) < 30, `${livesS} s`);
});

test("while a provider is waited for, no lock is held and no connection waits", async () => {
  const { id, customerId } = await opened();
  let patched = 0;
  ofPersona.afterwards = async ({ path }) => {
    if (!path.endsWith("generate-one-time-link")) return;
    const answer = await mine.call("PATCH", `/customers/${customerId}`, { lastName: "Changed" });
    patched = answer.status;
    const free = await asOwner(
      server.database.url,
      `select count(*)::int as open from pg_stat_activity
       where datname = current_database() and state like 'idle in transaction%'`,
    );
    assert.deepEqual(free, [{ open: 0 }]);
  };
  assert.equal((await ask(id)).status, 201);
  ofPersona.afterwards = () => undefined;
  assert.equal(patched, 200);
});

test("what is over when the provider has answered gets no link", async () => {
  const { id, customerId } = await opened();
  ofPersona.afterwards = async ({ path }) => {
    if (path.endsWith("generate-one-time-link")) {
      await server.call("POST", `/customers/${customerId}/approve`, {});
    }
  };
  const answer = await ask(id);
  ofPersona.afterwards = () => undefined;
  assert.equal(codeOf(answer), "409 verification_move_not_allowed");
});

test("where the provider fails it is said in words without its answer, and can be asked again", async () => {
  const { id } = await opened();
  for (const fault of ["500", "403", "garbage", "cut"] as const) {
    ofPersona.faults.push(fault);
    const answer = await ask(id, mine, "link-again");
    assert.equal(codeOf(answer), "503 unavailable", fault);
    assert.match(answer.body.detail, /^The provider/);
    assert.ok(!/Ada|secret/.test(JSON.stringify(answer.body)), fault);
  }
  assert.equal((await ask(id, mine, "link-again")).status, 201);
});

test("there is no link without a provider that has the customer, nor to another organization's", async () => {
  const other = await organizationOf("manual");
  const theirs = await opened(other, false);
  assert.equal(codeOf(await ask(theirs.id, other)), "409 link_not_supported");
  const waiting = await opened(mine, false);
  assert.equal(codeOf(await ask(waiting.id)), "409 verification_move_not_allowed");
  const { id, customerId } = await opened();
  assert.equal(codeOf(await ask(id, other)), "404 not_found");
  assert.equal(codeOf(await ask("ver_unknown")), "404 not_found");
  const before = ofPersona.requests.length;
  await server.call("POST", `/customers/${customerId}/hold`, { reason: "sanctions" });
  assert.equal(codeOf(await ask(id)), "409 customer_move_not_allowed");
  await server.sequence();
  const log = await mine.call("GET", `/audit-log?objectId=${id}&action=createProviderLink`);
  assert.deepEqual(
    log.body.data.map(({ code }: { code: string }) => code),
    ["customer_move_not_allowed"],
    "what is refused before the transaction stands in the audit log",
  );
  assert.equal(ofPersona.requests.length, before, "nothing of a customer on hold is asked");
});
