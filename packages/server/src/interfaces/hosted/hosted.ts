import { createHash } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { generalErrors, Refusal } from "../../foundation/errors/errors.ts";
import { readFile, readJson } from "../api/body.ts";
import type { ApiContext } from "../api/context.ts";
import { answerError } from "../api/failures.ts";
import { malformed } from "../api/validation.ts";
import { addPages } from "./pages.ts";
import { FILE_TYPE } from "./uploads.ts";
import { addVerification } from "./verification.ts";

/**
 * Requests of one address a minute, whatever they are: what spares the database. Whoever shares an address with
 * somebody who sends more waits a minute after the last of it.
 */
export const REQUESTS_A_MINUTE = 6_000;
/** Requests with one bearer a minute. */
export const REQUESTS_OF_ONE = 600;
/**
 * Tries a minute from one address with a secret or a bearer of nothing. Beyond them such a try is answered 429;
 * a good one is let in all the same, or who guesses would lock out everybody behind the same address.
 */
export const FAILURES_A_MINUTE = 60;
const MINUTE_MS = 60_000;

/** Adds the hosted pages, and what they talk to, beside the API. */
export async function addHosted(app: FastifyInstance, context: ApiContext): Promise<void> {
  const limit = limiter(app, "hosted", REQUESTS_A_MINUTE, ({ ip }) => ip);
  await addPages(app, context, limit);
  await app.register(
    async (hosted) => {
      takeJsonAndFiles(hosted);
      hosted.addHook("onRequest", limit);
      hosted.addHook("onRequest", limitOfOne(app));
      countFailures(hosted, context);
      addVerification(hosted, context);
    },
    { prefix: "/hosted/verification" },
  );
}

type Limit = (request: FastifyRequest) => Promise<void>;

/** Counts requests by what they have in common. @throws Refusal `rate_limited` beyond the limit */
function limiter(
  app: FastifyInstance,
  what: string,
  max: number,
  by: (request: FastifyRequest) => string,
): Limit {
  const keyGenerator = (request: FastifyRequest) => `${what} ${by(request)}`;
  const count = app.createRateLimit({ max, timeWindow: MINUTE_MS, keyGenerator });
  return async (request) => {
    const seen = await count(request);
    if (seen.isAllowed || !seen.isExceeded) return;
    const { ttlInSeconds: retryAfterS } = seen;
    throw generalErrors.refusal("rate_limited", `Try again in ${retryAfterS} s.`, { retryAfterS });
  };
}

/** One session cannot ask for ever; by its bearer, before anybody looks whether there is such a session. */
function limitOfOne(app: FastifyInstance): Limit {
  const limit = limiter(app, "session", REQUESTS_OF_ONE, ({ headers: { authorization = "" } }) =>
    createHash("sha256").update(authorization).digest("base64url"),
  );
  return async (request) => {
    if (request.headers.authorization !== undefined) await limit(request);
  };
}

const failures: ReadonlySet<string> = new Set(["link_not_usable", "session_not_usable"]);

/** Counts what was tried in vain, by address. */
function countFailures(hosted: FastifyInstance, context: ApiContext): void {
  const limit = limiter(hosted, "failed link", FAILURES_A_MINUTE, ({ ip }) => ip);
  hosted.setErrorHandler(async (error, request, reply) => {
    const isFailure = error instanceof Refusal && failures.has(error.code);
    const refusal = isFailure ? await limit(request).catch((over: unknown) => over) : undefined;
    return answerError(context, refusal ?? error, request, reply);
  });
}

/** Bodies are JSON as strict as the API's, or the bytes of a file. */
function takeJsonAndFiles(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, done) => {
    const parsed = readJson(body as Buffer);
    if (parsed.ok) done(null, parsed.value);
    else done(malformed(parsed.problems));
  });
  app.addContentTypeParser(FILE_TYPE, (request, body, done) =>
    readFile(request, body, request.routeOptions.bodyLimit, done),
  );
}
