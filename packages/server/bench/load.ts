import { connect, type Socket } from "node:net";

/**
 * The load generator: a process of its own that keeps a number of requests in flight over kept-alive
 * connections, one on each. It speaks just enough HTTP/1.1 to send a prepared request and to find the
 * end of an answer, so that it takes as little of the machine as possible from the server.
 */

/** One thing to send again and again. */
export type Target = {
  readonly path: string;
  readonly key: string;
  /** The JSON body; `#` in it becomes a number that is used once. */
  readonly body: string;
};

export type LoadPlan = {
  readonly host: string;
  readonly port: number;
  readonly inFlight: number;
  readonly durationMs: number;
  readonly targets: readonly Target[];
  /** Makes idempotency keys and numbers unique over all plans of a run. */
  readonly prefix: string;
};

export type LoadReport = {
  /** Answers with a 2xx status, by target. */
  readonly done: readonly number[];
  /** Other answers, by status and code. */
  readonly refused: Readonly<Record<string, number>>;
  readonly elapsedMs: number;
  /** Milliseconds, over all answers. */
  readonly p50Ms: number;
  readonly p99Ms: number;
};

const HEAD_END = Buffer.from("\r\n\r\n");
const LENGTH = /\r\ncontent-length: (\d+)/i;

type State = {
  readonly plan: LoadPlan;
  readonly start: number;
  readonly done: number[];
  readonly refused: Map<string, number>;
  readonly latencies: number[];
  sent: number;
};

/** Runs a plan; every request that was sent has been answered when it is over. */
async function run(plan: LoadPlan): Promise<LoadReport> {
  const state: State = {
    plan,
    start: performance.now(),
    done: plan.targets.map(() => 0),
    refused: new Map(),
    latencies: [],
    sent: 0,
  };
  await Promise.all(Array.from({ length: plan.inFlight }, (_, index) => keepBusy(state, index)));
  const sorted = Float64Array.from(state.latencies).sort();
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? 0;
  return {
    done: state.done,
    refused: Object.fromEntries(state.refused),
    elapsedMs: performance.now() - state.start,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  };
}

/** One connection: sends, waits for the answer, sends again, until the time is over. */
function keepBusy(state: State, index: number): Promise<void> {
  const { host, port, durationMs, targets } = state.plan;
  const socket = connect({ host, port, noDelay: true });
  let turn = index % targets.length;
  let sentAt = 0;
  const next = () => {
    sentAt = performance.now();
    if (sentAt - state.start >= durationMs) return void socket.end();
    turn = (turn + 1) % targets.length;
    socket.write(request(state, targets[turn] as Target));
  };
  const answered = (status: number, body: Buffer) => {
    state.latencies.push(performance.now() - sentAt);
    if (status < 300) state.done[turn] = (state.done[turn] ?? 0) + 1;
    else count(state.refused, status, body);
    next();
  };
  return new Promise((resolve, reject) => {
    socket.on("connect", next);
    socket.on("close", () => resolve());
    socket.on("error", reject);
    readAnswers(socket, answered);
  });
}

function count(refused: Map<string, number>, status: number, body: Buffer): void {
  const code = /"code":"([^"]+)"/.exec(body.toString())?.[1] ?? "";
  const name = `${status} ${code}`.trim();
  refused.set(name, (refused.get(name) ?? 0) + 1);
}

function request(state: State, { path, key, body }: Target): string {
  const number = `${state.plan.prefix}${state.sent++}`;
  const text = body.replace("#", number);
  return `POST ${path} HTTP/1.1\r
host: ${state.plan.host}\r
authorization: Bearer ${key}\r
content-type: application/json\r
idempotency-key: bench-${number}\r
content-length: ${Buffer.byteLength(text)}\r
\r
${text}`;
}

/** Calls back once for each whole answer. The server always sends a content-length. */
function readAnswers(socket: Socket, answered: (status: number, body: Buffer) => void): void {
  let pending: Buffer = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    const headEnd = pending.indexOf(HEAD_END);
    if (headEnd === -1) return;
    const head = pending.toString("latin1", 0, headEnd);
    const length = Number(LENGTH.exec(head)?.[1] ?? Number.NaN);
    if (Number.isNaN(length)) throw new Error(`An answer has no length: ${head}`);
    const end = headEnd + HEAD_END.length + length;
    if (pending.length < end) return;
    const body = pending.subarray(headEnd + HEAD_END.length, end);
    pending = pending.subarray(end);
    answered(Number(head.slice(9, 12)), body);
  });
}

// Started by bench.ts with an open channel: a plan in, a report out, as often as asked.
process.on("message", (plan: LoadPlan) => {
  run(plan).then(
    (report) => process.send?.(report),
    (error: Error) => process.send?.({ failed: error.message }),
  );
});
process.on("disconnect", () => process.exit(0));
