import type { FastifyInstance } from "fastify";
import { generalErrors } from "../../foundation/errors/errors.ts";
import { fieldErrors } from "./errors.ts";
import { type ParsedJson, parseJson } from "./json.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** What a request without a body counts as: an object without fields. */
export const NO_BODY: ParsedJson = { ok: true, value: {} };

/** Takes JSON in UTF-8, and nothing else. What is wrong inside is told later, with the other fields. */
export function addBodyParser(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (request, body, done) => {
    const charset = /charset="?([^";]+)/i.exec(request.headers["content-type"] ?? "")?.[1];
    if (charset !== undefined && charset.trim().toLowerCase() !== "utf-8") {
      done(generalErrors.refusal("unsupported_media_type", "The charset must be utf-8."));
      return;
    }
    done(null, read(body as Buffer));
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

function read(body: Buffer): ParsedJson {
  if (body.length === 0) return NO_BODY;
  try {
    return parseJson(utf8.decode(body));
  } catch {
    return { ok: false, problems: [fieldErrors.problem("json_malformed")] };
  }
}
