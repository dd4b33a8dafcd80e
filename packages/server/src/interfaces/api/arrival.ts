import type { FastifyReply, FastifyRequest } from "fastify";
import { generalErrors } from "../../foundation/errors/errors.ts";
import type { ApiContext } from "./context.ts";
import { answerTooSlow } from "./failures.ts";
import { callerGone } from "./handlers.ts";

/**
 * How files arrive. A phone on a slow line takes minutes for what all other requests have seconds for: a file is
 * let come for as long as it keeps coming. What it has sent meanwhile lies in memory, so there are places.
 */

/** Slowest that a file may come, bytes a second; a phone on the slowest line that is left sends twice that. */
export const MIN_BYTES_A_SECOND = 8_192;
/** How much longer a whole file may take than another request: 10 minutes where that is 15 s. */
export const PATIENCE = 40;

/** Most files that one process takes at the same time by the API, and as many by pages. */
export const MAX_UPLOADS = 16;

/** Connections whose file is watched here: for them a request's own time does not count. */
const watched = new WeakSet<object>();

/** Whether a file is coming on a connection, and is let come. */
export const isArriving = (socket: object): boolean => watched.has(socket);

/**
 * Watches a file while it comes, in steps as long as another request may take whole: who sends less than the
 * slowest line does in one of them, or has not sent all after so many, is cut off with 408.
 */
function watch({ raw, id }: FastifyRequest, { settings }: ApiContext): void {
  const { socket } = raw;
  const stepMs = settings.CARDWRIGHT_REQUEST_TIMEOUT_MS;
  const least = (MIN_BYTES_A_SECOND * stepMs) / 1_000;
  let [seen, steps] = [socket.bytesRead, 0];
  const step = () => {
    const came = socket.bytesRead - seen;
    seen += came;
    steps += 1;
    if (raw.complete) end();
    else if (came < least || steps >= PATIENCE) answerTooSlow(socket, id);
  };
  const timer = setInterval(step, stepMs).unref();
  const end = () => {
    clearInterval(timer);
    watched.delete(socket);
  };
  watched.add(socket);
  raw.once("close", end);
}

/** The media type alone, in small letters; null where there is no header. */
const typeOf = ({ headers }: FastifyRequest): string | null =>
  headers["content-type"]?.split(";")[0]?.trim().toLowerCase() ?? null;

/**
 * Lets files in before a byte of them is read: a limited number at the same time, and of one holder fewer, so
 * that nobody takes all places with files that come slowly.
 *
 * @param types media types of files; JSON of that size is not read.
 * @throws Refusal `unavailable`, `unsupported_media_type`.
 */
export function uploadPlaces(context: ApiContext, mostOfOne: number, types: readonly string[]) {
  const open = new Map<string, number>();
  let all = 0;
  const leave = (holder: string) => {
    const left = (open.get(holder) ?? 1) - 1;
    all -= 1;
    if (left === 0) open.delete(holder);
    else open.set(holder, left);
  };
  return (holder: string, request: FastifyRequest, reply: FastifyReply): void => {
    const type = typeOf(request);
    if (type !== null && !types.includes(type)) {
      throw generalErrors.refusal("unsupported_media_type");
    }
    const own = open.get(holder) ?? 0;
    if (all >= MAX_UPLOADS || own >= mostOfOne) throw tooMany(own >= mostOfOne ? own : all);
    const gone = callerGone(reply);
    if (gone.aborted) throw generalErrors.refusal("unavailable", "The caller has gone.");
    all += 1;
    open.set(holder, own + 1);
    gone.addEventListener("abort", () => leave(holder));
    watch(request, context);
  };
}

const tooMany = (open: number) =>
  generalErrors.refusal("unavailable", `${open} uploads are being taken already.`, {
    retryAfterS: 1,
  });
