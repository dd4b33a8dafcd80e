import type { OrganizationId } from "../../foundation/ids/ids.ts";
import type { PersonalPlaces } from "../../foundation/route/personal.ts";

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
  /** The body, JSON; secrets are null in it, and personal data where it is sealed. */
  readonly body: string;
  /** Whose personal data it has; null where it has none, and of an answer stored by an older release. */
  readonly subjectOrganizationId: OrganizationId | null;
  readonly subjectId: string | null;
  /** Personal values by dotted path, JSON, sealed under that person's key. */
  readonly personal: Uint8Array | null;
};

/** An answer that is to be stored: its body as it was sent, and what of it is not kept in clear. */
export type Answer = Omit<StoredAnswer, "subjectOrganizationId" | "subjectId" | "personal"> & {
  /** Names and dotted paths of the body that are shown once (`secretFields` of the route). */
  readonly secretFields?: readonly string[];
  /** Where the body has personal data. */
  readonly personalPlaces?: PersonalPlaces | null;
  /** The organization's now; a person's key is made at it. */
  readonly now: Date;
};
