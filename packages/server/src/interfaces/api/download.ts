import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Work } from "../../foundation/database/work.ts";
import { Refusal } from "../../foundation/errors/errors.ts";
import type { DownloadRoute } from "../../foundation/route/route.ts";
import { recordAudit } from "../../records/audit/actions.ts";
import { organizationNow } from "../../records/sequencer/actions.ts";
import { type Admitted, auditEntry, refusedOutcome, workOf } from "./admitted.ts";
import type { ApiContext } from "./context.ts";
import { admitter } from "./handlers.ts";

/** Answers the requests of a route that gives files out. */
export function downloadHandler(context: ApiContext, route: DownloadRoute) {
  const admit = admitter(route);
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const found = await audited(context, route, admit(request, reply));
    const pieces = found.pieces(context.files)[Symbol.asyncIterator]();
    // Whatever is wrong before the first piece is still a proper answer.
    const first = await pieces.next();
    reply.header("content-type", found.mediaType);
    reply.header("content-disposition", `attachment; filename="${found.fileName}"`);
    // Should a browser show it after all, nothing in it may run or load.
    reply.header("content-security-policy", "default-src 'none'; sandbox");
    reply.raw.setTimeout(context.settings.CARDWRIGHT_REQUEST_TIMEOUT_MS, () => reply.raw.destroy());
    const rest = async function* () {
      try {
        for (let piece = first; !piece.done; piece = await pieces.next()) yield piece.value;
      } catch (error) {
        context.log.error({ requestId: request.id, route: route.id, err: error }, "a file broke");
        throw error;
      } finally {
        await pieces.return?.();
      }
    };
    return reply.code(200).send(Readable.from(rest(), { objectMode: false }));
  };
}

/** Finds the file and writes down who read it, or why not; that is committed before a byte is read. */
async function audited(context: ApiContext, route: DownloadRoute, admitted: Admitted) {
  const { params, query, caller } = admitted;
  try {
    const found = await inWork(context, admitted, async (work) => {
      const download = await route.handle({ params, query, body: undefined, caller, work });
      const { organizationId, objectId } = download;
      const outcome = { request: admitted, work, status: 200, text: "", objectId, refusal: null };
      const entry = { ...auditEntry(outcome), objectOrganizationId: organizationId, objectId };
      await recordAudit(work.sql, [entry]);
      return download;
    });
    context.committed();
    return found;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    await inWork(context, admitted, (work) =>
      recordAudit(work.sql, [auditEntry(refusedOutcome(admitted, work, error))]),
    );
    throw error;
  }
}

function inWork<T>(
  context: ApiContext,
  admitted: Admitted,
  act: (work: Work) => Promise<T>,
): Promise<T> {
  return context.database.transaction(async (sql) => {
    const now = await organizationNow(sql, admitted.caller.organizationId);
    return act(workOf(context, admitted, sql, now));
  });
}
