import assert from "node:assert/strict";
import test from "node:test";
import { giveDocuments, picture } from "../../../../test/harness/evidence.ts";
import { startTestServer } from "../../../../test/harness/server.ts";
import { person } from "../fixture.ts";
import { CONSENT_VERSION } from "../model/sessions.ts";

/** What a person has given in its session and not submitted. */
const server = await startTestServer();
const own = await server.newOrganization();

/** Asks as a page of the person's browser does. */
const ask = async (method: string, path: string, body: object, bearer = "none") => {
  const isFile = Buffer.isBuffer(body);
  const response = await fetch(`${server.url}/hosted/verification/${path}`, {
    method,
    headers: {
      origin: server.url,
      "sec-fetch-site": "same-origin",
      "content-type": isFile ? "application/octet-stream" : "application/json",
      authorization: `Bearer ${bearer}`,
    },
    body: isFile ? new Uint8Array(body) : JSON.stringify(body),
  });
  // biome-ignore lint/suspicious/noExplicitAny: the answer of whatever address was asked.
  const answer = (await response.json()) as any;
  assert.ok(response.ok, JSON.stringify(answer));
  return answer;
};

/** A customer that lacks a passport, which its person has uploaded and not submitted. */
async function drafted() {
  const body = { type: "individual", level: "basic", ...person };
  const { id, verification } = (await own.call("POST", "/customers", body)).body;
  const secret = new URL(verification.link).hash.slice(1);
  const { bearer } = await ask("POST", "exchange", { secret });
  await ask("POST", "documents?kind=passport", Buffer.from(picture), bearer);
  return { id, bearer };
}

const read = async (id: string) => (await own.call("GET", `/customers/${id}`)).body;
const documents = async (id: string): Promise<string[]> => {
  const { body } = await own.call("GET", `/customers/${id}/documents`);
  return body.data.map((one: { kind: string; status: string }) => `${one.kind} ${one.status}`);
};

test("what is not submitted stands for nothing, whatever the organization gives meanwhile", async () => {
  const { id, bearer } = await drafted();
  await giveDocuments(own.call, id, ["proof_of_address"]);
  const before = await read(id);
  assert.deepEqual([before.status, before.missing], ["needs_information", ["documents.identity"]]);
  await ask("POST", "submit", { consent: { version: CONSENT_VERSION, language: "en" } }, bearer);
  assert.equal((await read(id)).status, "pending");
});

test("an approval accepts what was handed in, and not what a person still has in hand", async () => {
  const { id } = await drafted();
  await giveDocuments(own.call, id, ["id_card"]);
  const { body } = await server.call("POST", `/customers/${id}/approve`, {});
  assert.equal(body.status, "active");
  assert.deepEqual(await documents(id), ["id_card accepted", "passport uploaded"]);
});

test("with a session that is replaced or revoked, what was not submitted is erased", async () => {
  const replaced = await drafted();
  const path = (id: string) => `/customers/${id}/verification-sessions`;
  const next = await own.call("POST", path(replaced.id), {});
  assert.equal(next.status, 201);
  assert.deepEqual(await documents(replaced.id), ["passport erased"]);
  const revoked = await drafted();
  const [{ id }] = (await own.call("GET", path(revoked.id))).body.data;
  assert.equal((await own.call("DELETE", `${path(revoked.id)}/${id}`)).status, 200);
  assert.deepEqual(await documents(revoked.id), ["passport erased"]);
  const deleted = await drafted();
  assert.equal((await own.call("DELETE", `/customers/${deleted.id}`)).status, 200);
  assert.deepEqual(await documents(deleted.id), ["passport erased"]);
});
