import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { redactText } from "../../foundation/log/log.ts";
import type { ApiContext } from "./context.ts";

/** Longest path in a log line. */
const MAX_PATH_LENGTH = 200;

/** One line and one measurement a request; of the hot routes only the failures are written. */
export function addRequestLog(app: FastifyInstance, { log, metrics }: ApiContext): void {
  app.addHook("onResponse", async (request, reply) => {
    const route = routeName(request);
    const status = `${Math.floor(reply.statusCode / 100)}xx`;
    metrics.httpDuration.observe({ route, status }, reply.elapsedTime / 1_000);
    if (reply.statusCode === 401) metrics.failedLogins.inc();
    const isHot = request.cardwrightRoute?.kind === "batch";
    if (isHot && reply.statusCode < 500 && !log.isLevelEnabled("debug")) return;
    log.info(lineOf(request, reply, route), "request");
  });
}

/** The id of the route, or the path that Fastify matched; `unknown` where none did. */
function routeName(request: FastifyRequest): string {
  return request.cardwrightRoute?.id ?? request.routeOptions.url ?? "unknown";
}

function lineOf(request: FastifyRequest, reply: FastifyReply, route: string) {
  const path = decoded(request.url.split("?")[0] ?? "");
  return {
    method: request.method,
    route,
    // Of a path that is no route of ours, what stands in it may be anything: a card number too.
    ...(route === "unknown" ? { path: redacted(path).slice(0, MAX_PATH_LENGTH) } : {}),
    status: reply.statusCode,
    ms: Math.round(reply.elapsedTime * 10) / 10,
    requestId: request.id,
    ...(request.caller === null ? {} : { keyId: request.caller.keyId }),
  };
}

/** Runs as long as the secret of a private link, whose `#` somebody may have written as `%23`. */
const LINK_SECRETS = /[A-Za-z0-9_-]{43,}/g;

const redacted = (path: string): string => redactText(path).replace(LINK_SECRETS, "[redacted]");

/** A path as it was meant: a card number is not hidden by its spaces being written as `%20`. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
