import assert from "node:assert/strict";
import test from "node:test";
import { asOwner, testDatabase, wordsOf } from "../../../test/harness/database.ts";
import { inWork, testKeys } from "../../../test/harness/work.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import { findSession, issueLink, revokeLink, spendLink } from "./actions.ts";
import { endReasons, linkKinds } from "./model.ts";
import { hashSecret, linkTo, looksLikeSecret } from "./rules.ts";
import { spendLinkRow } from "./store.ts";

const { app, url } = await testDatabase();
const keys = testKeys();
const organizationId = "org_links" as OrganizationId;
const kind = "verification";
const DAY_MS = 86_400_000;

let objects = 0;
const newObject = () => `cus_${++objects}`;

const issue = (objectId: string) =>
  inWork(app, organizationId, keys, (work) => issueLink(work, { kind, objectId }));
const spend = (secret: string) =>
  app.transaction((sql) => spendLink({ sql, keys }, { kind, secret }));
const session = (bearer: string, secret?: string) =>
  findSession(app, { kind, bearer, ...(secret === undefined ? {} : { secret }) });
/** Moves what is stored of a link back in time. */
const age = (id: string, ms: number) =>
  asOwner(
    url,
    `update private_links set expires_at = expires_at - $2 * interval '1 ms',
       session_expires_at = session_expires_at - $2 * interval '1 ms' where id = $1`,
    [id, ms],
  );

test("the secret of a link stands in its fragment alone, and has 256 bits", async () => {
  const { secret } = await issue(newObject());
  assert.ok(looksLikeSecret(secret));
  assert.equal(Buffer.from(secret, "base64url").length, 32);
  const link = new URL(linkTo("https://cards.example.com", "verify", { organizationId, secret }));
  assert.equal(link.hash, `#${secret}`);
  assert.equal(
    `${link.origin}${link.pathname}${link.search}`,
    "https://cards.example.com/verify/?organization=org_links",
  );
});

test("a link for verification can be used for 7 days, its session for 30", async () => {
  assert.deepEqual(linkKinds.verification, { linkMs: 7 * DAY_MS, sessionMs: 30 * DAY_MS });
  const { link, secret } = await issue(newObject());
  assert.equal(link.expiresAt.getTime() - link.createdAt.getTime(), 7 * DAY_MS);
  await age(link.id, 7 * DAY_MS - 60_000);
  const spent = await spend(secret);
  assert.ok(spent);
  const { sessionExpiresAt, spentAt } = spent.link;
  assert.equal(Number(sessionExpiresAt) - Number(spentAt), 30 * DAY_MS);
  await age(link.id, 30 * DAY_MS - 60_000);
  assert.ok(await session(spent.bearer), "a minute before its end");
  await age(link.id, 60_001);
  assert.equal(await session(spent.bearer), null, "at its end");
});

test("a link is spent by one exchange: of 20 at once one gets the session", async () => {
  const { link, secret } = await issue(newObject());
  const all = await Promise.all(Array.from({ length: 20 }, () => spend(secret)));
  const got = all.filter((one) => one !== null);
  assert.equal(got.length, 1);
  assert.equal((await session(got[0]?.bearer ?? ""))?.id, link.id);
  assert.equal(await spend(secret), null);
});

test("an expired, an ended and a guessed link cannot be spent", async () => {
  const expired = await issue(newObject());
  await age(expired.link.id, 7 * DAY_MS);
  assert.equal(await spend(expired.secret), null);
  const ended = await issue(newObject());
  await inWork(app, organizationId, keys, (work) => revokeLink(work.sql, ended.link));
  assert.equal(await spend(ended.secret), null);
  assert.equal(await spend("A".repeat(43)), null);
  assert.equal(await spend(""), null);
});

test("a newer link ends the older one of its kind and object, with its session; others stay", async () => {
  const object = newObject();
  const other = await issue(newObject());
  const spent = await issue(object);
  const first = await spend(spent.secret);
  assert.ok(first);
  const second = await issue(object);
  assert.equal(await session(first.bearer), null, "the session of the first is over");
  const third = await issue(object);
  assert.equal(await spend(second.secret), null);
  assert.ok(await spend(third.secret));
  assert.ok(await spend(other.secret));
});

test("a revoked link ends its session at once", async () => {
  const { link, secret } = await issue(newObject());
  const spent = await spend(secret);
  assert.ok(spent);
  await inWork(app, organizationId, keys, (work) => revokeLink(work.sql, link));
  assert.equal(await session(spent.bearer), null);
});

test("a session is told by its bearer, and by no other secret", async () => {
  const { secret } = await issue(newObject());
  const other = await issue(newObject());
  const spent = await spend(secret);
  assert.ok(spent);
  assert.equal(await session(secret), null, "the link's secret is no bearer");
  assert.equal(await session("B".repeat(43)), null);
  assert.ok(await session(spent.bearer, secret), "of this link");
  assert.equal(await session(spent.bearer, other.secret), null, "of another link");
});

test("G1: neither the secret of a link nor a bearer is stored in clear", async () => {
  const { secret } = await issue(newObject());
  const spent = await spend(secret);
  assert.ok(spent);
  const rows = await asOwner<{ text: string }>(url, "select l::text as text from private_links l");
  const dump = rows.map(({ text }) => text).join("\n");
  assert.ok(dump.includes(spent.link.id));
  for (const word of [secret, spent.bearer]) {
    assert.ok(!dump.includes(word));
    assert.ok(!dump.includes(Buffer.from(word).toString("hex")));
    assert.ok(!dump.includes(Buffer.from(word, "base64url").toString("hex")));
  }
});

test("a link is for its own kind of page: for another it is as good as guessed", async () => {
  const { secret } = await issue(newObject());
  const another = "pin" as typeof kind;
  const spending = app.transaction(async (sql) => {
    const hash = hashSecret(secret);
    return spendLinkRow(sql, { hash, kind: another }, { bearerHash: hash, lifeMs: DAY_MS });
  });
  assert.equal(await spending, null);
  assert.ok(await spend(secret), "and it was not spent by that");
});

test("the reasons of an end agree with the database", async () => {
  assert.deepEqual(await wordsOf(url, "private_links_ended_reason_check"), [...endReasons].sort());
});
