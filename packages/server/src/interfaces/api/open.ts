import type { FastifyInstance, FastifyRequest } from "fastify";
import { generalErrors } from "../../foundation/errors/errors.ts";
import type { Route } from "../../foundation/route/route.ts";
import { authenticator, limiter } from "./access.ts";
import { publishedCodes } from "./codes.ts";
import type { ApiContext } from "./context.ts";
import { openApiDocument } from "./openapi.ts";

/** Paths that are answered without an API key. */
export const openPathNames = [
  "/healthz",
  "/readyz",
  "/metrics",
  "/openapi.json",
  "/v1/error-codes",
] as const;

const METRICS_SCOPE = "platform:read";

/** Adds what is answered without an API key: state, meters, the document, the codes. */
export function addOpenPaths(
  app: FastifyInstance,
  context: ApiContext,
  routes: readonly Route[],
): void {
  const onRequest = limiter(app, context, (request) => `open ${request.ip}`);
  const guardMetrics = metricsGuard(app, context);
  const document = JSON.stringify(openApiDocument(routes));
  const codes = { data: publishedCodes() };
  const json = "application/json; charset=utf-8";

  app.get("/healthz", { onRequest }, async () => ({ status: "ok" }));
  app.get("/readyz", { onRequest }, async (_request, reply) => {
    const { ready, checks, warnings } = await context.readiness();
    reply.code(ready ? 200 : 503);
    return { status: ready ? "ready" : "not_ready", checks, warnings };
  });
  app.get("/metrics", { onRequest: [onRequest, guardMetrics] }, async (_request, reply) => {
    reply.type(context.metrics.register.contentType);
    return context.metrics.register.metrics();
  });
  app.get("/openapi.json", { onRequest }, async (_request, reply) => {
    reply.header("cache-control", "no-cache").header("content-type", json);
    return document;
  });
  app.get("/v1/error-codes", { onRequest }, async () => codes);
}

/** In a live installation the meters are for the operator: they tell how much business there is. */
function metricsGuard(app: FastifyInstance, context: ApiContext) {
  const authenticate = authenticator(app, context);
  return async (request: FastifyRequest) => {
    if (context.mode !== "live") return;
    const caller = await authenticate(request);
    if (!caller.platform || !caller.scopes.has(METRICS_SCOPE)) {
      throw generalErrors.refusal(
        "scope_missing",
        `This needs a platform key with ${METRICS_SCOPE}.`,
      );
    }
  };
}
