import { createHash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { generalErrors, Refusal } from "../../foundation/errors/errors.ts";
import type { Prepared, UploadRoute, WriteRoute } from "../../foundation/route/route.ts";
import type { Admitted, Answer } from "./admitted.ts";
import { uploadPlaces } from "./arrival.ts";
import { fileTypes, TOO_LARGE } from "./body.ts";
import type { ApiContext } from "./context.ts";
import { admitter, readingOf } from "./handlers.ts";
import { runWrite } from "./write.ts";

/** Most uploads of one organization at the same time. */
export const MAX_OF_ORGANIZATION = 8;

/** Answers the requests of routes that take a file; they share one limit. */
export function uploadHandlers(context: ApiContext) {
  const place = uploadPlaces(context, MAX_OF_ORGANIZATION, fileTypes);
  /** Before a byte of the body is read. */
  const enter = async (request: FastifyRequest, reply: FastifyReply) =>
    place(request.caller?.organizationId ?? "", request, reply);
  return (route: UploadRoute) => {
    const admit = admitter(route);
    const answer = async (request: FastifyRequest, reply: FastifyReply): Promise<Answer> => {
      const content = request.body ?? Buffer.alloc(0);
      if (content === TOO_LARGE) throw generalErrors.refusal("payload_too_large");
      if (!Buffer.isBuffer(content)) throw generalErrors.refusal("unsupported_media_type");
      request.body = undefined;
      const sha256 = createHash("sha256").update(content).digest("hex");
      // What two requests with one Idempotency-Key are compared by.
      const admitted = { ...admit(request, reply), body: { sha256 } };
      return take(context, route, admitted, { content, sha256 });
    };
    return { enter, answer };
  };
}

type Content = { readonly content: Buffer; readonly sha256: string };

/** Keeps the file first and writes what is known of it after that, so that nothing waits under a lock. */
async function take(
  context: ApiContext,
  route: UploadRoute,
  admitted: Admitted,
  content: Content,
): Promise<Answer> {
  const made = await prepare(context, route, admitted, content);
  const handle: WriteRoute["handle"] = async (call) => {
    if (made instanceof Refusal) throw made;
    return route.handle({ ...call, body: made });
  };
  const write = { ...route, kind: "write", body: undefined, handle } as unknown as WriteRoute;
  try {
    const answer = await runWrite(context, { ...admitted, route: write });
    if (answer.replayed || answer.status >= 400) await discard(context, made);
    return answer;
  } catch (error) {
    // After any other error nobody knows whether it was committed: the sweep looks at the table.
    if (error instanceof Refusal) await discard(context, made);
    throw error;
  }
}

/** @returns what was made, or why it is refused: that is audited and stored, in the transaction */
async function prepare(
  context: ApiContext,
  route: UploadRoute,
  { params, query, caller }: Admitted,
  content: Content,
): Promise<Prepared | Refusal> {
  const { files, keys, newId } = context;
  const reading = await readingOf(context, caller);
  try {
    return await route.prepare({ params, query, caller, reading, ...content, files, keys, newId });
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

/** What cannot be removed now is removed by the sweep. */
async function discard({ log }: ApiContext, made: Prepared | Refusal): Promise<void> {
  if (made instanceof Refusal) return;
  await made.discard().catch((error: unknown) => log.warn({ err: error }, "a file is left over"));
}
