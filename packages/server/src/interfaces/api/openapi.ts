import type { TSchema } from "typebox";
import { mediaTypeOf, type StreamFormat } from "../../foundation/route/formats.ts";
import { isReading, type Route } from "../../foundation/route/route.ts";
import { type PublishedCode, publishedCodes } from "./codes.ts";
import { columnsOf } from "./csv.ts";
import { openPaths } from "./openapi-open.ts";
import { type Json, type JsonObject, plain, titledSchemas } from "./openapi-schemas.ts";

/** The version of the HTTP interface. */
const API_VERSION = "0.1.0";

const description = `Cardwright issues cards, keeps their money in a double-entry ledger and decides on
every purchase.

- **Keys**: \`Authorization: Bearer <key>\`. Each operation names the scope it needs.
- **Money** is an integer in minor units beside an ISO 4217 currency.
- **Times** are RFC 3339 in UTC.
- **Idempotency**: send an \`Idempotency-Key\` with every action. The stored answer is replayed with
  \`Idempotency-Replayed: true\`; a secret is null in a replay.
- **Errors** are RFC 9457 problems. \`code\` is stable; the list is at \`/v1/error-codes\`.`;

/** Answers that any operation may give, beside its own. */
const everywhere = {
  "401": "Unauthenticated",
  "429": "RateLimited",
  "500": "InternalError",
  "503": "Unavailable",
} as const;

const sharedResponses: Readonly<Record<string, readonly [status: number, text: string]>> = {
  Unauthenticated: [401, "`unauthenticated`: no valid API key was given."],
  RateLimited: [429, "`rate_limited`: too many requests; Retry-After says how long to wait."],
  InternalError: [500, "`internal_error`: our fault; nothing was done."],
  Unavailable: [503, "`unavailable`: try again with the same Idempotency-Key."],
};

/** The OpenAPI 3.1 document of a route table. */
export function openApiDocument(routes: readonly Route[]): JsonObject {
  const codes = new Map(publishedCodes().map((code) => [code.code, code]));
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const path = `/v1${route.path}`;
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route, codes) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Cardwright",
      version: API_VERSION,
      summary: "Open, self-hosted card issuing",
      description,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/", description: "This installation." }],
    tags: tagsOf(routes),
    security: [{ apiKey: [] }],
    paths: { ...paths, ...openPaths },
    components: {
      securitySchemes: {
        apiKey: {
          type: "http",
          scheme: "bearer",
          description: "An API key: cw_sandbox_…, cw_live_… or, for the platform, cw_platform_….",
        },
      },
      schemas: {
        ...titledSchemas(routes),
        Problem: problemSchema,
        FieldProblem: fieldProblemSchema,
      },
      responses: Object.fromEntries(
        Object.entries(sharedResponses).map(([name, [, text]]) => [name, problemResponse(text)]),
      ),
      parameters: { IdempotencyKey: idempotencyParameter },
    },
  };
}

function operation(route: Route, codes: ReadonlyMap<string, PublishedCode>): JsonObject {
  const about = [route.description, accessText(route)].filter((text) => text !== undefined);
  return {
    operationId: route.id,
    summary: route.summary,
    description: about.join("\n\n"),
    tags: [route.tag],
    security: [{ apiKey: route.scope === null ? [] : [route.scope] }],
    ...parametersOf(route),
    ...requestBodyOf(route),
    responses: responsesOf(route, codes),
    "x-audience": route.audience,
    "x-scope": route.scope,
    ...(route.sandboxOnly ? { "x-sandbox-only": true } : {}),
  };
}

const audienceText = {
  organization: "For keys of an organization",
  platform: "For keys of the platform",
  any: "For keys of an organization or of the platform",
} as const;

function accessText(route: Route): string {
  const scope = route.scope === null ? ", with any scope" : `, with the scope \`${route.scope}\``;
  const sandbox = route.sandboxOnly ? "; only in a sandbox" : "";
  return `${audienceText[route.audience]}${scope}${sandbox}.`;
}

function parametersOf(route: Route): JsonObject {
  const parameters = [
    ...fieldsOf("path", route.params),
    ...fieldsOf("query", route.query),
    ...(isReading(route) || route.method === "GET"
      ? []
      : [{ $ref: "#/components/parameters/IdempotencyKey" }]),
  ];
  return parameters.length === 0 ? {} : { parameters };
}

function fieldsOf(place: "path" | "query", schema: TSchema | undefined): JsonObject[] {
  const { properties = {}, required = [] } = (schema ?? {}) as {
    properties?: Record<string, TSchema>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => {
    const { description: text, ...rest } = plain(property);
    return {
      name,
      in: place,
      required: place === "path" || required.includes(name),
      ...(text === undefined ? {} : { description: text }),
      schema: rest,
    };
  });
}

function requestBodyOf(route: Route): JsonObject {
  if (route.kind === "upload") {
    return { requestBody: { required: true, content: bytesOf(route.mediaTypes) } };
  }
  if (route.body === undefined || route.method === "GET") return {};
  const { required = [] } = route.body as { required?: string[] };
  return {
    requestBody: {
      required: required.length > 0,
      content: {
        "application/json": { schema: plain(route.body) },
        ...("rows" in route ? { "text/csv": { schema: csvBody(columnsOf(route.body)) } } : {}),
      },
    },
  };
}

