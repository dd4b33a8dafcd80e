import assert from "node:assert/strict";
import test from "node:test";
import { isReading, type Route } from "../src/foundation/route/route.ts";
import { routes } from "../src/interfaces/api/routes.ts";
import { asOwner } from "./harness/database.ts";
import { made } from "./harness/furnish.ts";
import type { Call, CallAnswer } from "./harness/server.ts";
import { type Place, type Subject, startPlaces, verbs } from "./harness/verbs.ts";

/** What the audit log keeps of each act of verifying, screening and compliance, by each kind of key. */
const { server, place } = await startPlaces();

/** Acts, and the reads of what only reviewers may see. */
const acts = routes.filter(
  (route) => verbs[route.id] !== undefined && (!isReading(route) || route.kind === "download"),
);

const send = (call: Call, { method, path }: Route, { ids, body, query = "" }: Subject) => {
  const left = [...ids];
  return call(method, `${path.replace(/\{\w+\}/g, () => left.shift() ?? "")}${query}`, body);
};

const keptOf = ({ headers }: CallAnswer) =>
  asOwner(
    server.database.url,
    `select action, actor_kind as kind, actor_id as actor, at is not null as timed, ip,
       object_id as object, result, status, code from audit_log where request_id = $1`,
    [headers.get("x-request-id")],
  );

/** The key that a route is called with here, and its id. */
async function callerOf({ audience }: Route, { own }: Place) {
  const call = audience === "platform" ? server.call : own.call;
  const { data } = made(await call("GET", "/api-keys"));
  return { call, keyId: data[0].id as string };
}

/** Which of a path's objects an act is about: the last that it names, or what it made. */
const objectOf = ({ ids }: Subject, { body }: CallAnswer): string | null =>
  ids.at(-1) ?? body?.id ?? null;

test("there are acts to look at", () => {
  assert.ok(acts.length > 35, `${acts.length}`);
  assert.ok(acts.some(({ id }) => id === "readDocumentContent"));
  assert.ok(acts.some(({ id }) => id === "readRetainedIdentity"));
});

for (const route of acts) {
  test(`G15: ${route.id} leaves one entry, done or refused, with who, when, where from and what about`, async () => {
    const at = await place();
    const verb = verbs[route.id];
    assert.ok(verb);
    const subject = await verb.make(at);
    const { call, keyId } = await callerOf(route, at);
    const answer = await send(call, route, subject);
    const who = { action: route.id, kind: "key", actor: keyId, timed: true, ip: "127.0.0.1" };
    const done = answer.status < 300;
    const [entry, ...more] = await keptOf(answer);
    assert.deepEqual(more, []);
    assert.deepEqual(entry, {
      ...who,
      object: (entry as { object: string | null }).object,
      result: done ? "done" : "refused",
      status: answer.status,
      code: done ? null : answer.body.code,
    });
    const { object } = entry as { object: string | null };
    const named = [...subject.ids, objectOf(subject, answer)];
    assert.ok(named.includes(object), `${object} of ${named}`);

    const unknown = { ...subject, ids: subject.ids.map(() => "unknown") };
    if (unknown.ids.length === 0) return;
    const missed = await send(call, route, unknown);
    assert.equal(missed.status, 404);
    const [refused] = await keptOf(missed);
    assert.deepEqual(refused, {
      ...who,
      object: "unknown",
      result: "refused",
      status: 404,
      code: "not_found",
    });
  });
}
