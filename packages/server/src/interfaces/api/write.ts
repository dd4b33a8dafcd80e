import type { Transaction } from "../../foundation/database/database.ts";
import { Fault, Outage, Refusal } from "../../foundation/errors/errors.ts";
import type { WriteRoute } from "../../foundation/route/route.ts";
import { lockKeys, lookUp } from "../../records/idempotency/actions.ts";
import { idempotencyErrors } from "../../records/idempotency/errors.ts";
import { organizationNow } from "../../records/sequencer/actions.ts";
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

/**
 * Runs an action in a transaction of its own, with the stored answer and the audit row in it: after
 * COMMIT all of it is there, before it nothing.
 */
export async function runWrite(
  context: ApiContext,
  request: Admitted<WriteRoute>,
): Promise<Answer> {
  const { database, metrics } = context;
  const count = (result: string) => metrics.transactions.inc({ kind: "write", result });
  try {
    const answer = await database.transaction((sql) => inTransaction(context, request, sql));
    count(answer.status < 400 ? "committed" : "refused");
    context.committed();
    return answer;
  } catch (error) {
    count(error instanceof Outage ? "unavailable" : "failed");
    throw error;
  }
}

async function inTransaction(
  context: ApiContext,
  request: Admitted<WriteRoute>,
  sql: Transaction,
): Promise<Answer> {
  const [before, now] = await Promise.all([
    openKey(context, request, sql),
    organizationNow(sql, request.caller.organizationId),
    sql.savepoint(),
  ]);
  if (before !== null) return before;
  const outcome = await handle(context, request, sql, now);
  recordBeforeCommit(context, sql, [outcome]);
  return answerOf(outcome);
}

/** Locks and looks up the Idempotency-Key; all statements are sent at once. */
async function openKey(
  context: ApiContext,
  request: Admitted,
  sql: Transaction,
): Promise<Answer | null> {
  const ref = keyRefOf(request);
  if (ref === null) return null;
  const [[got], [stored]] = await Promise.all([lockKeys(sql, [ref]), lookUp(sql, [ref])]);
  if (stored) return await replay(context, request, sql, stored);
  if (!got) throw idempotencyErrors.refusal("idempotency_in_progress");
  return null;
}

async function handle(
  context: ApiContext,
  request: Admitted<WriteRoute>,
  sql: Transaction,
  now: Date,
): Promise<Outcome> {
  const { route, params, query, body, caller } = request;
  const scoped = untilClosed(sql);
  const work = workOf(context, request, scoped.sql, now);
  try {
    const publicUrl = context.publicUrl();
    const reply = await route.handle({ params, query, body, caller, work, publicUrl } as never);
    return doneOutcome(request, work, reply);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const outcome = refusedOutcome(request, work, error);
    scoped.close();
    sql.forgetBeforeCommit();
    await sql.rollbackToSavepoint();
    return outcome;
  }
}

/**
 * The transaction as an action sees it. Once refused, an action may still be running in another branch
 * of it; what that sends or announces must not be committed with the refusal.
 */
function untilClosed(sql: Transaction): { readonly sql: Transaction; close(): void } {
  let open = true;
  const requireOpen = (what: string) => {
    if (!open) throw new Fault(`${what} came after its action was refused.`);
  };
  return {
    sql: {
      ...sql,
      query: async (statement, values) => {
        requireOpen("A statement");
        return sql.query(statement, values);
      },
      beforeCommit: (key, flush) => {
        requireOpen("An announcement");
        return sql.beforeCommit(key, flush);
      },
      awaitBeforeCommit: (writes) => {
        requireOpen("A write");
        sql.awaitBeforeCommit(writes);
      },
    },
    close: () => {
      open = false;
    },
  };
}
