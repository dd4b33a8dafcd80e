import assert from "node:assert/strict";
import test from "node:test";
import pg from "pg";
import { asOwner } from "../../../test/harness/database.ts";
import { startTestServer } from "../../../test/harness/server.ts";
import { askWith, secretOf } from "./fixture.ts";

/** Whatever is wrong with a link or a session, it is told and looked up in one way. */
const server = await startTestServer({
  settings: { CARDWRIGHT_TRUSTED_PROXIES: ["127.0.0.1"] },
});
const own = await server.newOrganization();
const closed = await server.newOrganization();
const ask = askWith(server);
const path = (id: string) => `/customers/${id}/verification-sessions`;

let addresses = 0;
/** From an address of its own: what is tried in vain is counted by address. */
const asked = () => {
  addresses += 1;
  return { headers: { "x-forwarded-for": `10.0.${addresses >> 8}.${addresses & 255}` } };
};

const exchange = (secret: string) => ask("POST", "exchange", { secret }, asked());

async function create({ call } = own) {
  const { body } = await call("POST", "/customers", { type: "individual", level: "basic" });
  const { sessionId, link } = body.verification;
  return { id: body.id as string, sessionId, secret: secretOf(link), bearer: "x".repeat(43) };
}
type Made = Awaited<ReturnType<typeof create>>;

/** As `create`, with the link spent. */
async function begin(owner = own): Promise<Made> {
  const made = await create(owner);
  return { ...made, bearer: (await exchange(made.secret)).body.bearer };
}

const write = (text: string, ...values: string[]) => asOwner(server.database.url, text, values);

// There is one kind yet: another is written past the check of the table.
await write("alter table private_links drop constraint private_links_kind_check");

/** What makes a link, and its session, of no use any more. */
const ways: Readonly<Record<string, (made: Made) => Promise<unknown>>> = {
  expired: ({ id }) =>
    write(
      `update private_links set expires_at = now(), session_expires_at = session_expires_at
         - interval '31 days' where object_id = $1`,
      id,
    ),
  replaced: ({ id }) => own.call("POST", path(id), {}),
  revoked: ({ id, sessionId }) => own.call("DELETE", `${path(id)}/${sessionId}`),
  "of a deleted customer": ({ id }) => own.call("DELETE", `/customers/${id}`),
  "of another kind": ({ id }) =>
    write("update private_links set kind = 'pin' where object_id = $1", id),
};

/** All that the application sent to the database meanwhile, by text. */
async function statementsOf<T>(act: () => Promise<T>): Promise<[T, string[]]> {
  const real = pg.Client.prototype.query as (...given: unknown[]) => unknown;
  const seen: string[] = [];
  pg.Client.prototype.query = function spy(this: unknown, ...given: unknown[]) {
    const [first] = given as [string | { text: string }];
    seen.push(typeof first === "string" ? first : first.text);
    return real.apply(this, given);
  } as never;
  try {
    return [await act(), seen];
  } finally {
    pg.Client.prototype.query = real as never;
  }
}

/** An answer, byte by byte, without what is of the request alone. */
async function answered(method: string, to: string, body: string | null, headers: object) {
  const [reply, statements] = await statementsOf(async () => {
    const response = await fetch(`${server.url}/hosted/verification/${to}`, {
      method,
      headers: {
        origin: server.url,
        "sec-fetch-site": "same-origin",
        ...(body === null ? {} : { "content-type": "application/json" }),
        ...asked().headers,
        ...headers,
      },
      ...(body === null ? {} : { body }),
    });
    const id = response.headers.get("x-request-id") ?? "no id";
    const text = (await response.text()).replace(id, "req");
    const ofRequest = ["date", "x-request-id"];
    const kept = [...response.headers].filter(([name]) => !ofRequest.includes(name));
    return { status: response.status, headers: kept, text };
  });
  return { reply, statements };
}

async function waysOf(make: () => Promise<Made>): Promise<Map<string, Made>> {
  const made = new Map<string, Made>();
  for (const [way, end] of Object.entries(ways)) {
    const one = await make();
    await end(one);
    made.set(way, one);
  }
  return made;
}

test("one answer and the same statements for a link that is used, expired, ended, of a closed organization or guessed", async () => {
  const links = await waysOf(create);
  links.set("used", await begin());
  const ofClosed = await create(closed);
  const spentOfClosed = await begin(closed);
  await server.call("POST", `/organizations/${closed.id}/close`, {});
  links.set("of a closed organization", ofClosed);
  links.set("used, of a closed organization", spentOfClosed);
  links.set("guessed", { ...ofClosed, secret: "g".repeat(43) });
  const first = await answered("POST", "exchange", JSON.stringify({ secret: "a".repeat(43) }), {});
  assert.equal(first.reply.status, 404);
  assert.match(first.reply.text, /link_not_usable/);
  assert.deepEqual(
    first.statements.map((text) => text.trim().split(/[\s;]/)[0]),
    ["begin", "update", "commit"],
  );
  for (const [way, { secret }] of links) {
    for (const body of [{ secret }, { secret, embeddedFor: own.id }]) {
      const answer = await answered("POST", "exchange", JSON.stringify(body), {});
      assert.deepEqual(answer, first, way);
    }
  }
});

test("one answer and the same statements for a session that is over, of any end, or guessed", async () => {
  const sessions = await waysOf(begin);
  const waiting = await create();
  sessions.set("the secret of a link", { ...waiting, bearer: waiting.secret });
  for (const [method, to, body] of [
    ["GET", "session", null],
    ["PUT", "details", '{"firstName":"Ada"}'],
    ["POST", "submit", '{"consent":{"version":"1","language":"en"}}'],
    ["DELETE", "documents/doc_1", null],
    ["POST", "documents?kind=passport", null],
    ["POST", "people", '{"roles":["director"]}'],
    ["PATCH", "people/per_1", '{"firstName":"Ada"}'],
    ["DELETE", "people/per_1", null],
    ["PATCH", "documents/doc_1", '{"country":"DEU"}'],
  ] as const) {
    const ask = (bearer: string) =>
      answered(method, to, body, { authorization: `Bearer ${bearer}` });
    const first = await ask("b".repeat(43));
    assert.equal(first.reply.status, 401, to);
    assert.equal(first.statements.length, 1, to);
    for (const [way, { bearer }] of sessions) {
      assert.deepEqual(await ask(bearer), first, `${to}: ${way}`);
    }
  }
});

test("one answer to a browser whose cookie is of a session that is over, and to one without", async () => {
  const cookieOf = (bearer: string) => ({ cookie: `cardwright-verification=${bearer}` });
  const first = await answered("POST", "resume", "{}", cookieOf("b".repeat(43)));
  const none = await answered("POST", "resume", "{}", {});
  assert.deepEqual(none.reply, first.reply);
  for (const [way, { bearer }] of await waysOf(begin)) {
    assert.deepEqual(await answered("POST", "resume", "{}", cookieOf(bearer)), first, way);
  }
});

test("closing an organization ends its sessions at once; others stay", async () => {
  const owner = await server.newOrganization();
  const [ends, stays] = [await begin(owner), await begin()];
  await server.call("POST", `/organizations/${owner.id}/close`, {});
  const read = (bearer: string) => ask("GET", "session", undefined, { bearer, ...asked() });
  assert.equal((await read(ends.bearer)).status, 401);
  assert.equal((await read(stays.bearer)).status, 200);
});
