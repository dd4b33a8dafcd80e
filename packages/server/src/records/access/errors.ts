import { errorTable } from "../../foundation/errors/errors.ts";

/** The ways access refuses, beside `unauthenticated` and `scope_missing`. */
export const accessErrors = errorTable({
  ip_not_allowed: {
    status: 403,
    title: "The API key may not be used from this address",
    remedy: "Send the request from an address of the key's allow-list, or use another key.",
  },
  scope_not_held: {
    status: 422,
    title: "A key can only give scopes that it has itself",
    remedy: "Leave the scopes named in errors[] out, or use a key that has them.",
  },
  ip_range_invalid: {
    status: 422,
    title: "This is no address or CIDR range",
    remedy: "Write it as 203.0.113.7, 203.0.113.0/24, 2001:db8::1 or 2001:db8::/32.",
  },
  expiry_in_the_past: {
    status: 422,
    title: "The key would have expired already",
    remedy: "Give a time in the future, or leave expiresAt out.",
  },
  expiry_too_far: {
    status: 422,
    title: "A key may live ten years at most",
    remedy: "Give an earlier time, or leave expiresAt out for a key that does not expire.",
  },
  api_key_limit_reached: {
    status: 422,
    title: "The organization has as many active API keys as it may have",
    remedy: "Revoke keys that are no longer used.",
  },
  api_key_revoked: {
    status: 409,
    title: "The API key is revoked",
    remedy: "Create a new key; a revoked one never works again.",
  },
  api_key_expired: {
    status: 409,
    title: "The API key has expired",
    remedy: "Create a new key.",
  },
  api_key_already_rotated: {
    status: 409,
    title: "The API key was rotated before",
    remedy: "Rotate the key that replaced it.",
  },
  api_key_is_last: {
    status: 409,
    title: "No key that can manage keys would be left",
    remedy: "Create another key with the scope keys:write first, or rotate this one.",
  },
});
