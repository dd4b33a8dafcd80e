import { errorTable } from "../../foundation/errors/errors.ts";

/** The ways an Idempotency-Key is refused. None of these answers is itself stored. */
export const idempotencyErrors = errorTable({
  idempotency_key_invalid: {
    status: 400,
    title: "The Idempotency-Key is malformed",
    remedy: "Send one key of 1 to 255 visible ASCII characters, or leave the header out.",
  },
  idempotency_key_reused: {
    status: 409,
    title: "The Idempotency-Key was used for another request",
    remedy: "Send a new key with a new request; the same key only with the very same request.",
  },
  idempotency_in_progress: {
    status: 409,
    title: "The first request with this Idempotency-Key is still running",
    remedy: "Send the same request with the same key again in a moment.",
  },
});
