import assert from "node:assert/strict";
import test from "node:test";
import { routes } from "../src/interfaces/api/routes.ts";
import { askWith, secretOf } from "../src/interfaces/hosted/fixture.ts";
import { CONSENT_VERSION } from "../src/issuing/customers/model/sessions.ts";
import { owner, picture } from "./harness/evidence.ts";
import { made } from "./harness/furnish.ts";
import { startTestServer, type TestOrganization } from "./harness/server.ts";

/** G7, of the pages for people outside: what a session names of another is as good as nothing. */
const server = await startTestServer();
const ask = askWith(server);
const mine = await server.newOrganization();
const theirs = await server.newOrganization();

/** A business whose link was exchanged, with what it gave there and what its organization gave. */
async function begin({ call }: TestOrganization) {
  const body = { type: "business", level: "basic" };
  const { id, verification } = made(await call("POST", "/customers", body));
  const started = await ask("POST", "exchange", { secret: secretOf(verification.link) });
  const { bearer } = started.body as { bearer: string };
  await ask("POST", "documents?kind=company_register", picture, { bearer });
  const given = await ask("POST", "people", owner, { bearer });
  assert.equal(given.status, 200, JSON.stringify(given.body));
  const [document] = given.body.documents;
  const [person] = given.body.people;
  const uploaded = made(await call("POST", `/customers/${id}/documents?kind=other`, picture));
  const added = made(await call("POST", `/customers/${id}/people`, owner));
  return {
    id,
    bearer,
    sessionId: verification.sessionId as string,
    given: document.id as string,
    named: person.id as string,
    uploaded: uploaded.id as string,
    added: added.id as string,
  };
}

const me = await begin(mine);
const colleague = await begin(mine);
const stranger = await begin(theirs);

/** All that a page can ask with an id in it, and bodies that would do. */
const requests: Readonly<Record<string, object | undefined>> = {
  "PATCH /hosted/verification/documents/:id": { country: "DEU" },
  "DELETE /hosted/verification/documents/:id": undefined,
  "PATCH /hosted/verification/people/:id": { firstName: "Anna" },
  "DELETE /hosted/verification/people/:id": undefined,
};

const foreign = [colleague, stranger].flatMap(
  ({ given, named, uploaded, added, id, sessionId }) => [
    given,
    named,
    uploaded,
    added,
    id,
    sessionId,
  ],
);

test("every address of the pages that takes an id is in these tests", () => {
  const taking = server.hosted.filter((line) => line.includes(":"));
  assert.deepEqual(taking.sort(), Object.keys(requests).sort());
});

const documentOf = async ({ call }: TestOrganization, who: typeof me, id: string) =>
  made(await call("GET", `/customers/${who.id}/documents/${id}`));

test("G7: in a session what is anybody else's answers as what does not exist", async () => {
  const answers = async (id: string) => {
    const bodies = [];
    for (const [line, body] of Object.entries(requests)) {
      const [method = "", path = ""] = line.split(" ");
      const place = path.replace("/hosted/verification/", "").replace(":id", id);
      const { status, body: answer } = await ask(method, place, body, me);
      bodies.push({ ...answer, status, requestId: null });
    }
    return bodies;
  };
  const missing = await answers("doc_zzzzzzzzzzzzzzzzzzzzzzzzzz");
  assert.deepEqual(
    missing.map(({ status }) => status),
    [404, 404, 404, 404],
  );
  // What its organization gave is not of this session, either.
  for (const id of [...foreign, me.uploaded, me.added]) {
    assert.deepEqual(await answers(id), missing, id);
  }
});

test("G7: a session shows nothing of anybody else, and ends nothing but its own", async () => {
  const before = await Promise.all([
    documentOf(mine, colleague, colleague.given),
    documentOf(theirs, stranger, stranger.given),
  ]);
  const shown = await ask("GET", "session", undefined, me);
  assert.equal(shown.status, 200);
  assert.deepEqual(
    shown.body.documents.map(({ id }: { id: string }) => id),
    [me.given],
  );
  assert.deepEqual(
    shown.body.people.map(({ id }: { id: string }) => id),
    [me.named],
  );
  for (const id of foreign) assert.ok(!JSON.stringify(shown.body).includes(id), id);
  const details = { legalName: "Example GmbH", customerId: stranger.id };
  assert.equal((await ask("PUT", "details", details, me)).status, 400);
  const consent = { version: CONSENT_VERSION, language: "en", sessionId: stranger.sessionId };
  assert.equal((await ask("POST", "submit", { consent }, me)).status, 400);
  for (const [own, who, document] of [
    [mine, colleague, before[0]],
    [theirs, stranger, before[1]],
  ] as const) {
    assert.deepEqual(await documentOf(own, who, who.given), document);
    const { data } = made(await own.call("GET", `/customers/${who.id}/verification-sessions`));
    assert.deepEqual(
      data.map(({ status }: { status: string }) => status),
      ["started"],
    );
  }
});

test("G7: the bearer of a session is no key, and a key is no bearer of a session", async () => {
  for (const route of routes) {
    const path = route.path.replace(/\{\w+\}/g, me.id);
    const { status, body } = await server.call(route.method, path, undefined, { key: me.bearer });
    assert.deepEqual([status, body.code], [401, "unauthenticated"], route.id);
  }
  for (const key of [mine.apiKey, theirs.apiKey, server.platformKey]) {
    const { status, body } = await ask("GET", "session", undefined, { bearer: key });
    assert.deepEqual([status, body.code], [401, "session_not_usable"]);
  }
});

test("G7: the link of a session is not ended by the key of another organization", async () => {
  const path = `/customers/${me.id}/verification-sessions/${me.sessionId}`;
  assert.equal((await theirs.call("DELETE", path)).status, 404);
  const crossed = `/customers/${stranger.id}/verification-sessions/${me.sessionId}`;
  assert.equal((await theirs.call("DELETE", crossed)).status, 404);
  assert.equal((await ask("GET", "session", undefined, me)).status, 200);
});
