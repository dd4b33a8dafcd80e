import { steadyMs } from "../../foundation/clock/clock.ts";
import type { Transaction } from "../../foundation/database/database.ts";
import { assert, Outage, Refusal } from "../../foundation/errors/errors.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import type { BatchRoute, Lane, LaneCommand } from "../../foundation/route/route.ts";
import { lockKeys, lookUp } from "../../records/idempotency/actions.ts";
import { idempotencyErrors } from "../../records/idempotency/errors.ts";
import type { StoredAnswer } from "../../records/idempotency/model.ts";
import { organizationNows } from "../../records/sequencer/actions.ts";
import {
  type Admitted,
  type Answer,
  answerOf,
  doneOutcome,
  keyRefOf,
  type Outcome,
  recordBeforeCommit,
  refusedOutcome,
  replay,
  workOf,
} from "./admitted.ts";
import type { ApiContext } from "./context.ts";
import { type LaneQueue, openQueue, type Settled } from "./lane.ts";

type Request = Admitted<BatchRoute>;

/** Decides requests of one lane together; opened once for each lane of the route table. */
export function openBatches(context: ApiContext, lane: Lane): LaneQueue<Request, Answer> {
  const { metrics } = context;
  return openQueue<Request, Answer>({
    nowMs: steadyMs,
    keyOf: (request) => {
      const ref = keyRefOf(request);
      return ref === null ? null : `${ref.organizationId} ${ref.key}`;
    },
    run: async (requests, committing) => {
      metrics.batchSize.observe({ lane: lane.name }, requests.length);
      return runBatch(context, lane, requests, committing);
    },
    onQueued: (count) => metrics.laneQueued.set({ lane: lane.name }, count),
    onFull: () => metrics.laneRefused.inc({ lane: lane.name }),
  });
}

/**
 * Runs a batch in one transaction. One that fails by an error nobody foresaw is run again in halves,
 * down to single requests, so that a poisoned request fails alone (PROOF §1). An outage is not
 * repeated: it may be unknown whether COMMIT took effect.
 */
async function runBatch(
  context: ApiContext,
  lane: Lane,
  requests: readonly Request[],
  committing: () => void,
): Promise<Settled<Answer>[]> {
  const { transactions } = context.metrics;
  try {
    const settled = await context.database.transaction((sql) => {
      sql.whenCommitting(committing);
      return decideTogether(context, lane, requests, sql);
    });
    transactions.inc({ kind: "batch", result: "committed" });
    context.committed();
    return settled;
  } catch (error) {
    const result = error instanceof Outage ? "unavailable" : "failed";
    transactions.inc({ kind: "batch", result });
    if (error instanceof Outage || requests.length === 1) return requests.map(() => ({ error }));
    const middle = requests.length >> 1;
    return [
      ...(await runBatch(context, lane, requests.slice(0, middle), notYet)),
      ...(await runBatch(context, lane, requests.slice(middle), committing)),
    ];
  }
}

/** The first half of a batch commits, and the second is still to be decided. */
const notYet = () => undefined;

/** A request of the batch, and what its Idempotency-Key says about it. */
type Opened = {
  readonly request: Request;
  /** What is to be answered without deciding; null: to be decided. */
  readonly before: Settled<Answer> | null;
};

async function decideTogether(
  context: ApiContext,
  lane: Lane,
  requests: readonly Request[],
  sql: Transaction,
): Promise<Settled<Answer>[]> {
  const ids = [...new Set(requests.map(({ caller }) => caller.organizationId))];
  const [opened, nows] = await Promise.all([
    openKeys(context, requests, sql),
    organizationNows(sql, ids),
  ]);
  const fresh = opened.flatMap(({ request, before }) => (before === null ? [request] : []));
  const outcomes = await decide(context, lane, fresh, sql, nows);
  if (outcomes.length > 0) recordBeforeCommit(context, sql, outcomes);
  const decided = outcomes.values();
  return opened.map(({ before }) => before ?? { value: answerOf(decided.next().value as Outcome) });
}

/** Locks and looks up all Idempotency-Keys of a batch, in two statements sent at once. */
async function openKeys(
  context: ApiContext,
  requests: readonly Request[],
  sql: Transaction,
): Promise<Opened[]> {
  const keyed = requests.filter((request) => keyRefOf(request) !== null);
  const refs = keyed.flatMap((request) => keyRefOf(request) ?? []);
  const [got, stored] = await Promise.all([lockKeys(sql, refs), lookUp(sql, refs)]);
  const seen = new Set<string>();
  const opened = requests.map(async (request): Promise<Opened> => {
    const at = keyed.indexOf(request);
    const ref = refs[at];
    if (ref === undefined) return { request, before: null };
    const name = `${ref.organizationId} ${ref.key}`;
    const isRepeated = seen.has(name);
    seen.add(name);
    const answer = stored[at] ?? null;
    if (answer !== null) return { request, before: await replayed(context, request, sql, answer) };
    if (isRepeated) return { request, before: "again" };
    return { request, before: got[at] ? null : { error: inProgress() } };
  });
  return Promise.all(opened);
}

const inProgress = () => idempotencyErrors.refusal("idempotency_in_progress");

async function replayed(
  context: ApiContext,
  request: Request,
  sql: Transaction,
  stored: StoredAnswer,
): Promise<Settled<Answer>> {
  try {
    return { value: await replay(context, request, sql, stored) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { error };
  }
}

async function decide(
  context: ApiContext,
  lane: Lane,
  requests: readonly Request[],
  sql: Transaction,
  nows: ReadonlyMap<OrganizationId, Date>,
): Promise<Outcome[]> {
  if (requests.length === 0) return [];
  const commands = requests.map((request): LaneCommand => {
    const { route, params, query, body, caller } = request;
    const now = nows.get(caller.organizationId);
    assert(now !== undefined, "Each organization of a batch has a now.");
    const work = workOf(context, request, sql, now);
    return route.command({ params, query, body, caller, work } as never);
  });
  const results = await lane.decide(commands);
  assert(results.length === commands.length, `Lane ${lane.name} answers every command.`);
  return requests.map((request, index) => {
    const { work } = commands[index] as LaneCommand;
    const result = results[index];
    return result instanceof Refusal
      ? refusedOutcome(request, work, result)
      : doneOutcome(request, work, request.route.result(result));
  });
}
