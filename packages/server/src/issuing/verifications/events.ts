import type { VerificationMove } from "./model.ts";
import { settingsSchema, verificationSchema } from "./schema.ts";

/** What verifications announce: the object as the API shows it. */
export const verificationEvents = {
  "verification.opened": verificationSchema,
  "verification.delegated": verificationSchema,
  "verification.claimed": verificationSchema,
  "verification.released": verificationSchema,
  "verification.submitted": verificationSchema,
  "verification.decided": verificationSchema,
  "verification.cancelled": verificationSchema,
  "verification_settings.changed": settingsSchema,
};
export type VerificationEvent = keyof typeof verificationEvents;

/** The event of each move of a verification. */
export const eventOfMove = {
  claim: "verification.claimed",
  release: "verification.released",
  submit: "verification.submitted",
  decide: "verification.decided",
  cancel: "verification.cancelled",
} as const satisfies Record<VerificationMove, VerificationEvent>;
