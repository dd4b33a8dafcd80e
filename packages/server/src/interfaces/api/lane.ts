import { generalErrors } from "../../foundation/errors/errors.ts";

/**
 * The queue in front of a lane. It flushes at once while few batches are in flight, and gathers while
 * they are: batches grow with the load by themselves, and nothing waits on a timer.
 */

/** Most requests of one batch. */
export const MAX_BATCH = 64;
/** Batches of a lane that run at the same time: one decides while the other waits for its flush. */
const MAX_IN_FLIGHT = 2;
/** Most requests that wait; one more is answered 503 at once. */
export const MAX_QUEUED = 4_096;
/** Longest wait for a batch, ms; a request that is older, or comes behind such a one, gets 503. */
export const MAX_WAIT_MS = 5_000;

/** What became of one request: a value, an error, or it has to wait for the next batch. */
export type Settled<A> = { readonly value: A } | { readonly error: unknown } | "again";

export type QueueOptions<R, A> = {
  nowMs(): number;
  /** Requests with the same key are never in two batches at the same time; null: no key. */
  keyOf(request: R): string | null;
  /** Answers in the order given. */
  run(requests: readonly R[]): Promise<readonly Settled<A>[]>;
  onQueued(count: number): void;
  onFull(): void;
};

export type LaneQueue<R, A> = {
  /** @throws Refusal `unavailable` when the lane is full or late */
  submit(request: R): Promise<A>;
  /** Resolves when nothing waits and nothing runs. */
  idle(): Promise<void>;
};

type Waiting<R, A> = {
  readonly request: R;
  readonly since: number;
  readonly key: string | null;
  readonly resolve: (answer: A) => void;
  readonly reject: (error: unknown) => void;
};

/** Opens the queue of a lane. */
export function openQueue<R, A>(options: QueueOptions<R, A>): LaneQueue<R, A> {
  let queue: Waiting<R, A>[] = [];
  let inFlight = 0;
  const busyKeys = new Set<string>();
  const idlers: (() => void)[] = [];

  const take = (): Waiting<R, A>[] => {
    const batch: Waiting<R, A>[] = [];
    const rest: Waiting<R, A>[] = [];
    const latest = options.nowMs() - MAX_WAIT_MS;
    for (const waiting of queue) {
      if (waiting.since < latest) refuse(waiting);
      else if (batch.length === MAX_BATCH || isBusy(waiting)) rest.push(waiting);
      else batch.push(waiting);
    }
    queue = rest;
    return batch;
  };
  const isBusy = ({ key }: Waiting<R, A>) => key !== null && busyKeys.has(key);
  const refuse = ({ reject }: Waiting<R, A>) => {
    options.onFull();
    reject(unavailable());
  };

  const flush = async (batch: readonly Waiting<R, A>[]) => {
    const keys = new Set(batch.flatMap(({ key }) => key ?? []));
    for (const key of keys) busyKeys.add(key);
    inFlight += 1;
    const requests = batch.map(({ request }) => request);
    const settled = await options
      .run(requests)
      .catch((error: unknown) => requests.map(() => ({ error })));
    inFlight -= 1;
    for (const key of keys) busyKeys.delete(key);
    queue.unshift(...batch.filter((_, index) => settled[index] === "again"));
    settle(batch, settled);
    pump();
  };

  const pump = () => {
    while (inFlight < MAX_IN_FLIGHT && queue.length > 0) {
      const batch = take();
      if (batch.length === 0) break;
      void flush(batch);
    }
    options.onQueued(queue.length);
    if (inFlight === 0 && queue.length === 0) for (const done of idlers.splice(0)) done();
  };

  return {
    submit: (request) =>
      new Promise((resolve, reject) => {
        const since = options.nowMs();
        const waiting = { request, since, key: options.keyOf(request), resolve, reject };
        const oldest = queue[0]?.since ?? since;
        if (queue.length >= MAX_QUEUED || since - oldest > MAX_WAIT_MS) return refuse(waiting);
        queue.push(waiting);
        pump();
      }),
    idle: () =>
      new Promise((resolve) => {
        idlers.push(resolve);
        pump();
      }),
  };
}

function settle<R, A>(batch: readonly Waiting<R, A>[], settled: readonly Settled<A>[]): void {
  for (const [index, waiting] of batch.entries()) {
    const result = settled[index];
    if (result === "again" || result === undefined) continue;
    if ("error" in result) waiting.reject(result.error);
    else waiting.resolve(result.value);
  }
}

const unavailable = () =>
  generalErrors.refusal("unavailable", "Too many requests wait for this.", { retryAfterS: 1 });
