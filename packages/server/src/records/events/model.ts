import type { EventId, OrganizationId } from "../../foundation/ids/ids.ts";

/** A resource as the API shows it. */
export type Shown = Readonly<Record<string, unknown>>;

/** One state change, as the module that made it announces it. */
export type Announcement = {
  /** `noun.what_happened`: `card.frozen`. */
  readonly type: string;
  readonly objectId: string;
  /** The object's version after the change; one event for each. */
  readonly objectVersion: bigint | number;
  /** The resource as the API shows it at that version. */
  readonly object: Shown;
  /** The fields that changed, as they were before; absent when the object is new. */
  readonly previous?: Shown;
  /** The person whose key encrypts what is personal here. */
  readonly subjectId?: string;
  /**
   * Names (`firstName`) and dotted paths (`cardholder.email`) in `object` and `previous` that are
   * personal data: null in the event's data, and encrypted beside it.
   */
  readonly personal?: readonly string[];
};

/** What an announcement says was changed, for the audit log: personal data is masked. */
export type Change = {
  readonly objectId: string;
  readonly version: number;
  /** Type of the event. */
  readonly event: string;
  /** The fields that changed, as they were; null for a new object. */
  readonly before: Shown | null;
  /** The same fields as they are; the whole object when it is new. */
  readonly after: Shown;
};

/** What an event tells: the object, and what of it was different before. */
export type EventData = { readonly object: Shown; readonly previous?: Shown };

/** An event of an organization's stream. */
export type StreamEvent = {
  readonly id: EventId;
  readonly type: string;
  /** From 1, without gaps, over all events of the organization. */
  readonly sequence: bigint;
  readonly objectId: string;
  readonly objectVersion: bigint;
  readonly recordedAt: Date;
  readonly data: EventData;
  readonly subjectId: string | null;
  /** Personal values, encrypted under the subject's key. */
  readonly personal: Uint8Array | null;
};

/** An event as its reader gets it: personal data in its places, null where the key is destroyed. */
export type OpenedEvent = Omit<StreamEvent, "subjectId" | "personal">;

/** An event that waits for its sequence. `data` is JSON. */
export type QueuedEvent = {
  readonly organizationId: OrganizationId;
  readonly id: EventId;
  readonly type: string;
  readonly objectId: string;
  readonly objectVersion: bigint;
  readonly data: string;
  readonly subjectId: string | null;
  readonly personal: Uint8Array | null;
};

/** Which events a reader wants. */
export type EventFilter = { readonly type?: string; readonly objectId?: string };
