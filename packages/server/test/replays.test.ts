import assert from "node:assert/strict";
import test from "node:test";
import { personalFieldsOf, valueAt } from "../src/foundation/route/personal.ts";
import { isReading, type Route } from "../src/foundation/route/route.ts";
import { routes } from "../src/interfaces/api/routes.ts";
import type { CustomerStatus } from "../src/issuing/customers/model.ts";
import { owner } from "./harness/evidence.ts";
import { made } from "./harness/furnish.ts";
import type { CallAnswer } from "./harness/server.ts";
import { bring, type Place, type Subject, startPlaces, subjectOf, verbs } from "./harness/verbs.ts";

/** Answers of the verbs of verifying, asked for once more under their Idempotency-Key. */
const { server, place } = await startPlaces();
const at = await place();

/** Nobody outside reviews in these tests. */
const OUTSIDE = "createProviderLink";

/** Every verb that changes something of a customer, and keeps its answer. */
const kept = routes.filter(
  (route) =>
    route.id in verbs && !isReading(route) && route.method !== "GET" && route.id !== OUTSIDE,
);

let keys = 0;
const newKey = () => {
  keys += 1;
  return { idempotencyKey: `replay-${keys}` };
};

type Options = { readonly idempotencyKey: string };

function send({ own }: Place, route: Route, subject: Subject, options: Options) {
  const left = [...subject.ids];
  const path = route.path.replace(/\{\w+\}/g, () => left.shift() ?? "");
  const call = route.audience === "platform" ? server.call : own.call;
  return call(route.method, `${path}${subject.query ?? ""}`, subject.body, options);
}

const isReplayed = ({ headers }: { headers: Headers }) =>
  headers.get("idempotency-replayed") === "true";

/** Hits stay, as what the law keeps does, until retention is over. */
const staysFor = (id: string) => /ScreeningHit$/.test(id);

