import assert from "node:assert/strict";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { testDatabase } from "../../../test/harness/database.ts";
import { keepShared } from "../../../test/harness/sharing.ts";
import { testKeys, workOf } from "../../../test/harness/work.ts";
import type { Transaction } from "../../foundation/database/database.ts";
import { PLATFORM } from "../../foundation/ids/ids.ts";
import { createOrganization } from "../organizations/actions.ts";
import {
  changeProgram,
  createProgram,
  findProgram,
  lockProgram,
  retireProgram,
} from "./actions.ts";
import { programBody } from "./fixture.ts";

const { app } = await testDatabase();
const keys = testKeys();

test("a lock that waited for a change sees the organizations that the change named", async () => {
  const [program, organization] = await app.transaction(async (sql) => {
    const work = workOf(sql, PLATFORM, keys);
    const fresh = { name: "Example", mode: "sandbox", externalId: null, currencies: [] } as const;
    return Promise.all([
      createProgram(work, { ...programBody, availability: "listed" }),
      createOrganization(work, fresh),
    ]);
  });
  const { id } = organization.organization;
  const change = app.transaction(async (sql) => {
    await changeProgram(workOf(sql, PLATFORM, keys), program.id, { organizationIds: [id] });
    await sleep(300);
  });
  await sleep(100);
  const waited = await app.transaction((sql) => lockProgram(sql, program.id, "share"));
  await change;
  assert.deepEqual(waited?.organizationIds, [id]);
});

test("a busy program is changed soon, although there is always somebody who shares it", async () => {
  const [id = ""] = await createPrograms(1);
  const sharing = keepShared(app, (sql) => lockProgram(sql, id, "share"));
  await sharing.begun;
  const before = Date.now();
  const { status } = await app.transaction((sql) =>
    changeProgram(workOf(sql, PLATFORM, keys), id, { status: "inactive" }),
  );
  const waitedMs = Date.now() - before;
  await sharing.end();
  assert.equal(status, "inactive");
  assert.ok(waitedMs < 1_000, `waited ${waitedMs} ms`);
});

/** Sends one statement after the other with a pause, so that transactions begun together alternate. */
function haltingly(sql: Transaction): Transaction {
  let last: Promise<unknown> = Promise.resolve();
  const query: Transaction["query"] = <R>(...asked: Parameters<Transaction["query"]>) => {
    const answer = last.then(() => sleep(30)).then(() => sql.query<R>(...asked));
    last = answer.catch(() => undefined);
    return answer;
  };
  return { ...sql, query };
}

async function createPrograms(count: number): Promise<string[]> {
  const programs = await app.transaction((sql) => {
    const work = workOf(sql, PLATFORM, keys);
    return Promise.all(Array.from({ length: count }, () => createProgram(work, programBody)));
  });
  return programs.map(({ id }) => id);
}

/** Retires each program into the one beside it, all at once; the codes of those that were refused. */
async function retireAtOnce(pairs: readonly (readonly [string, string])[]): Promise<string[]> {
  const results = await Promise.allSettled(
    pairs.map(([id, successorId]) =>
      app.transaction((sql) =>
        retireProgram(workOf(haltingly(sql), PLATFORM, keys), id, successorId),
      ),
    ),
  );
  return results.flatMap((result) => (result.status === "rejected" ? [result.reason.code] : []));
}

/** Follows successors from a program: each is met once. */
async function assertEnds(id: string): Promise<void> {
  const met = new Set<string>();
  for (let next: string | null = id; next !== null; ) {
    assert.ok(!met.has(next), `${[...met, next].join(" → ")} never ends`);
    met.add(next);
    next = (await findProgram(app, next))?.successorId ?? null;
  }
}

for (const size of [2, 3, 5]) {
  test(`${size} programs that are retired at once, each into the next, never make a ring`, async () => {
    const ids = await createPrograms(size);
    const next = (index: number) => ids[(index + 1) % size] ?? "";
    const refused = await retireAtOnce(ids.map((id, index) => [id, next(index)]));
    assert.ok(refused.length >= 1 && refused.length < size, String(refused));
    assert.deepEqual([...new Set(refused)], ["program_inconsistent"]);
    for (const id of ids) await assertEnds(id);
  });
}

test("two that retire a program into itself at once are both refused, and neither waits for ever", async () => {
  const [id = ""] = await createPrograms(1);
  const refused = await retireAtOnce([
    [id, id],
    [id, id],
  ]);
  assert.deepEqual(refused, ["program_inconsistent", "program_inconsistent"]);
});
