import type { Transaction } from "../../foundation/database/database.ts";
import type { Sql } from "../../foundation/database/sql.ts";
import type { Work } from "../../foundation/database/work.ts";
import { Fault, type Refusal } from "../../foundation/errors/errors.ts";
import { type PersonalPlaces, personalPlacesOf } from "../../foundation/route/personal.ts";
import type { Caller, Route } from "../../foundation/route/route.ts";
import { recordAudit } from "../../records/audit/actions.ts";
import type { AuditEntry } from "../../records/audit/model.ts";
import { changedIn, changesOf } from "../../records/events/actions.ts";
import {
  checkSameRequest,
  fingerprint,
  isStored,
  openBody,
  storeAnswers,
} from "../../records/idempotency/actions.ts";
import type { KeyRef, StoredAnswer, Answer as ToStore } from "../../records/idempotency/model.ts";
import type { ApiContext } from "./context.ts";
import { PROBLEM_TYPE, problemOf } from "./problem.ts";

/** A request that is authenticated, allowed and valid. */
export type Admitted<R extends Route = Route> = {
  readonly route: R;
  readonly caller: Caller;
  readonly requestId: string;
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly idempotencyKey: string | null;
  /** The reply as JSON text: only what the route's reply schema lists. */
  serialize(reply: unknown): string;
};

/** What goes back over the wire. */
export type Answer = {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
  readonly replayed: boolean;
  readonly retryAfterS: number | null;
};

/** One request's outcome, not yet stored. */
export type Outcome = {
  readonly request: Admitted;
  readonly work: Work;
  readonly status: number;
  readonly text: string;
  /** What the reply is about, where it has an id. */
  readonly objectId: string | null;
  readonly refusal: Refusal | null;
};

export const JSON_TYPE = "application/json; charset=utf-8";

/** The Idempotency-Key of a request with its organization; null where none was sent. */
export function keyRefOf({ caller, idempotencyKey }: Admitted): KeyRef | null {
  return idempotencyKey === null
    ? null
    : { organizationId: caller.organizationId, key: idempotencyKey };
}

/** The work of a request in a transaction. */
export function workOf(
  context: ApiContext,
  { caller, requestId }: Admitted,
  sql: Transaction,
  now: Date,
): Work {
  const { keys, newId } = context;
  const { organizationId } = caller;
  const actor = { kind: "key", id: caller.keyId, organizationId } as const;
  return { sql, organizationId, now, keys, actor, requestId, newId };
}

/** @throws Error when the reply does not fit its schema: nothing is committed then */
export function doneOutcome(request: Admitted, work: Work, reply: unknown): Outcome {
  const text = request.serialize(reply);
  const objectId = objectIn(request.route.path, (reply ?? {}) as Record<string, unknown>);
  return { request, work, status: request.route.status, text, objectId, refusal: null };
}

/**
 * The id of what a path is about, as the reply has it: `/cards/external:…/top-up` answers with a transfer
 * whose `cardId` it is. Of what was made, its own id.
 */
function objectIn(path: string, reply: Record<string, unknown>): string | null {
  const noun = path.split("/")[1]?.replace(/s$/, "");
  const id = reply[`${noun}Id`] ?? reply.id;
  return typeof id === "string" ? id : null;
}

/** @throws Fault for a refusal that is only ever a line inside another's `errors[]` */
export function refusedOutcome(request: Admitted, work: Work, refusal: Refusal): Outcome {
  if (refusal.status === 0) throw new Fault(`${refusal.code} was thrown by itself.`);
  const text = JSON.stringify(problemOf(refusal, request.requestId));
  return { request, work, status: refusal.status, text, objectId: null, refusal };
}

export function answerOf({ status, text, refusal }: Outcome): Answer {
  return {
    status,
    text,
    contentType: refusal === null ? JSON_TYPE : PROBLEM_TYPE,
    replayed: false,
    retryAfterS: refusal?.retryAfterS ?? null,
  };
}

/**
 * The answer that was given before to this key.
 *
 * @throws Refusal `idempotency_key_reused` when the key belongs to another request
 */
export async function replay(
  context: ApiContext,
  request: Admitted,
  sql: Sql,
  stored: StoredAnswer,
): Promise<Answer> {
  const asked = { route: request.route.id, fingerprint: fingerprintOf(context, request) };
  const { status } = checkSameRequest(stored, asked);
  const text = await openBody({ sql, keys: context.keys }, stored);
  const contentType = status < 400 ? JSON_TYPE : PROBLEM_TYPE;
  return { status, text, contentType, replayed: true, retryAfterS: null };
}

function fingerprintOf({ keys }: ApiContext, { route, params, query, body }: Admitted) {
  return fingerprint(keys, route.id, params, query, body);
}

const recordStep = Symbol("answers and audit");

/** Stores answers and audit rows just before COMMIT, together with what was announced. */
export function recordBeforeCommit(
  context: ApiContext,
  sql: Transaction,
  outcomes: readonly Outcome[],
): void {
  sql.beforeCommit(recordStep, () => record(context, sql, outcomes));
}

/** Stores the answers and the audit rows of a transaction, as sets and in one round trip. */
async function record(
  context: ApiContext,
  sql: Transaction,
  outcomes: readonly Outcome[],
): Promise<void> {
  const answers = outcomes.flatMap((outcome) => answerToStore(context, outcome) ?? []);
  await Promise.all([
    storeAnswers({ sql, keys: context.keys }, answers),
    recordAudit(sql, outcomes.map(auditEntry)),
  ]);
}

function answerToStore(context: ApiContext, outcome: Outcome): ToStore | null {
  const { request, work, status, text, refusal } = outcome;
  const { route } = request;
  const ref = keyRefOf(request);
  if (ref === null || !isStored(status, refusal?.code ?? null)) return null;
  const secretFields = route.kind === "write" ? (route.secretFields ?? []) : [];
  return {
    ...ref,
    route: route.id,
    fingerprint: fingerprintOf(context, request),
    status,
    body: text,
    now: work.now,
    ...(refusal === null ? { secretFields, personalPlaces: placesOf(route) } : {}),
  };
}

/** Where each route's reply has personal data; worked out once. */
const places = new WeakMap<Route, PersonalPlaces | null>();

function placesOf(route: Route): PersonalPlaces | null {
  const known = places.get(route);
  if (known !== undefined) return known;
  const found = personalPlacesOf(route.reply);
  places.set(route, found);
  return found;
}

/** What the audit log keeps of an outcome. */
export function auditEntry({ request, work, status, objectId, refusal }: Outcome): AuditEntry {
  const { caller, route, requestId, params } = request;
  const named = (params as { id?: string } | undefined)?.id;
  return {
    id: work.newId("audit"),
    organizationId: caller.organizationId,
    at: work.now,
    actor: work.actor,
    action: route.id,
    objectOrganizationId: (refusal === null ? changedIn(work) : null) ?? caller.organizationId,
    // A name of the caller's own is kept only where nothing better is known: a refusal.
    objectId:
      named === undefined || named.startsWith("external:") ? (objectId ?? named ?? null) : named,
    result: refusal === null ? "done" : "refused",
    status,
    code: refusal?.code ?? null,
    changes: refusal === null ? changesOf(work) : [],
    requestId,
    ip: caller.ip,
  };
}
