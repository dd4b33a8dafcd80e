import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { generalErrors, Outage, Refusal } from "../../foundation/errors/errors.ts";
import type { ApiContext } from "./context.ts";
import { httpErrors } from "./errors.ts";
import { internalProblem, PROBLEM_TYPE, type ProblemDocument, problemOf } from "./problem.ts";

/** Seconds after which trying again makes sense when something we depend on is away. */
const OUTAGE_RETRY_S = 1;

/** Turns whatever was thrown into an answer; nothing from inside gets out. */
export function answerError(
  context: ApiContext,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const refusal = error instanceof Refusal ? error : frameworkRefusal(error, request);
  if (refusal !== null) return answerRefusal(refusal, request, reply);
  if (error instanceof Outage) {
    context.log.warn({ requestId: request.id, err: error }, "unavailable");
    reply.header("retry-after", String(OUTAGE_RETRY_S));
    return answerProblem(internalProblem(503, request.id), reply);
  }
  const route = request.cardwrightRoute?.id;
  context.log.error({ requestId: request.id, route, err: error }, "a request failed");
  return answerProblem(internalProblem(500, request.id), reply);
}

/** Answers a refusal, with the headers that its status asks for. */
export function answerRefusal(
  refusal: Refusal,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (refusal.status === 401) {
    const given = request.headers.authorization !== undefined;
    const realm = 'Bearer realm="cardwright"';
    reply.header("www-authenticate", given ? `${realm}, error="invalid_token"` : realm);
  }
  if (refusal.retryAfterS !== undefined) reply.header("retry-after", String(refusal.retryAfterS));
  return answerProblem(problemOf(refusal, request.id), reply);
}

function answerProblem(problem: ProblemDocument, reply: FastifyReply): FastifyReply {
  const text = JSON.stringify(problem);
  return reply.code(problem.status).header("content-type", PROBLEM_TYPE).send(text);
}

/** Statuses that Fastify gives to requests it cannot read; 414 is an id too long for its router. */
const unreadable: ReadonlySet<number | undefined> = new Set([400, 414]);

/** What Fastify itself refuses, in our words. */
function frameworkRefusal(error: unknown, request: FastifyRequest): Refusal | null {
  const { code, statusCode } = (error ?? {}) as { code?: string; statusCode?: number };
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") return generalErrors.refusal("payload_too_large");
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE" || code === "FST_ERR_CTP_INVALID_TYPE") {
    return generalErrors.refusal("unsupported_media_type");
  }
  const isOurs = typeof code === "string" && code.startsWith("FST_ERR_");
  if (isOurs && unreadable.has(statusCode)) return generalErrors.refusal("invalid_request");
  // The caller went away, or was cut off, before the body was whole: nobody reads this answer.
  const { complete, destroyed } = request.raw;
  if (code === "ECONNRESET" && destroyed && !complete) {
    return generalErrors.refusal("invalid_request", "The body ended too early.");
  }
  return null;
}

/** Ends a request whose body does not come, or does not come fast enough. */
export const answerTooSlow = (socket: Duplex, requestId: string): void =>
  answerUnread(Object.assign(new Error(), { code: TOO_SLOW }), socket, requestId);

/** Node's own code for a request that has not arrived in its time. */
export const TOO_SLOW = "ERR_HTTP_REQUEST_TIMEOUT";

/** Answers on the bare socket what never became a request: garbage, too long, too slow. */
export function answerUnread(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  requestId: string,
): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem = problemOf(unread(error.code), requestId);
  const text = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(text)}`,
    `X-Request-Id: ${requestId}`,
    "Connection: close",
  ];
  // Without the second step one that never closes its side would hold the connection.
  socket.end(`${head.join("\r\n")}\r\n\r\n${text}`, () => socket.destroy());
}

function unread(code: string | undefined): Refusal {
  if (code === "HPE_HEADER_OVERFLOW") return httpErrors.refusal("headers_too_large");
  if (code === TOO_SLOW) return httpErrors.refusal("request_timeout");
  return generalErrors.refusal("invalid_request", "This is not an HTTP request.");
}
