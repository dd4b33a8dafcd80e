import assert from "node:assert/strict";
import { test } from "node:test";
import { Type } from "typebox";
import { asOwner } from "../../../test/harness/database.ts";
import { startTestServer } from "../../../test/harness/server.ts";
import { statement } from "../../foundation/database/sql.ts";
import { generalErrors, Outage } from "../../foundation/errors/errors.ts";
import { batchRoute, type Lane, type LaneCommand } from "../../foundation/route/route.ts";
import { object, text } from "../../foundation/route/schemas.ts";

/** A lane that writes one row for each command, as a set; a poisoned row hits a constraint. */
type Mark = LaneCommand & { readonly name: string };

const sizes: number[] = [];
let slow: Promise<void> = Promise.resolve();

const insert = statement("test.marks", "insert into marks (name) select * from unnest($1::text[])");

const lane: Lane = {
  name: "marks",
  async decide(commands) {
    const marks = commands as readonly Mark[];
    sizes.push(marks.length);
    await slow;
    const [first] = marks;
    if (marks.some(({ name }) => name === "outage")) throw new Outage("away");
    const accepted = marks.filter(({ name }) => name !== "refuse");
    await first?.work.sql.query(insert, [accepted.map(({ name }) => name)]);
    return marks.map((mark) =>
      mark.name === "refuse"
        ? generalErrors.refusal("currency_mismatch")
        : { name: mark.name, organizationId: mark.work.organizationId },
    );
  },
};

const mark = batchRoute({
  id: "mark",
  method: "POST",
  path: "/marks",
  summary: "Make a mark",
  tag: "Marks",
  scope: null,
  errors: [],
  audience: "organization",
  body: object({ name: text(50) }),
  reply: object({ name: Type.String(), organizationId: Type.String() }),
  status: 201,
  lane,
  command: ({ work, body }) => ({ work, name: body.name }) as Mark,
  result: (result) => result as { name: string; organizationId: string },
});

const server = await startTestServer({ routes: [mark] });
const { id, call } = await server.newOrganization();
const other = await server.newOrganization();
await asOwner(
  server.database.url,
  `create table marks (name text not null check (name <> 'poison'));
   grant select, insert on marks to cardwright_app`,
);

const marks = async () =>
  (await asOwner<{ name: string }>(server.database.url, "select name from marks")).map(
    ({ name }) => name,
  );

/** Sends all while a first batch waits, so that they are decided together. */
async function together(send: () => Promise<{ status: number }>[]) {
  const gate = Promise.withResolvers<void>();
  slow = gate.promise;
  const blocker = call("POST", "/marks", { name: "blocker" });
  while (sizes.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
  sizes.length = 0;
  const answers = send();
  await new Promise((resolve) => setTimeout(resolve, 300));
  gate.resolve();
  slow = Promise.resolve();
  await blocker;
  return Promise.all(answers);
}

test("requests that arrive together are decided in one transaction, each with its own answer", async () => {
  const answers = await together(() => [
    ...Array.from({ length: 20 }, (_, at) => call("POST", "/marks", { name: `t${at}` })),
    call("POST", "/marks", { name: "refuse" }),
    other.call("POST", "/marks", { name: "theirs" }),
  ]);
  assert.deepEqual(sizes, [22]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [...Array(20).fill(201), 422, 201],
  );
  const [first] = answers as { body?: unknown }[];
  assert.deepEqual(first?.body, { name: "t0", organizationId: id });
  assert.deepEqual((answers.at(-1) as { body?: unknown }).body, {
    name: "theirs",
    organizationId: other.id,
  });
  const audit = await asOwner<{ line: string }>(
    server.database.url,
    `select concat_ws(' ', organization_id, result, count(*)) as line from audit_log
     group by organization_id, result`,
  );
  assert.deepEqual(
    audit.map(({ line }) => line).sort(),
    [`${id} done 21`, `${id} refused 1`, `${other.id} done 1`].sort(),
  );
});

test("B9: one poisoned request of a batch fails alone", async () => {
  sizes.length = 0;
  const answers = await together(() =>
    Array.from({ length: 60 }, (_, at) =>
      call("POST", "/marks", { name: at === 37 ? "poison" : `p${at}` }),
    ),
  );
  assert.deepEqual(
    answers.flatMap(({ status }, at) => (status === 201 ? [] : [[at, status]])),
    [[37, 500]],
  );
  const written = await marks();
  for (let at = 0; at < 60; at += 1) {
    const times = written.filter((name) => name === `p${at}`).length;
    assert.equal(times, at === 37 ? 0 : 1, `p${at} is written once`);
  }
});

test("B3: the same key 50 times in parallel does the work once, all others are replays", async () => {
  sizes.length = 0;
  const answers = await together(() =>
    Array.from({ length: 50 }, () =>
      call("POST", "/marks", { name: "once" }, { idempotencyKey: "same" }),
    ),
  );
  const replayed = answers as unknown as { status: number; headers: Headers; body: unknown }[];
  assert.ok(replayed.every(({ status }) => status === 201));
  assert.equal(replayed.filter(({ headers }) => !headers.get("idempotency-replayed")).length, 1);
  assert.equal((await marks()).filter((name) => name === "once").length, 1);
  const reused = await call("POST", "/marks", { name: "x" }, { idempotencyKey: "same" });
  assert.equal(reused.body.code, "idempotency_key_reused");
});

test("an outage answers 503 with Retry-After and is not repeated", async () => {
  sizes.length = 0;
  const answers = await together(() =>
    ["o1", "outage", "o2"].map((name) => call("POST", "/marks", { name })),
  );
  for (const { status, headers } of answers as { status: number; headers: Headers }[]) {
    assert.deepEqual([status, headers.get("retry-after")], [503, "1"]);
  }
  assert.deepEqual(sizes, [3]);
});
