import type { FastifyReply, FastifyRequest } from "fastify";
import { readLong } from "../../foundation/database/long.ts";
import type { Reading } from "../../foundation/database/work.ts";
import { Fault, type Problem } from "../../foundation/errors/errors.ts";
import {
  type BatchRoute,
  type Caller,
  type DownloadRoute,
  isReading,
  type Lane,
  type ReadRoute,
  type Route,
  type StreamRoute,
  type UploadRoute,
  type WriteRoute,
} from "../../foundation/route/route.ts";
import { checkKey } from "../../records/idempotency/actions.ts";
import { idempotencyErrors } from "../../records/idempotency/errors.ts";
import { organizationNow } from "../../records/sequencer/actions.ts";
import { type Admitted, type Answer, JSON_TYPE } from "./admitted.ts";
import { NO_BODY } from "./body.ts";
import type { ApiContext } from "./context.ts";
import { inRows } from "./csv.ts";
import type { ParsedJson } from "./json.ts";
import type { LaneQueue } from "./lane.ts";
import { runPrepared } from "./prepared.ts";
import { compileCheck, malformed } from "./validation.ts";
import { runWrite } from "./write.ts";

/** The queue of a lane. */
export type Batches = (lane: Lane) => LaneQueue<Admitted<BatchRoute>, Answer>;

/** What answers the requests of a route, once they are allowed in. */
export function routeHandler(
  context: ApiContext,
  route: Exclude<Route, StreamRoute | UploadRoute | DownloadRoute>,
  batches: Batches,
) {
  const admit = admitter(route);
  return async (request: FastifyRequest, reply: FastifyReply): Promise<Answer> => {
    const admitted = admit(request, reply);
    if (route.kind === "read") return runRead(context, admitted as Admitted<ReadRoute>, reply);
    if (route.kind === "write") {
      const { prepare } = route;
      const write = admitted as Admitted<WriteRoute>;
      if (prepare === undefined) return runWrite(context, write);
      const reading = await readingOf(context, admitted.caller);
      return runPrepared(context, write, prepare, reading);
    }
    return batches(route.lane).submit(admitted as Admitted<BatchRoute>);
  };
}

/** Checks params, query and body together, so that one answer names every broken field. */
export function admitter(route: Route) {
  const params = compileCheck("params", route.params);
  const query = compileCheck("query", route.query);
  const body = compileCheck("body", route.method === "GET" ? undefined : route.body);
  const say = "rows" in route ? inRows : (problem: Problem) => problem;
  return (request: FastifyRequest, reply: FastifyReply): Admitted => {
    const parsed = (request.body as ParsedJson | null | undefined) ?? NO_BODY;
    const problems = [
      ...params(request.params),
      ...query(request.query),
      ...(parsed.ok ? body(parsed.value) : parsed.problems).map(say),
    ];
    if (problems.length > 0 || !parsed.ok) throw malformed(problems);
    const { caller } = request;
    if (caller === null) throw new Fault("A route was reached without authentication.");
    const { status } = route;
    return {
      route,
      caller,
      requestId: request.id,
      params: request.params,
      query: request.query,
      body: parsed.value,
      idempotencyKey: isReading(route) ? null : idempotencyKeyOf(request),
      serialize: (answer) => serialized(reply, status, answer),
    };
  };
}

function serialized(reply: FastifyReply, status: 200 | 201, answer: unknown): string {
  const serialize = reply.getSerializationFunction(String(status) as "200");
  if (serialize === undefined) throw new Fault(`No reply schema for ${status}.`);
  return serialize(answer as Record<string, unknown>);
}

function idempotencyKeyOf(request: FastifyRequest): string | null {
  // Node joins repeated headers with a comma: one key must not be two.
  const [header, ...others] = request.raw.headersDistinct["idempotency-key"] ?? [];
  if (header === undefined) return null;
  if (others.length > 0) throw idempotencyErrors.refusal("idempotency_key_invalid");
  return checkKey(header);
}

async function runRead(
  context: ApiContext,
  request: Admitted<ReadRoute>,
  to: FastifyReply,
): Promise<Answer> {
  const { route, params, query, body, caller } = request;
  const reading = await readingOf(context, caller);
  const handle = (reads: Reading) => {
    const call = {
      params,
      query,
      body,
      caller,
      reading: reads,
      // Made only for the few reads that wait.
      get signal() {
        return untilGone(to, context.stopping);
      },
    };
    return route.handle(call as never);
  };
  const { longReadMs } = route;
  const reply = await (longReadMs === undefined
    ? handle(reading)
    : readLong(context.database, longReadMs, (sql) => handle({ ...reading, sql })));
  const text = request.serialize(reply);
  return { status: 200, contentType: JSON_TYPE, text, replayed: false, retryAfterS: null };
}

/** What a read of the caller's organization needs, at its now. */
export async function readingOf(
  { database, keys }: ApiContext,
  { organizationId }: Caller,
): Promise<Reading> {
  const now = await organizationNow(database, organizationId);
  return { sql: database, organizationId, now, keys };
}

/** Aborted when the caller goes away or the server stops. */
function untilGone(reply: FastifyReply, stopping: AbortSignal): AbortSignal {
  return AbortSignal.any([callerGone(reply), stopping]);
}

/** Aborted when the caller goes away; from the first where it went while it was let in. */
export function callerGone({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  if (raw.destroyed) gone.abort();
  else raw.once("close", () => gone.abort());
  return gone.signal;
}
