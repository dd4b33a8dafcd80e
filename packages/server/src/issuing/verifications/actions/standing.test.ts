import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../../test/harness/database.ts";
import { deliveriesOf } from "../../../../test/harness/deliver.ts";
import { startTestServer } from "../../../../test/harness/server.ts";
import { systemClock, systemEntropy } from "../../../foundation/clock/clock.ts";
import { codeOf, newCustomer, settle, verificationsOf } from "../fixture.ts";
import { createBreaker, FAILURES, REST_MS } from "../providers/breaker.ts";
import { sumsubDouble, sumsubSettings } from "../providers/fixture.ts";
import { ProviderFailure } from "../providers/port.ts";
import { sumsub } from "../providers/sumsub.ts";
import { deliverVerifications } from "./deliver.ts";

/** What of a customer's documents is given to a provider and can be attested, and when a provider is asked. */
const double = await sumsubDouble();
const machine = { clock: systemClock, random: systemEntropy };
const adapter = sumsub({ ...sumsubSettings, url: double.url }, machine);
const server = await startTestServer({ mode: "live", providers: new Map([["sumsub", adapter]]) });
const mine = await server.newOrganization({ mode: "live" });
const settings = await server.call("PATCH", `/organizations/${mine.id}/verification-settings`, {
  provider: "sumsub",
  delegated: "reviewed",
});
assert.equal(settings.status, 200);

const documentsOf = async (customerId: string) =>
  (await mine.call("GET", `/customers/${customerId}/documents`)).body.data;

test("a document that stands is given to the provider, whatever many were erased since", async () => {
  const customerId = await newCustomer(mine);
  await asOwner(
    server.database.url,
    `insert into documents select (jsonb_populate_record(d, jsonb_build_object('id', d.id || n,
       'status', 'erased', 'sealed_key', null, 'sha256', null, 'expiry_date', null))).*
     from documents d, generate_series(1, 60) n where d.customer_id = $1`,
    [customerId],
  );
  await settle(server, mine);
  await deliverVerifications(deliveriesOf(server));
  const [{ id }] = await verificationsOf(mine, customerId);
  assert.equal(double.applicants.get(id)?.images.length, 1);
});

test("a document given in a session that is not submitted cannot be attested yet", async () => {
  const customerId = await newCustomer(mine, { email: null });
  const session = await mine.call("POST", `/customers/${customerId}/verification-sessions`, {});
  assert.equal(session.status, 201, JSON.stringify(session.body));
  const whole = await mine.call("PATCH", `/customers/${customerId}`, { email: "ada@example.com" });
  assert.equal(whole.body.status, "pending");
  const [{ id: documentId }] = await documentsOf(customerId);
  const attest = () =>
    mine.call("POST", `/customers/${customerId}/verifications`, {
      provider: "Example Checks",
      reference: "chk-1",
      livenessAttested: true,
      verifiedAt: "2026-01-31T00:00:00Z",
      documentIds: [documentId],
    });
  const given = (sessionId: string | null) =>
    asOwner(server.database.url, "update documents set session_id = $2 where id = $1", [
      documentId,
      sessionId,
    ]);
  await given(session.body.id);
  assert.equal(codeOf(await attest()), "422 document_not_found");
  await given(null);
  assert.equal((await attest()).status, 201);
});

test("a provider that rests is not taken for well because of a customer about whom nobody asks", async () => {
  await settle(server, mine);
  await deliverVerifications(deliveriesOf(server));
  const customerId = await newCustomer(mine);
  await settle(server, mine);
  const hold = { reason: "compliance" };
  const held = await server.call("POST", `/customers/${customerId}/hold`, hold);
  assert.equal(held.status, 200, JSON.stringify(held.body));
  let nowMs = 0;
  const breaker = createBreaker(() => nowMs);
  const down = new ProviderFailure("The provider cannot be reached.", { isDown: true });
  for (let failure = 0; failure < FAILURES; failure += 1) breaker.failed("sumsub", down);
  nowMs = REST_MS;
  assert.equal(await deliverVerifications(deliveriesOf(server, { breaker })), 1);
  assert.equal(breaker.limitOf("sumsub", 8), 1, "one question still decides");
});
