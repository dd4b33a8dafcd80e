import type { JsonObject } from "./openapi-schemas.ts";

const tags = ["Installation"];
const security: JsonObject[] = [];

const answer = (description: string, type: string, schema: JsonObject): JsonObject => ({
  description,
  content: { [type]: { schema } },
});

const problem = (description: string): JsonObject =>
  answer(description, "application/problem+json", { $ref: "#/components/schemas/Problem" });

const stateSchema: JsonObject = {
  type: "object",
  required: ["status", "checks", "warnings"],
  properties: {
    status: { type: "string", enum: ["ready", "not_ready"] },
    checks: { type: "object", additionalProperties: { type: "string" } },
    warnings: { type: "array", items: { type: "string" } },
  },
};

const codeSchema: JsonObject = {
  type: "object",
  required: ["code", "status", "title", "remedy"],
  properties: {
    code: { type: "string" },
    status: {
      type: ["integer", "null"],
      description: "HTTP status; null for a code that stands in errors[] only.",
    },
    title: { type: "string" },
    remedy: { type: ["string", "null"] },
  },
};

const tooMany: JsonObject = { "429": { $ref: "#/components/responses/RateLimited" } };

/** What is answered without an API key. */
export const openPaths: JsonObject = {
  "/hooks/verification/{provider}": {
    post: {
      operationId: "hearVerificationProvider",
      summary: "Take a webhook of a verification provider",
      description:
        "For Sumsub and Persona: signed by them, without a key. It says no more than that the provider is to be asked.",
      tags,
      security,
      parameters: [
        {
          name: "provider",
          in: "path",
          required: true,
          schema: { type: "string", enum: ["sumsub", "persona"] },
        },
      ],
      responses: {
        "200": answer("Taken.", "application/json", {
          type: "object",
          required: ["status"],
          properties: { status: { type: "string", const: "received" } },
        }),
        "401": problem("`webhook_not_genuine`: its signature is not the provider's."),
        "404": problem("`not_found`: no such provider is set up."),
        "413": problem("`payload_too_large`: larger than 1 MiB."),
        ...tooMany,
      },
    },
  },
  "/v1/error-codes": {
    get: {
      operationId: "listErrorCodes",
      summary: "List error codes",
      description:
        "Every code that an answer may carry, with its meaning and remedy. Needs no key.",
      tags,
      security,
      responses: {
        "200": answer("All codes, sorted.", "application/json", {
          type: "object",
          required: ["data"],
          properties: { data: { type: "array", items: codeSchema } },
        }),
        ...tooMany,
      },
    },
  },
  "/openapi.json": {
    get: {
      operationId: "getOpenApiDocument",
      summary: "Read this document",
      tags,
      security,
      responses: {
        "200": answer("OpenAPI 3.1.", "application/json", { type: "object" }),
        ...tooMany,
      },
    },
  },
  "/healthz": {
    get: {
      operationId: "getHealth",
      summary: "Ask whether the process lives",
      tags,
      security,
      responses: {
        "200": answer("It lives.", "application/json", {
          type: "object",
          required: ["status"],
          properties: { status: { type: "string", const: "ok" } },
        }),
        ...tooMany,
      },
    },
  },
  "/readyz": {
    get: {
      operationId: "getReadiness",
      summary: "Ask whether requests are served",
      tags,
      security,
      responses: {
        "200": answer("Ready.", "application/json", stateSchema),
        ...tooMany,
        "503": answer(
          "Starting, stopping, or without its database.",
          "application/json",
          stateSchema,
        ),
      },
    },
  },
  "/metrics": {
    get: {
      operationId: "getMetrics",
      summary: "Read the meters",
      description: "Prometheus text. In a live installation: with a platform key, `platform:read`.",
      tags,
      security,
      responses: {
        "200": answer("All meters.", "text/plain", { type: "string" }),
        "401": { $ref: "#/components/responses/Unauthenticated" },
        ...tooMany,
      },
    },
  },
};
