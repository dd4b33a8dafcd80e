import { DEFAULT_LIMIT, decodeCursor, pageFrom } from "../../foundation/route/cursor.ts";
import { type Route, readRoute, writeRoute } from "../../foundation/route/route.ts";
import { idParams } from "../../foundation/route/schemas.ts";
import { getKey, giveKey, listKeys, realNow, revokeKey, rotateKey } from "./actions.ts";
import { DEFAULT_OVERLAP_SECONDS } from "./model.ts";
import {
  apiKeyPage,
  apiKeyQuery,
  apiKeySchema,
  newApiKeySchema,
  newKeyBody,
  rotateBody,
  showKey,
} from "./schema.ts";

const common = { tag: "API keys", audience: "any" } as const;

const list = readRoute({
  ...common,
  id: "listApiKeys",
  path: "/api-keys",
  summary: "List API keys",
  scope: "keys:read",
  query: apiKeyQuery,
  reply: apiKeyPage,
  errors: [],
  async handle({ reading, query }) {
    const { status, cursor, limit = DEFAULT_LIMIT } = query;
    const [rows, now] = await Promise.all([
      listKeys(reading, { status, after: decodeCursor(cursor), limit }),
      realNow(reading.sql),
    ]);
    return pageFrom(
      rows,
      (key) => key.id,
      (key) => showKey(key, now),
    );
  },
});

const get = readRoute({
  ...common,
  id: "getApiKey",
  path: "/api-keys/{id}",
  summary: "Read an API key",
  scope: "keys:read",
  params: idParams,
  reply: apiKeySchema,
  errors: [],
  async handle({ reading, params }) {
    return showKey(await getKey(reading, params.id), await realNow(reading.sql));
  },
});

const create = writeRoute({
  ...common,
  id: "createApiKey",
  method: "POST",
  path: "/api-keys",
  summary: "Create an API key",
  description: `The answer holds the secret; it is shown this once. A key can only give scopes that
it has itself. Times of keys are real time, also where a sandbox's clock was moved.`,
  scope: "keys:write",
  body: newKeyBody,
  reply: newApiKeySchema,
  status: 201,
  secretFields: ["secret"],
  errors: [
    "scope_not_held",
    "ip_range_invalid",
    "expiry_in_the_past",
    "expiry_too_far",
    "api_key_limit_reached",
  ],
  async handle({ work, caller, body }) {
    const { expiresAt, ...wanted } = body;
    const { key, secret } = await giveKey(work, caller, {
      ...wanted,
      expiresAt: expiresAt === undefined ? null : new Date(expiresAt),
    });
    return { ...showKey(key, key.createdAt), secret };
  },
});

const rotate = writeRoute({
  ...common,
  id: "rotateApiKey",
  method: "POST",
  path: "/api-keys/{id}/rotate",
  summary: "Replace an API key",
  description: `Answers with a new key like the old one; the old one goes on working for
\`overlapSeconds\` (a day when not given, 0 ends it at once). A key that expires is replaced by one
with the same length of life.`,
  scope: "keys:write",
  params: idParams,
  body: rotateBody,
  reply: newApiKeySchema,
  status: 201,
  secretFields: ["secret"],
  errors: [
    "api_key_revoked",
    "api_key_expired",
    "api_key_already_rotated",
    "api_key_limit_reached",
    "scope_not_held",
  ],
  async handle({ work, caller, params, body }) {
    const overlapSeconds = body.overlapSeconds ?? DEFAULT_OVERLAP_SECONDS;
    const { key, secret } = await rotateKey(work, caller, params.id, overlapSeconds);
    return { ...showKey(key, key.createdAt), secret };
  },
});

const revoke = writeRoute({
  ...common,
  id: "revokeApiKey",
  method: "DELETE",
  path: "/api-keys/{id}",
  summary: "Revoke an API key",
  description: `Ends the key for ever, within a second everywhere. Repeating it changes nothing. The
last active key with \`keys:write\` cannot be revoked: rotate it without overlap, or create another
first.`,
  scope: "keys:write",
  params: idParams,
  reply: apiKeySchema,
  status: 200,
  errors: ["api_key_is_last"],
  async handle({ work, params }) {
    return showKey(await revokeKey(work, params.id), await realNow(work.sql));
  },
});

export const accessRoutes: readonly Route[] = [list, get, create, rotate, revoke];
