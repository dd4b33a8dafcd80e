import { apiKeySchema } from "./schema.ts";

/**
 * What access announces. A rotation is two events: the new key's creation, the old key's end in
 * sight.
 */
export const accessEvents = {
  "api_key.created": apiKeySchema,
  "api_key.rotated": apiKeySchema,
  "api_key.revoked": apiKeySchema,
} as const;
