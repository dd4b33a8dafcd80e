import { createHash } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { generalErrors, Refusal } from "../../foundation/errors/errors.ts";
import { object, oneOf, type StaticOf } from "../../foundation/route/schemas.ts";
import { giveDocument, type Visit } from "../../issuing/customers/actions/verify.ts";
import { keepDocument } from "../../issuing/documents/actions.ts";
import { documentKinds, documentSides, MAX_DOCUMENT_BYTES } from "../../issuing/documents/model.ts";
import type { LinkKind, PrivateLink } from "../../records/links/model.ts";
import { uploadPlaces } from "../api/arrival.ts";
import { TOO_LARGE } from "../api/body.ts";
import type { ApiContext } from "../api/context.ts";
import { compileCheck, malformed } from "../api/validation.ts";
import { inSession, sessionOf } from "./session.ts";

/** What the page sends a file as; what it really is, its content says. */
export const FILE_TYPE = "application/octet-stream";

/** Most files of one session at the same time; the page sends one after the other. */
const MAX_OF_SESSION = 2;

const documentQuery = object({
  kind: oneOf(documentKinds),
  side: Type.Optional(oneOf(documentSides)),
});

/**
 * Takes a document: its bytes are kept first and written down after that, so that nothing waits under a lock. Who
 * sends it, and what it is, is known before a byte of it is read; whether the session still lives, after that, too.
 */
export function addUploads(
  app: FastifyInstance,
  context: ApiContext,
  kind: LinkKind,
  show: (visit: Visit) => Promise<unknown>,
): void {
  const readQuery = compileCheck("query", documentQuery);
  const place = uploadPlaces(context, MAX_OF_SESSION, [FILE_TYPE]);
  app.post(
    "/documents",
    {
      bodyLimit: MAX_DOCUMENT_BYTES,
      onRequest: async (request, reply) => {
        const { id } = await sessionOf(context, request, kind);
        const problems = readQuery(request.query);
        if (problems.length > 0) throw malformed(problems);
        place(id, request, reply);
      },
    },
    async (request) => {
      const { body: content } = request;
      request.body = undefined;
      if (content === TOO_LARGE) throw generalErrors.refusal("payload_too_large");
      if (!Buffer.isBuffer(content)) throw generalErrors.refusal("unsupported_media_type");
      const link = await sessionOf(context, request, kind);
      return show(await take(context, request, link, content));
    },
  );
}

async function take(
  context: ApiContext,
  request: FastifyRequest,
  link: PrivateLink,
  content: Buffer,
): Promise<Visit> {
  const { kind: what, side = null } = request.query as StaticOf<typeof documentQuery>;
  const sha256 = createHash("sha256").update(content).digest("hex");
  const holder = {
    organizationId: link.organizationId,
    customerId: link.objectId as Visit["customer"]["id"],
  };
  const kept = await keepDocument(context, holder, { content, sha256 });
  const about = { kind: what, side, country: null, expiryDate: null };
  try {
    return await inSession(context, request, { link, action: "giveDocument" }, (work) =>
      giveDocument(work, link, about, kept),
    );
  } catch (error) {
    // After any other error nobody knows whether it was committed: the sweep looks at the table.
    if (error instanceof Refusal) await kept.discard().catch(() => undefined);
    throw error;
  }
}
