import { Type } from "typebox";
import {
  nullable,
  object,
  oneOf,
  pageOf,
  pageQuery,
  text,
  timestamp,
} from "../../foundation/route/schemas.ts";
import {
  type ApiKey,
  DEFAULT_OVERLAP_SECONDS,
  keyStatus,
  keyStatuses,
  MAX_KEY_NAME,
  MAX_OVERLAP_SECONDS,
  type Scope,
  scopeNames,
} from "./model.ts";

const scope = oneOf<Scope>(scopeNames);

const fields = {
  id: Type.String(),
  name: Type.String(),
  mode: oneOf(["sandbox", "live"]),
  hint: Type.String({ description: "Start of the secret." }),
  status: oneOf(keyStatuses),
  scopes: Type.Array(scope),
  ipAllowList: Type.Array(Type.String(), {
    description: "Addresses and CIDR ranges it may be used from; empty: from anywhere.",
  }),
  rotatedFrom: nullable(Type.String()),
  expiresAt: nullable(timestamp),
  lastUsedAt: nullable(timestamp),
  revokedAt: nullable(timestamp),
  version: Type.Integer(),
  createdAt: timestamp,
};

/** An API key as the outside sees it. */
export const apiKeySchema = object(fields, { title: "ApiKey" });

/** A key with its secret: only in the answer that makes it. */
export const newApiKeySchema = object(
  {
    ...fields,
    secret: Type.String({ description: "Shown once and kept nowhere: store it now." }),
  },
  { title: "NewApiKey" },
);

export const apiKeyPage = pageOf(apiKeySchema);

export const apiKeyQuery = object({
  ...pageQuery,
  status: Type.Optional(oneOf(keyStatuses)),
});

export const newKeyBody = object({
  name: text(MAX_KEY_NAME),
  scopes: Type.Array(scope, { minItems: 1, maxItems: scopeNames.length, uniqueItems: true }),
  expiresAt: Type.Optional(timestamp),
  ipAllowList: Type.Optional(
    Type.Array(Type.String({ minLength: 2, maxLength: 50 }), { maxItems: 100, uniqueItems: true }),
  ),
});

export const rotateBody = object({
  overlapSeconds: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: MAX_OVERLAP_SECONDS,
      default: DEFAULT_OVERLAP_SECONDS,
      description: "How long the old key goes on working.",
    }),
  ),
});

/** A key as the outside sees it at a real time. */
export function showKey(key: ApiKey, now: Date) {
  return {
    id: key.id,
    name: key.name,
    mode: key.mode,
    hint: key.hint,
    status: keyStatus(key, now),
    scopes: key.scopes as Scope[],
    ipAllowList: [...key.ipAllowList],
    rotatedFrom: key.rotatedFrom,
    expiresAt: key.expiresAt?.toISOString() ?? null,
    lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
    revokedAt: key.revokedAt?.toISOString() ?? null,
    version: Number(key.version),
    createdAt: key.createdAt.toISOString(),
  };
}
