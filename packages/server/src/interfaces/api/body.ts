import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { TSchema } from "typebox";
import { generalErrors, type Refusal } from "../../foundation/errors/errors.ts";
import { parseRows } from "./csv.ts";
import { fieldErrors } from "./errors.ts";
import { type ParsedJson, parseJson } from "./json.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Media types of uploads; what a file really is, its content says. */
export const fileTypes = [
  "application/octet-stream",
  "application/pdf",
  "image/jpeg",
  "image/png",
  "image/heic",
];

/** What a request without a body counts as: an object without fields. */
export const NO_BODY: ParsedJson = { ok: true, value: {} };

/**
 * Takes JSON in UTF-8, and where a route takes rows also CSV; nothing else. What is wrong inside is told
 * later, with the other fields.
 */
export function addBodyParser(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (request, body, done) => {
    const refusal = charsetRefusal(request);
    if (refusal !== null) done(refusal);
    else done(null, readJson(body as Buffer));
  });
  app.addContentTypeParser("text/csv", { parseAs: "buffer" }, (request, body, done) => {
    const route = request.cardwrightRoute;
    const schema = route !== null && "rows" in route ? route.body : undefined;
    const refusal = schema === undefined ? notTaken() : charsetRefusal(request);
    if (refusal !== null || schema === undefined) done(refusal);
    else done(null, readCsv(body as Buffer, schema));
  });
  app.addContentTypeParser(fileTypes, (request, body, done) => {
    const route = request.cardwrightRoute;
    if (route?.kind === "upload") readFile(request, body, route.maxBytes, done);
    else done(notTaken());
  });
  app.addHook("preParsing", async (request) => {
    const encoding = request.headers["content-encoding"];
    if (encoding !== undefined && encoding.toLowerCase() !== "identity") {
      throw generalErrors.refusal(
        "unsupported_media_type",
        "A compressed body (Content-Encoding) is not accepted.",
      );
    }
  });
}

/** What stands for a file that is larger than its route takes. */
export const TOO_LARGE = Symbol("too large");

/** How long the rest of a body that is too large is thrown away before the connection is cut, ms. */
const LINGER_MS = 1_000;

/**
 * Reads a file as it comes, and no further than its bound. One that is larger is refused at once, but its
 * connection is cut only a moment later: cut while the caller still sends, it would take the answer with it.
 */
export function readFile(
  { raw, headers }: FastifyRequest,
  body: IncomingMessage,
  maxBytes: number,
  done: (error: Error | null, content?: Buffer | typeof TOO_LARGE) => void,
): void {
  const pieces: Buffer[] = [];
  let size = 0;
  const refuse = () => {
    body.off("data", take).off("end", end).resume();
    pieces.length = 0;
    setTimeout(() => raw.complete || raw.socket.destroy(), LINGER_MS).unref();
    // Not as an error: for one the framework would cut the connection at once.
    done(null, TOO_LARGE);
  };
  const take = (piece: Buffer) => {
    size += piece.length;
    if (size > maxBytes) refuse();
    else pieces.push(piece);
  };
  const end = () => done(null, Buffer.concat(pieces));
  body.on("error", done);
  if (Number(headers["content-length"] ?? 0) > maxBytes) refuse();
  else body.on("data", take).on("end", end);
}

const notTaken = () => generalErrors.refusal("unsupported_media_type");

function charsetRefusal({ headers }: FastifyRequest): Refusal | null {
  const charset = /charset="?([^";]+)/i.exec(headers["content-type"] ?? "")?.[1];
  if (charset === undefined || charset.trim().toLowerCase() === "utf-8") return null;
  return generalErrors.refusal("unsupported_media_type", "The charset must be utf-8.");
}

function readCsv(body: Buffer, schema: TSchema): ParsedJson {
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    return { ok: false, problems: [fieldErrors.problem("csv_malformed")] };
  }
  return parseRows(text, schema);
}

/** Reads a body of JSON, which is UTF-8 to its last byte; one without a byte is an object without fields. */
export function readJson(body: Buffer): ParsedJson {
  if (body.length === 0) return NO_BODY;
  try {
    return parseJson(utf8.decode(body));
  } catch {
    return { ok: false, problems: [fieldErrors.problem("json_malformed")] };
  }
}