const csvBody = (columns: readonly string[]): JsonObject => ({
  type: "string",
  description: `RFC 4180 with a header; the columns: ${columns.map((name) => `\`${name}\``).join(", ")}.`,
});

function responsesOf(route: Route, codes: ReadonlyMap<string, PublishedCode>): JsonObject {
  const done = {
    description: route.status === 201 ? "Made." : "Done.",
    headers: {
      "X-Request-Id": { description: "Id of this request.", schema: { type: "string" } },
      ...(isReading(route) ? {} : { "Idempotency-Replayed": replayedHeader }),
    },
    content: contentOf(route),
  };
  const refused = refusalsOf(route, codes).map(([status, lines]) => [
    status,
    problemResponse(lines.join("\n")),
  ]);
  const shared = Object.entries(everywhere).map(([status, name]) => [
    status,
    { $ref: `#/components/responses/${name}` },
  ]);
  return Object.fromEntries([[String(route.status), done], ...refused, ...shared]);
}

/** The codes of a route by status, each with its title. */
function refusalsOf(route: Route, codes: ReadonlyMap<string, PublishedCode>) {
  const own = new Set([...impliedCodes(route), ...route.errors]);
  const lines = new Map<string, string[]>();
  for (const name of [...own].sort()) {
    const code = codes.get(name);
    if (code === undefined) throw new Error(`${route.id} names the unknown code ${name}.`);
    // A line of errors[] stands under the refusal that carries it.
    const status = String(code.status ?? 422);
    if (status in everywhere) continue;
    lines.set(status, [...(lines.get(status) ?? []), `- \`${name}\`: ${code.title}.`]);
  }
  return [...lines].sort(([a], [b]) => (a < b ? -1 : 1));
}

function impliedCodes(route: Route): string[] {
  const writes = ["idempotency_key_invalid", "idempotency_key_reused", "idempotency_in_progress"];
  return [
    "invalid_request",
    ...(route.scope === null ? [] : ["scope_missing"]),
    ...(route.audience === "any" ? [] : ["key_of_wrong_audience"]),
    ...(route.sandboxOnly ? ["sandbox_only"] : []),
    ...(route.path.includes("{") ? ["not_found"] : []),
    ...(route.method === "GET" ? [] : ["payload_too_large", "unsupported_media_type"]),
    ...(isReading(route) ? [] : writes),
    ...(route.kind === "stream" ? ["not_acceptable"] : []),
  ];
}

/** What a streamed answer is where it is not JSON, by its format. */
const otherFormats: Readonly<Record<Exclude<StreamFormat, "json">, JsonObject>> = {
  jsonl: {
    type: "string",
    description: "One JSON object a line: the opening, each line, the closing with its counts.",
  },
  csv: {
    type: "string",
    description: "RFC 4180 with a header; the last record is the closing. No text is a formula.",
  },
  pdf: { type: "string", contentMediaType: "application/pdf", description: "For people." },
};

/** Bytes as they are, of any of these types. */
const bytesOf = (mediaTypes: readonly string[]): JsonObject =>
  Object.fromEntries(mediaTypes.map((mediaType) => [mediaType, {}]));

/** The reply by media type. */
function contentOf(route: Route): JsonObject {
  if (route.kind === "download") return bytesOf(route.mediaTypes);
  const formats = route.kind === "stream" ? route.formats : (["json"] as const);
  return Object.fromEntries(
    formats.map((format) => [
      mediaTypeOf(format),
      { schema: format === "json" ? replyOf(route) : otherFormats[format] },
    ]),
  );
}

/** The reply; where it has a secret, also as a replay shows it. */
function replyOf(route: Route): Json {
  const secrets = route.kind === "write" ? (route.secretFields ?? []) : [];
  const reply = plain(route.reply);
  if (secrets.length === 0) return reply;
  const replayed = {
    type: "object",
    title: "Replay",
    description: `A replay has null in place of ${secrets.join(", ")}.`,
    required: ["secretOmitted"],
    properties: { secretOmitted: { type: "boolean", const: true } },
  };
  return { anyOf: [reply, replayed] };
}

function problemResponse(text: string): JsonObject {
  return {
    description: text,
    content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
  };
}

function tagsOf(routes: readonly Route[]): JsonObject[] {
  const names = [...new Set(routes.map(({ tag }) => tag)), "Installation"];
  return names.map((name) => ({ name, description: `${name}.` }));
}

const replayedHeader = {
  description: "`true` when this answer was given before to the same Idempotency-Key.",
  schema: { type: "string", const: "true" },
};

const idempotencyParameter = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description:
    "Makes a repetition safe: the first answer is kept for at least 7 days and replayed. Where what it says of a person has been erased since, the replay has null in those fields and `personalErased: true`.",
  schema: { type: "string", minLength: 1, maxLength: 255 },
};

const fieldProblemSchema = {
  type: "object",
  title: "FieldProblem",
  required: ["code", "message"],
  properties: {
    code: { type: "string" },
    field: { type: "string", description: "Path of the field: cardholder.email." },
    message: { type: "string" },
    remedy: { type: "string" },
  },
};

const problemSchema = {
  type: "object",
  title: "Problem",
  description: "RFC 9457.",
  required: ["type", "title", "status", "code", "detail", "requestId", "errors"],
  properties: {
    type: { type: "string", format: "uri-reference" },
    title: { type: "string" },
    status: { type: "integer" },
    code: { type: "string", description: "Stable; see /v1/error-codes." },
    detail: { type: "string" },
    requestId: { type: "string" },
    errors: { type: "array", items: { $ref: "#/components/schemas/FieldProblem" } },
  },
  examples: [
    {
      type: "/v1/error-codes#invalid_request",
      title: "The request is malformed",
      status: 400,
      code: "invalid_request",
      detail: "1 field is not acceptable.",
      requestId: "req_01j8x2y3z4a5b6c7d8e9f0g1h2",
      errors: [{ code: "field_required", field: "amount", message: "The field is missing." }],
    },
  ],
};
