import type { OrganizationId } from "../../foundation/ids/ids.ts";

/** Whose key, and which: a key is scoped to its organization, so API keys may be rotated. */
export type KeyRef = { readonly organizationId: OrganizationId; readonly key: string };

/** An answer as it was given; no such row means: not done. */
export type StoredAnswer = KeyRef & {
  /** Id of the route. */
  readonly route: string;
  /** Keyed hash of what was asked, 32 bytes. */
  readonly fingerprint: Uint8Array;
  /** HTTP status, 200 to 499. */
  readonly status: number;
  /** The body, JSON; secrets are null in it. */
  readonly body: string;
};

/** An answer that is to be stored: its body as it was sent, and where in it the secrets are. */
export type Answer = StoredAnswer & {
  /** Names and dotted paths of the body that are shown once (`secretFields` of the route). */
  readonly secretFields?: readonly string[];
};
