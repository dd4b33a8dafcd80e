import type { FastifyInstance, FastifyRequest } from "fastify";
import { generalErrors, Refusal } from "../../foundation/errors/errors.ts";
import type { Caller, Route } from "../../foundation/route/route.ts";
import { authenticate } from "../../records/access/actions.ts";
import { apiKeyPattern } from "../../records/access/rules.ts";
import type { ApiContext } from "./context.ts";
import { fieldErrors, httpErrors } from "./errors.ts";
import { malformed } from "./validation.ts";

/** Who is allowed in, how often, and to which routes. */

const BEARER = /^Bearer ([A-Za-z0-9_]{1,200})$/i;

/** Failed log-ins a minute from one address, before they are answered 429 without a look-up. */
const FAILED_LOGINS_A_MINUTE = 300;
const MINUTE_MS = 60_000;

/** @throws Refusal `invalid_request` where a key is in the URL */
export function refuseKeyInUrl(url: string): void {
  if (apiKeyPattern.test(url)) throw malformed([fieldErrors.problem("key_in_url")]);
}

/** The secret of the Authorization header. @throws Refusal `unauthenticated` */
export function bearerOf(request: FastifyRequest): string {
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

/** Sees who calls; too many failures from one address are answered without looking. */
export function authenticator(app: FastifyInstance, context: ApiContext) {
  const failures = app.createRateLimit({
    max: FAILED_LOGINS_A_MINUTE,
    timeWindow: MINUTE_MS,
    keyGenerator: (request) => `failed ${request.ip}`,
  });
  return async (request: FastifyRequest): Promise<Caller> => {
    const past = await failures(request, { increment: false });
    if (!past.isAllowed && past.remaining === 0) throw tooMany(past.ttlInSeconds);
    try {
      const { database, keyCache, clock } = context;
      return await authenticate(database, keyCache, bearerOf(request), request.ip, clock.now());
    } catch (error) {
      if (error instanceof Refusal) await failures(request);
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
  return async (request: FastifyRequest): Promise<Record<string, string>> => {
    const seen = await count(request);
    if (seen.isAllowed) return {};
    if (seen.isExceeded) throw tooMany(seen.ttlInSeconds);
    return {
      "ratelimit-limit": String(seen.max),
      "ratelimit-remaining": String(seen.remaining),
      "ratelimit-reset": String(seen.ttlInSeconds),
    };
  };
}

/** @throws Refusal 403 where the key may not use the route; it says what is missing */
export function allow(caller: Caller, route: Route): void {
  if (route.audience !== "any" && (route.audience === "platform") !== caller.platform) {
    throw httpErrors.refusal(
      "key_of_wrong_audience",
      `This address is for ${route.audience === "platform" ? "the platform's keys" : "keys of organizations"}.`,
    );
  }
  if (route.scope !== null && !caller.scopes.has(route.scope)) {
    throw generalErrors.refusal("scope_missing", `The key lacks the scope ${route.scope}.`);
  }
  if (route.sandboxOnly && caller.mode !== "sandbox") throw httpErrors.refusal("sandbox_only");
}
