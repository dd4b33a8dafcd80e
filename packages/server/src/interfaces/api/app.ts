import rateLimit from "@fastify/rate-limit";
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from "fastify";
import { generalErrors } from "../../foundation/errors/errors.ts";
import type { Caller, Lane, Route } from "../../foundation/route/route.ts";
import { authenticator, forbids, limiter, refuseKeyInUrl } from "./access.ts";
import type { Answer } from "./admitted.ts";
import { isArriving } from "./arrival.ts";
import { openBatches } from "./batch.ts";
import { addBodyParser } from "./body.ts";
import type { ApiContext } from "./context.ts";
import { addDocs } from "./docs.ts";
import { downloadHandler } from "./download.ts";
import { answerError, answerUnread, TOO_SLOW } from "./failures.ts";
import { recordForbidden } from "./forbidden.ts";
import { type Batches, routeHandler } from "./handlers.ts";
import { addHooks } from "./hooks.ts";
import { addOpenPaths } from "./open.ts";
import { addRequestLog } from "./requestlog.ts";
import { forSerializer } from "./serializer.ts";
import { streamHandlers } from "./stream.ts";
import { addUnknownPaths } from "./unknown.ts";
import { uploadHandlers } from "./upload.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Who asks; null before authentication and on open paths. */
    caller: Caller | null;
    /** The route of the table; null on others. */
    cardwrightRoute: Route | null;
  }
}

/** Longest wait for the headers of a request, ms. */
const HEADERS_TIMEOUT_MS = 10_000;
/** How often waiting connections are looked over, ms. */
const CONNECTIONS_CHECK_MS = 1_000;
const KEEP_ALIVE_MS = 72_000;
const MAX_HEADER_BYTES = 16_384;
/** Keys and addresses whose requests are counted at the same time; the oldest are forgotten. */
const RATE_LIMIT_CACHE = 20_000;
/** Ids are at most 255 characters, which percent-encoding may make nine times longer. */
const MAX_PARAM_LENGTH = 4_096;

/** Builds the HTTP server over a route table; the caller listens and closes. */
export async function createApi(
  context: ApiContext,
  routes: readonly Route[],
): Promise<FastifyInstance> {
  const app = bareApp(context);
  app.decorateRequest("caller", null);
  app.decorateRequest("cardwrightRoute", null);
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-request-id", request.id);
    reply.header("cache-control", "no-store");
    reply.header("x-content-type-options", "nosniff");
    refuseKeyInUrl(request.raw.url ?? "");
    if (context.stopping.aborted) refuseWhileStopping(request);
  });
  app.addHook("onSend", async (_request, reply, payload) => {
    if (context.stopping.aborted) reply.header("connection", "close");
    return payload;
  });
  addRequestLog(app, context);
  app.setErrorHandler((error, request, reply) => answerError(context, error, request, reply));
  addBodyParser(app);
  await app.register(rateLimit, { global: false, cache: RATE_LIMIT_CACHE });
  await app.register(async (v1) => addRoutes(v1, context, routes), { prefix: "/v1" });
  await app.register(async (hooks) => addHooks(hooks, context));
  addOpenPaths(app, context, routes);
  await addDocs(app);
  addUnknownPaths(app, routes);
  return app;
}

/** @throws Refusal `unavailable`; only the state of the server is still told */
function refuseWhileStopping(request: FastifyRequest): void {
  if (["/healthz", "/readyz"].includes(request.routeOptions.url ?? "")) return;
  throw generalErrors.refusal("unavailable", "This server is stopping.", { retryAfterS: 1 });
}

function bareApp(context: ApiContext): FastifyInstance {
  const timeoutMs = context.settings.CARDWRIGHT_REQUEST_TIMEOUT_MS;
  const proxies = context.settings.CARDWRIGHT_TRUSTED_PROXIES;
  return fastify({
    logger: false,
    genReqId: () => context.newId("request"),
    requestIdHeader: false,
    return503OnClosing: false,
    bodyLimit: context.settings.CARDWRIGHT_BODY_LIMIT,
    trustProxy: proxies.length > 0 ? [...proxies] : false,
    requestTimeout: timeoutMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    http: {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: Math.min(HEADERS_TIMEOUT_MS, timeoutMs),
      connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
    },
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    clientErrorHandler: (error, socket) => {
      if (error.code === TOO_SLOW && isArriving(socket)) return;
      answerUnread(error, socket, context.newId("request"));
    },
    frameworkErrors: (error, request, reply) => {
      reply.header("x-request-id", request.id);
      void answerError(context, error, request, reply as FastifyReply);
    },
  }) as unknown as FastifyInstance;
}

/** The routes that `routeHandler` answers. */
type Answered = Parameters<typeof routeHandler>[1];

function addRoutes(v1: FastifyInstance, context: ApiContext, routes: readonly Route[]): void {
  const authenticate = authenticator(v1, context);
  const count = limiter(v1, context, (request) => request.caller?.keyId ?? "");
  const batches = openLanes(v1, context);
  const streamed = streamHandlers(context);
  const uploads = uploadHandlers(context);
  for (const route of routes) {
    const admit = async (request: FastifyRequest, reply: FastifyReply) => {
      request.cardwrightRoute = route;
      request.caller = await authenticate(request);
      await count(request, reply);
      const refusal = forbids(request.caller, route);
      if (refusal === null) return;
      await recordForbidden(context, request, route, refusal);
      throw refusal;
    };
    const place = { method: route.method, url: route.path.replaceAll(/\{(\w+)\}/g, ":$1") };
    if (route.kind === "stream") {
      v1.route({ ...place, onRequest: admit, handler: streamed(route) });
      continue;
    }
    if (route.kind === "download") {
      v1.route({ ...place, onRequest: admit, handler: downloadHandler(context, route) });
      continue;
    }
    const upload = route.kind === "upload" ? uploads(route) : null;
    const answer = upload?.answer ?? routeHandler(context, route as Answered, batches);
    v1.route({
      ...place,
      bodyLimit: bodyLimitOf(context, route),
      schema: { response: { [route.status]: forSerializer(route.reply) } },
      onRequest: upload === null ? admit : [admit, upload.enter],
      handler: async (request, reply) => send(reply, await answer(request, reply)),
    });
  }
}

/** Rows may take more than other bodies; what the operator allows beyond that goes for them, too. */
function bodyLimitOf({ settings }: ApiContext, route: Route): number {
  const rowsBytes = "rows" in route ? (route.rows?.maxBytes ?? 0) : 0;
  if (route.kind === "upload") return route.maxBytes;
  return Math.max(settings.CARDWRIGHT_BODY_LIMIT, rowsBytes);
}

/** One queue for each lane, opened at its first route and drained before the server is closed. */
function openLanes(app: FastifyInstance, context: ApiContext): Batches {
  const lanes = new Map<Lane, ReturnType<Batches>>();
  app.addHook("onClose", async () => {
    await Promise.all([...lanes.values()].map((queue) => queue.idle()));
  });
  return (lane) => {
    const queue = lanes.get(lane) ?? openBatches(context, lane);
    lanes.set(lane, queue);
    return queue;
  };
}

function send(reply: FastifyReply, answer: Answer): FastifyReply {
  if (answer.replayed) reply.header("idempotency-replayed", "true");
  if (answer.retryAfterS !== null) reply.header("retry-after", String(answer.retryAfterS));
  return reply.code(answer.status).header("content-type", answer.contentType).send(answer.text);
}
