import assert from "node:assert/strict";
import test from "node:test";
import { type Fields, made, startCardTests } from "../fixture.ts";

const tests = await startCardTests();
const { server } = tests;

const terms = { requiresCustomer: true, requiresAccess: true };
const reasons = ["Out of scope."];

const decide = (path: string, body: Fields = {}) => server.call("POST", path, body);

test("once an organization is closed, nothing is given to its customers any more", async () => {
  const own = await tests.organization(0);
  const typeId = await tests.program(terms);
  const asks = async (customerId: string) =>
    made(await own.call("POST", `/customers/${customerId}/access-requests`, { typeId })).id;
  const [waiting, active] = [await tests.customer(own, {}, null), await tests.customer(own)];
  const [asked, granted] = [await asks(waiting), await asks(active)];
  made(await decide(`/access-requests/${granted}/grant`));
  made(await decide(`/organizations/${own.id}/close`));
  const refused: [string, Fields][] = [
    [`/customers/${waiting}/approve`, {}],
    [`/customers/${waiting}/reject`, { reasons }],
    [`/customers/${active}/request-information`, { reasons }],
    [`/access-requests/${asked}/grant`, {}],
    [`/access-requests/${asked}/reject`, { reasons }],
    [`/access-requests/${granted}/revoke`, { reasons }],
  ];
  for (const [path, body] of refused) {
    const answer = await decide(path, body);
    assert.deepEqual([answer.status, answer.body.code], [409, "organization_closed"], path);
  }
});

test("what protects and what erases is still done: holds, deletion, and keys to read with", async () => {
  const own = await tests.organization(0);
  const customer = await tests.customer(own);
  made(await decide(`/organizations/${own.id}/close`));
  made(await decide(`/customers/${customer}/hold`, { reason: "sanctions" }));
  made(await decide(`/customers/${customer}/release`));
  assert.equal(made(await own.call("DELETE", `/customers/${customer}`)).status, "deleted");
  const { data } = made(await own.call("GET", "/api-keys"));
  const rotated = made(await own.call("POST", `/api-keys/${data[0].id}/rotate`, {}));
  assert.ok(rotated.secret.startsWith("cw_sandbox_"));
});
