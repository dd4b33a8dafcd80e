import type { FastifyInstance, FastifyRequest } from "fastify";
import { generalErrors } from "../../foundation/errors/errors.ts";
import type { ApiContext } from "../api/context.ts";
import { parseJson } from "../api/json.ts";
import { malformed } from "../api/validation.ts";
import { addPages } from "./pages.ts";
import { addVerification } from "./verification.ts";

/** Exchanges of links a minute from one address: nobody has so many, and guessing 256 bits needs more. */
export const EXCHANGES_A_MINUTE = 60;
/** All other requests of a page a minute from one address. */
const REQUESTS_A_MINUTE = 600;
const MINUTE_MS = 60_000;

/** Adds the hosted pages, and what they talk to, beside the API. */
export async function addHosted(app: FastifyInstance, context: ApiContext): Promise<void> {
  const limit = limits(app);
  await addPages(app, context, limit);
  await app.register(
    async (hosted) => {
      takeJsonAndFiles(hosted);
      hosted.addHook("onRequest", limit);
      addVerification(hosted, context);
    },
    { prefix: "/hosted/verification" },
  );
}

/** Counts requests by address; the ones that spend a secret or a cookie apart. */
function limits(app: FastifyInstance) {
  const counter = (what: string, max: number) =>
    app.createRateLimit({
      max,
      timeWindow: MINUTE_MS,
      keyGenerator: (request) => `${what} ${request.ip}`,
    });
  const exchanges = counter("exchange", EXCHANGES_A_MINUTE);
  const others = counter("hosted", REQUESTS_A_MINUTE);
  return async (request: FastifyRequest): Promise<void> => {
    const spends = /\/(?:exchange|resume)$/.test(request.routeOptions.url ?? "");
    const seen = await (spends ? exchanges : others)(request);
    if (seen.isAllowed || !seen.isExceeded) return;
    const { ttlInSeconds: retryAfterS } = seen;
    throw generalErrors.refusal("rate_limited", `Try again in ${retryAfterS} s.`, { retryAfterS });
  };
}

/** Bodies are JSON as strict as the API's, or the bytes of a file. */
function takeJsonAndFiles(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "string" }, (_request, body, done) => {
    const parsed = parseJson(body as string);
    if (parsed.ok) done(null, parsed.value);
    else done(malformed(parsed.problems));
  });
  app.addContentTypeParser("application/octet-stream", { parseAs: "buffer" }, (_, body, done) =>
    done(null, body),
  );
}
