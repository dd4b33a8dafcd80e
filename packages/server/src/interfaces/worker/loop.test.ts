import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type LoopOptions, startLoop } from "./loop.ts";

function jobOf(step: () => Promise<number>, over: Partial<LoopOptions> = {}): LoopOptions {
  return { name: "test", step, restMs: 0, idleMs: [25, 60_000], onError: () => undefined, ...over };
}

const until = async (condition: () => boolean) => {
  for (let tries = 0; !condition(); tries += 1) {
    assert.ok(tries < 1_000, "it never happened");
    await delay(2);
  }
};

test("a woken job looks at once, and says how long it has been behind", async (t) => {
  let passes = 0;
  let left = 0;
  const loop = startLoop(
    jobOf(async () => {
      passes += 1;
      const done = left;
      left = 0;
      return done;
    }),
  );
  t.after(() => loop.stop());
  // Twice the first idle time each: after some passes it sleeps for seconds.
  await until(() => passes >= 6);
  assert.equal(loop.behindMs(), 0);
  const before = passes;
  left = 3;
  loop.wake();
  assert.ok(loop.behindMs() >= 0);
  await until(() => left === 0);
  assert.ok(passes - before <= 2);
  await until(() => loop.behindMs() === 0);
});

test("work that comes while a pass runs is seen by the next pass, without waiting", async (t) => {
  const gate = Promise.withResolvers<void>();
  let passes = 0;
  const loop = startLoop(
    jobOf(async () => {
      passes += 1;
      if (passes === 1) await gate.promise;
      return 0;
    }),
  );
  t.after(() => loop.stop());
  await until(() => passes === 1);
  loop.wake();
  gate.resolve();
  await gate.promise;
  await new Promise(setImmediate);
  assert.ok(passes === 2 || loop.behindMs() > 0, "what was committed meanwhile is not done yet");
  await until(() => passes >= 2);
});

test("an error is told and tried again; what fails is behind until it works", async (t) => {
  const errors: number[] = [];
  let broken = true;
  const loop = startLoop(
    jobOf(
      async () => {
        if (broken) throw new Error("away");
        return 0;
      },
      { onError: (_, inARow) => void errors.push(inARow) },
    ),
  );
  t.after(() => loop.stop());
  await until(() => errors.length === 3);
  assert.deepEqual(errors, [1, 2, 3]);
  assert.ok(loop.behindMs() > 50);
  broken = false;
  await until(() => loop.behindMs() === 0);
});

test("stopping waits for the pass that runs, and no further one begins", async () => {
  const gate = Promise.withResolvers<void>();
  let passes = 0;
  const loop = startLoop(
    jobOf(async () => {
      passes += 1;
      await gate.promise;
      return 1;
    }),
  );
  const stopping = loop.stop();
  const ended = { yet: false };
  void stopping.then(() => {
    ended.yet = true;
  });
  await delay(20);
  assert.equal(ended.yet, false);
  gate.resolve();
  await stopping;
  assert.equal(passes, 1);
});
