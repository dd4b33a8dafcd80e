import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { generalErrors, Refusal } from "../../foundation/errors/errors.ts";
import type { Caller, Route } from "../../foundation/route/route.ts";
import { authenticate } from "../../records/access/actions.ts";
import { apiKeyPattern } from "../../records/access/rules.ts";
import type { ApiContext } from "./context.ts";
import { fieldErrors, httpErrors } from "./errors.ts";
import { malformed } from "./validation.ts";

/** Who is allowed in, how often, and to which routes. */

const BEARER = /^Bearer ([A-Za-z0-9_]{1,200})$/i;

/** Failed log-ins a minute from one address that are answered 401. */
const FAILED_LOGINS_A_MINUTE = 300;
const MINUTE_MS = 60_000;

/** @throws Refusal `invalid_request` where a key is in the URL */
export function refuseKeyInUrl(url: string): void {
  if (apiKeyPattern.test(url)) throw malformed([fieldErrors.problem("key_in_url")]);
}

/** The secret of the Authorization header. @throws Refusal `unauthenticated` */
function bearerOf(request: FastifyRequest): string {
  const header = request.headers.authorization;
  const secret = BEARER.exec(header ?? "")?.[1];
  if (secret === undefined) {
    throw generalErrors.refusal(
      "unauthenticated",
      header === undefined
        ? "The Authorization header is missing."
        : "The Authorization header is not of the form: Bearer <key>.",
    );
  }
  return secret;
}

/**
 * Sees who calls. Failures of one address are counted: beyond a limit they are answered 429. A good
 * key is let in all the same, or one bad neighbour behind a proxy would lock out all others.
 */
export function authenticator(app: FastifyInstance, context: ApiContext) {
  const { database, keyCache, clock } = context;
  const failures = app.createRateLimit({
    max: FAILED_LOGINS_A_MINUTE,
    timeWindow: MINUTE_MS,
    keyGenerator: (request) => `failed ${request.ip}`,
  });
  return async (request: FastifyRequest): Promise<Caller> => {
    try {
      return await authenticate(database, keyCache, bearerOf(request), request.ip, clock.now());
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const seen = await failures(request);
      if (!seen.isAllowed && seen.isExceeded) throw tooMany(seen.ttlInSeconds);
      throw error;
    }
  };
}

const tooMany = (seconds: number) =>
  generalErrors.refusal("rate_limited", `Try again in ${seconds} s.`, { retryAfterS: seconds });

/**
 * Counts requests, and tells the caller how many are left.
 *
 * @throws Refusal `rate_limited` beyond the limit
 */
export function limiter(
  app: FastifyInstance,
  { settings }: ApiContext,
  who: (request: FastifyRequest) => string,
) {
  const count = app.createRateLimit({
    max: settings.CARDWRIGHT_RATE_LIMIT,
    timeWindow: MINUTE_MS,
    keyGenerator: who,
  });
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const seen = await count(request);
    if (seen.isAllowed) return;
    reply.header("ratelimit-limit", seen.max);
    reply.header("ratelimit-remaining", seen.remaining);
    reply.header("ratelimit-reset", seen.ttlInSeconds);
    if (seen.isExceeded) throw tooMany(seen.ttlInSeconds);
  };
}

/** Why a key may not use a route, 403 with what is missing; null where it may. */
export function forbids(caller: Caller, route: Route): Refusal | null {
  if (route.audience !== "any" && (route.audience === "platform") !== caller.platform) {
    const whose = route.audience === "platform" ? "the platform's keys" : "keys of organizations";
    return httpErrors.refusal("key_of_wrong_audience", `This address is for ${whose}.`);
  }
  if (route.scope !== null && !caller.scopes.has(route.scope)) {
    return generalErrors.refusal("scope_missing", `The key lacks the scope ${route.scope}.`);
  }
  const isMisplaced = route.sandboxOnly && caller.mode !== "sandbox";
  return isMisplaced ? httpErrors.refusal("sandbox_only") : null;
}
