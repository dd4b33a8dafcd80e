import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { generalErrors } from "../../foundation/errors/errors.ts";
import {
  acceptedFormat,
  mediaTypeOf,
  type StreamFormat,
  streamFormats,
} from "../../foundation/route/formats.ts";
import type { Streamed, StreamRoute } from "../../foundation/route/route.ts";
import type { ApiContext } from "./context.ts";
import { admitter, callerGone, readingOf } from "./handlers.ts";

/** Most answers that one process streams at the same time. */
export const MAX_STREAMS = 64;

/** Answers the requests of routes whose replies are sent piece by piece; they share one limit. */
export function streamHandlers(context: ApiContext) {
  let open = 0;
  return (route: StreamRoute) => {
    const admit = admitter(route);
    return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
      const { params, query, caller } = admit(request, reply);
      const format = formatOf(route, request);
      if (open >= MAX_STREAMS) throw tooMany();
      const signal = callerGone(reply);
      // Nothing would tell that such a place is free again; and nobody reads this answer.
      if (signal.aborted) throw generalErrors.refusal("unavailable", "The caller has gone.");
      open += 1;
      signal.addEventListener("abort", () => {
        open -= 1;
      });
      const reading = await readingOf(context, caller);
      const call = { params, query, caller, reading, format, signal };
      return send(context, reply, { ...(await route.handle(call)), format, signal });
    };
  };
}

const tooMany = () =>
  generalErrors.refusal("unavailable", `${MAX_STREAMS} answers are being sent already.`, {
    retryAfterS: 1,
  });

/** The format that the query names, or the Accept header. @throws Refusal `not_acceptable` */
function formatOf({ formats }: StreamRoute, request: FastifyRequest): StreamFormat {
  const { format } = request.query as { format?: StreamFormat };
  const chosen = format ?? acceptedFormat(request.headers.accept, formats);
  if (chosen !== null) return chosen;
  const types = formats.map(mediaTypeOf).join(", ");
  throw generalErrors.refusal("not_acceptable", `It can be written as ${types}.`);
}

type Sending = Streamed & { readonly format: StreamFormat; readonly signal: AbortSignal };

async function send(
  context: ApiContext,
  reply: FastifyReply,
  { fileName, pieces, format, signal }: Sending,
): Promise<FastifyReply> {
  const { contentType, isFile } = streamFormats[format];
  const asked = reply.request.method === "HEAD" ? nothing() : pieces;
  // Whatever is wrong before the first piece is still a proper answer.
  const iterator = asked[Symbol.asyncIterator]();
  const first = await iterator.next();
  reply.header("content-type", contentType);
  const place = isFile ? "attachment" : "inline";
  reply.header("content-disposition", `${place}; filename="${fileName}.${format}"`);
  // One that reads nothing for this long would hold its place for ever.
  reply.raw.setTimeout(context.settings.CARDWRIGHT_REQUEST_TIMEOUT_MS, () => reply.raw.destroy());
  const watched = watch(context, reply, { first, iterator, signal });
  return reply.code(200).send(Readable.from(watched, { objectMode: false }));
}

/** To HEAD: the headers, and nothing is read for them. */
async function* nothing(): AsyncGenerator<string> {}

type Piece = string | Uint8Array;
type Watched = {
  readonly first: IteratorResult<Piece>;
  readonly iterator: AsyncIterator<Piece>;
  readonly signal: AbortSignal;
};

/**
 * Passes pieces on as they are asked for. What is thrown in the middle is logged and destroys the
 * connection: an answer of which a part is missing must not look whole.
 */
async function* watch(
  { log }: ApiContext,
  { request }: FastifyReply,
  { first, iterator, signal }: Watched,
): AsyncGenerator<Piece> {
  try {
    for (let piece = first; !piece.done; piece = await iterator.next()) yield piece.value;
  } catch (error) {
    const route = request.cardwrightRoute?.id;
    if (!signal.aborted) log.error({ requestId: request.id, route, err: error }, "a stream broke");
    throw error;
  } finally {
    await iterator.return?.();
  }
}
