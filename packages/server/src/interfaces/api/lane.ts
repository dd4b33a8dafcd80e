import { generalErrors } from "../../foundation/errors/errors.ts";

/**
 * The queue in front of a lane. It flushes at once while no batch decides, and gathers while one does:
 * batches grow with the load by themselves, and nothing waits on a timer. Two batches that decide at
 * the same time would wait for each other's locks, each half as large and as dear as one of both.
 */

/** Most requests of one batch. */
export const MAX_BATCH = 64;
/** Batches of a lane that run at the same time: one decides while the other waits for the disk. */
export const MAX_IN_FLIGHT = 2;
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
  /** Answers in the order given; tells when all is decided and written and only COMMIT is left. */
  run(requests: readonly R[], committing: () => void): Promise<readonly Settled<A>[]>;
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
  let deciding: readonly Waiting<R, A>[] | null = null;
  let inFlight = 0;
  const busyKeys = new Set<string>();
  const idlers: (() => void)[] = [];

  const refuse = ({ reject }: Waiting<R, A>) => {
    options.onFull();
    reject(unavailable());
  };
  const take = (): readonly Waiting<R, A>[] => {
    const { batch, rest, late } = divide(queue, options.nowMs() - MAX_WAIT_MS, busyKeys);
    queue = rest;
    for (const waiting of late) refuse(waiting);
    return batch;
  };
  const decided = (batch: readonly Waiting<R, A>[]) => {
    if (deciding === batch) deciding = null;
  };

  const flush = async (batch: readonly Waiting<R, A>[]) => {
    const keys = new Set(batch.flatMap(({ key }) => key ?? []));
    for (const key of keys) busyKeys.add(key);
    deciding = batch;
    inFlight += 1;
    const requests = batch.map(({ request }) => request);
    const committing = () => {
      decided(batch);
      pump();
    };
    const settled = await options
      .run(requests, committing)
      .catch((error: unknown) => requests.map(() => ({ error })));
    decided(batch);
    inFlight -= 1;
    for (const key of keys) busyKeys.delete(key);
    queue.unshift(...batch.filter((_, index) => settled[index] === "again"));
    settle(batch, settled);
    pump();
  };

  const pump = () => {
    while (deciding === null && inFlight < MAX_IN_FLIGHT && queue.length > 0) {
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

/** Who of a queue makes the next batch, who waits on, and who has waited since before `latest`. */
function divide<R, A>(
  queue: readonly Waiting<R, A>[],
  latest: number,
  busyKeys: ReadonlySet<string>,
) {
  const batch: Waiting<R, A>[] = [];
  const rest: Waiting<R, A>[] = [];
  const late: Waiting<R, A>[] = [];
  for (const waiting of queue) {
    const isBusy = waiting.key !== null && busyKeys.has(waiting.key);
    if (waiting.since < latest) late.push(waiting);
    else if (batch.length === MAX_BATCH || isBusy) rest.push(waiting);
    else batch.push(waiting);
  }
  return { batch, rest, late };
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