test("what was done is answered again after its customer is deleted: whole but for secrets, and for what is personal, which is null", async () => {
  let nulled = 0;
  for (const route of kept) {
    const subject = await subjectOf(at, route.id);
    const options = newKey();
    const first = await send(at, route, subject, options);
    assert.equal(first.status, route.status, `${route.id}: ${JSON.stringify(first.body)}`);
    await sameAgain(route, subject, options, first);
    const customerId = subject.customerId ?? (route.id === "createCustomer" ? first.body.id : null);
    if (customerId === null) continue;
    await bring(at, customerId, "deleted");
    const after = await send(at, route, subject, options);
    assert.deepEqual([after.status, isReplayed(after)], [first.status, true], route.id);
    assert.deepEqual(
      Object.keys(first.body).filter((name) => !(name in after.body)),
      [],
      route.id,
    );
    if (staysFor(route.id)) continue;
    for (const path of personalFieldsOf(route.reply)) {
      assert.equal(valueAt(after.body, path) ?? null, null, `${route.id}: ${path}`);
      if ((valueAt(first.body, path) ?? null) !== null) nulled += 1;
    }
    const text = JSON.stringify(after.body);
    assert.doesNotMatch(text, /Ada"|Example"|First"|1990-05-17|X1234567|verify\/#/, route.id);
  }
  assert.ok(nulled > 60, `${nulled} fields had been told`);
});

/** An answer is the same once more, but for what is shown once. */
async function sameAgain(route: Route, subject: Subject, options: Options, first: CallAnswer) {
  const again = await send(at, route, subject, options);
  assert.deepEqual([again.status, isReplayed(again)], [first.status, true], route.id);
  const secrets = (route.kind === "write" && route.secretFields) || [];
  const told = secrets.filter((path) => (valueAt(first.body, path) ?? null) !== null);
  for (const path of told) assert.equal(valueAt(again.body, path), null, path);
  if (told.length > 0) assert.equal(again.body.secretOmitted, true, route.id);
  else assert.deepEqual(again.body, first.body, route.id);
}

test("409: a key that was used for one customer is not for another, also once the first is deleted", async () => {
  for (const route of kept.filter(({ id }) => id !== "createCustomer")) {
    const [one, two] = [await subjectOf(at, route.id), await subjectOf(at, route.id)];
    if (one.customerId === undefined) continue;
    const options = newKey();
    await send(at, route, one, options);
    for (const deleted of [false, true]) {
      if (deleted) await bring(at, one.customerId, "deleted");
      const reused = await send(at, route, two, options);
      assert.deepEqual(
        [reused.status, reused.body.code],
        [409, "idempotency_key_reused"],
        route.id,
      );
    }
  }
});

/** By verb: a status in which it is refused, and one in which it is not. */
const curable: Readonly<Record<string, readonly [refused: CustomerStatus, cured: CustomerStatus]>> =
  {
    approveCustomer: ["on_hold", "pending"],
    rejectCustomer: ["on_hold", "pending"],
    requestCustomerInformation: ["on_hold", "pending"],
    holdCustomer: ["on_hold", "pending"],
    releaseCustomer: ["pending", "on_hold"],
    createVerificationSession: ["pending", "needs_information"],
    delegateVerification: ["needs_information", "pending"],
    simulateVerification: ["on_hold", "pending"],
  };

test("what business rules refused stays refused under its key, after the cause is cured and after deletion; another key does it", async () => {
  for (const [id, [refused, cured]] of Object.entries(curable)) {
    const route = kept.find((one) => one.id === id) as Route;
    const subject = await subjectOf(at, id);
    const customerId = subject.customerId ?? "";
    const options = newKey();
    await bring(at, customerId, refused);
    const first = await send(at, route, subject, options);
    assert.equal(first.status, 409, `${id}: ${JSON.stringify(first.body)}`);
    await bring(at, customerId, cured);
    await sameAgain(route, subject, options, first);
    const done = await send(at, route, subject, newKey());
    assert.equal(done.status, route.status, `${id}: ${JSON.stringify(done.body)}`);
    await bring(at, customerId, "deleted");
    await sameAgain(route, subject, options, first);
  }
});

test("422 is kept as 409 is: data that cannot be right, a document that is none", async () => {
  const wrong = {
    changeCustomer: { birthDate: "2031-01-01" },
    uploadDocument: Buffer.from("not a picture"),
    addPerson: { ...owner, roles: ["director"], ownershipBasisPoints: 1 },
    delegateVerification: {
      provider: "Example Checks",
      reference: "chk-1",
      livenessAttested: true,
      verifiedAt: "2999-01-31T00:00:00Z",
    },
  };
  for (const [id, body] of Object.entries(wrong)) {
    const route = kept.find((one) => one.id === id) as Route;
    const subject = { ...(await subjectOf(at, id)), body };
    const options = newKey();
    const first = await send(at, route, subject, options);
    assert.equal(first.status, 422, `${id}: ${JSON.stringify(first.body)}`);
    await sameAgain(route, subject, options, first);
    await bring(at, subject.customerId ?? "", "deleted");
    await sameAgain(route, subject, options, first);
  }
});

test("of two that are the same at once one does it, and the other waits, is told to, or gets the same answer", async () => {
  for (const route of kept) {
    const subject = await subjectOf(at, route.id);
    const options = newKey();
    const since = new Date().toISOString();
    const both = await Promise.all([1, 2].map(() => send(at, route, subject, options)));
    for (const { status, body } of both) {
      const told = `${route.id}: ${JSON.stringify(body)}`;
      assert.ok(status === route.status || body.code === "idempotency_in_progress", told);
    }
    const fresh = both.filter((one) => one.status === route.status && !isReplayed(one));
    assert.equal(fresh.length, 1, route.id);
    await sameAgain(route, subject, options, fresh[0] as CallAnswer);
    assert.equal(await doneSince(route, since), 1, `${route.id} is done once`);
  }
});

/** How often the audit log says that something was done since an instant. */
async function doneSince({ id, audience }: Route, from: string): Promise<number> {
  await server.sequence();
  const call = audience === "platform" ? server.call : at.own.call;
  return made(await call("GET", `/audit-log?action=${id}&result=done&from=${from}`)).data.length;
}
