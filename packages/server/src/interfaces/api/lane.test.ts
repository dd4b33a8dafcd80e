import assert from "node:assert/strict";
import { test } from "node:test";
import { Refusal } from "../../foundation/errors/errors.ts";
import { MAX_BATCH, MAX_QUEUED, MAX_WAIT_MS, openQueue, type Settled } from "./lane.ts";

type Asked = { readonly id: number; readonly key?: string };

type Batch = {
  readonly asked: readonly Asked[];
  /** All is written; only COMMIT is waited for. */
  readonly commit: () => void;
  readonly end: (settled?: Settled<number>[]) => void;
};

/** A lane whose batches commit and end when the test says so. */
function lane() {
  const batches: Batch[] = [];
  let nowMs = 0;
  let refused = 0;
  const queue = openQueue<Asked, number>({
    nowMs: () => nowMs,
    keyOf: ({ key }) => key ?? null,
    run: (asked, commit) =>
      new Promise((resolve) => {
        const end = (settled?: Settled<number>[]) =>
          resolve(settled ?? asked.map(({ id }) => ({ value: id })));
        batches.push({ asked, commit, end });
      }),
    onQueued: () => undefined,
    onFull: () => {
      refused += 1;
    },
  });
  const sizes = () => batches.map(({ asked }) => asked.length);
  const advance = (ms: number) => {
    nowMs += ms;
  };
  return { queue, batches, sizes, advance, refused: () => refused };
}

const turn = () => new Promise(setImmediate);

test("one batch decides at a time: the next begins when it commits, with at most 64", async () => {
  const { queue, batches, sizes } = lane();
  const answers = Array.from({ length: 100 }, (_, id) => queue.submit({ id }));
  assert.deepEqual(sizes(), [1], "the first does not wait for others");
  batches[0]?.commit();
  assert.deepEqual(sizes(), [1, MAX_BATCH]);
  batches[1]?.commit();
  assert.deepEqual(sizes(), [1, MAX_BATCH], "no third while two wait for the disk");
  batches[0]?.commit();
  batches[0]?.end();
  await turn();
  assert.deepEqual(sizes(), [1, MAX_BATCH, 35]);
  for (const batch of batches) batch.end();
  assert.deepEqual(await Promise.all(answers), [...Array(100).keys()]);
  assert.deepEqual(
    batches.flatMap(({ asked }) => asked.map(({ id }) => id)),
    [...Array(100).keys()],
  );
});

test("a batch that ends without COMMIT lets the next begin", async () => {
  const { queue, batches, sizes } = lane();
  const answers = [1, 2, 3].map((id) => queue.submit({ id }));
  batches[0]?.end();
  await turn();
  assert.deepEqual(sizes(), [1, 2]);
  batches[0]?.commit();
  const fourth = queue.submit({ id: 4 });
  assert.deepEqual(sizes(), [1, 2], "what an earlier batch tells does not free a later one");
  batches[1]?.end();
  await turn();
  batches[2]?.end();
  assert.deepEqual(await Promise.all([...answers, fourth]), [1, 2, 3, 4]);
});

test("requests with one key are never in two batches at the same time", async () => {
  const { queue, batches } = lane();
  const first = queue.submit({ id: 1, key: "k" });
  const second = queue.submit({ id: 2, key: "k" });
  const other = queue.submit({ id: 3, key: "other" });
  batches[0]?.commit();
  assert.deepEqual(
    batches.map(({ asked }) => asked[0]?.id),
    [1, 3],
  );
  batches[1]?.commit();
  assert.equal(batches.length, 2, "it waits for the end of its twin, not only for its COMMIT");
  batches[0]?.end();
  await turn();
  assert.equal(batches[2]?.asked[0]?.id, 2);
  batches[1]?.end();
  batches[2]?.end();
  assert.deepEqual(await Promise.all([first, second, other]), [1, 2, 3]);
});

test("a request that has to wait for its twin comes first in the next batch", async () => {
  const { queue, batches } = lane();
  const [one, two] = [queue.submit({ id: 1 }), queue.submit({ id: 2 })];
  const third = queue.submit({ id: 3 });
  batches[0]?.end(["again"]);
  await turn();
  assert.deepEqual(
    batches[1]?.asked.map(({ id }) => id),
    [1, 2, 3],
  );
  batches[1]?.end();
  assert.deepEqual(await Promise.all([one, two, third]), [1, 2, 3]);
});

test("a full lane answers 503 at once, and a late one too", async () => {
  const full = lane();
  const rejected = (promise: Promise<unknown>) =>
    promise.then(
      () => null,
      (error: Refusal) => error,
    );
  for (let id = 0; id < MAX_QUEUED + 1; id += 1) full.queue.submit({ id }).catch(() => undefined);
  const over = await rejected(full.queue.submit({ id: -1 }));
  assert.ok(over instanceof Refusal);
  assert.deepEqual([over.status, over.code, over.retryAfterS], [503, "unavailable", 1]);

  const late = lane();
  const first = late.queue.submit({ id: 1 });
  const waited = rejected(late.queue.submit({ id: 3 }));
  late.advance(MAX_WAIT_MS + 1);
  assert.ok((await rejected(late.queue.submit({ id: 4 }))) instanceof Refusal);
  late.batches[0]?.end();
  assert.equal(await first, 1);
  assert.ok((await waited) instanceof Refusal, "what waited too long is not decided any more");
  assert.equal(late.refused(), 2);
});

test("a run that throws fails its requests and the lane goes on", async () => {
  let runs = 0;
  const queue = openQueue<number, number>({
    nowMs: () => 0,
    keyOf: () => null,
    run: async ([request = 0]) => {
      runs += 1;
      if (runs === 1) throw new Error("broken");
      return [{ value: request }];
    },
    onQueued: () => undefined,
    onFull: () => undefined,
  });
  await assert.rejects(queue.submit(1), /broken/);
  assert.equal(await queue.submit(2), 2);
  await queue.idle();
});
