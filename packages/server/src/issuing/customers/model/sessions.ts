import type {
  CustomerId,
  OrganizationId,
  PersonId,
  SessionId,
} from "../../../foundation/ids/ids.ts";
import { lifecycle, type MoveOf, type StateOf } from "../../../foundation/lifecycle/lifecycle.ts";
import type { EndReason, LinkEnd } from "../../../records/links/model.ts";
import type { DocumentKind } from "../../documents/model.ts";
import {
  beneath,
  type Customer,
  type CustomerDetails,
  type CustomerField,
  type EvidenceNeed,
  evidenceNeeds,
  type Need,
} from "../model.ts";
import { isField, isMet, missingOf, needsOf } from "./levels.ts";
import type { PersonDetails, PersonRole } from "./people.ts";

/** The life of a verification session. Its time may be over in any of its states: see `expiresAt`. */
export const sessionLifecycle = lifecycle(
  ["waiting", "started", "submitted", "replaced", "revoked"],
  {
    // The person exchanged the link.
    start: { from: ["waiting"], to: "started" },
    submit: { from: ["started"], to: "submitted" },
    // A newer session was made.
    replace: { from: ["waiting", "started", "submitted"], to: "replaced" },
    revoke: { from: ["waiting", "started", "submitted"], to: "revoked" },
  },
);
export type SessionStatus = StateOf<typeof sessionLifecycle>;
export type SessionMove = MoveOf<typeof sessionLifecycle>;

/** The text of the consent, by its date; a changed text gets another. It stands in the page's messages. */
export const CONSENT_VERSION = "2026-11-26";

/** Languages of the page, and of the consent. */
export const pageLanguages = ["en", "ar"] as const;

/** What somebody agreed to, in which language, when. */
export type Consent = {
  readonly version: string;
  readonly language: string;
  readonly at: Date;
};

/** A customer's own way through its verification. Its times are real ones, as those of its link. */
export type VerificationSession = {
  readonly organizationId: OrganizationId;
  /** Of its private link, too. */
  readonly id: SessionId;
  readonly customerId: CustomerId;
  readonly status: SessionStatus;
  /** Where the page leads back to at the end. */
  readonly returnUrl: string | null;
  /** Of the link; once that is spent, of the session. */
  readonly expiresAt: Date;
  readonly startedAt: Date | null;
  readonly submittedAt: Date | null;
  readonly consent: Consent | null;
  readonly version: bigint;
  readonly createdAt: Date;
};

/** A session, and what tells how it stands: real time, and whether its link has ended. */
export type SessionNow = {
  readonly session: VerificationSession;
  readonly now: Date;
  readonly end: LinkEnd | null;
};

/**
 * How a session stands. Its row tells what was done to it; its time may be over, and its link ends with the
 * organization, which touches no session. The one place that says so.
 *
 * @returns its status, and why it ended before its time; null where it did not.
 */
export function standingOf({ session, now, end }: SessionNow): {
  readonly status: SessionStatus | "expired";
  readonly endedReason: EndReason | null;
} {
  const { status, expiresAt } = session;
  if (status !== "waiting" && status !== "started") {
    return { status, endedReason: end?.reason ?? null };
  }
  if (expiresAt <= (end?.at ?? now)) return { status: "expired", endedReason: null };
  return { status: end === null ? status : "revoked", endedReason: end?.reason ?? null };
}

/** What was given in a session and not submitted yet. */
export type Draft = {
  readonly details: Partial<CustomerDetails>;
  /** Ids of the documents that were uploaded in it. */
  readonly documents: readonly string[];
  /** Of a business. */
  readonly people: readonly DraftPerson[];
};

/** Somebody who directs or owns a business, with the id that it has from its submission on. */
export type DraftPerson = PersonDetails & { readonly id: PersonId };

export const emptyDraft: Draft = { details: {}, documents: [], people: [] };

/** A need that documents meet, with the kinds of which one is enough. */
export type DocumentNeed = { readonly need: EvidenceNeed; readonly kinds: readonly DocumentKind[] };

/** A need that somebody in a role meets. */
export type PersonNeed = { readonly need: EvidenceNeed; readonly role: PersonRole };

/** What a person can give on the page: fields, documents, and who directs and owns a business. */
export type Wanted = {
  readonly fields: readonly CustomerField[];
  readonly documents: readonly DocumentNeed[];
  readonly people: readonly PersonNeed[];
};

export const nothingWanted: Wanted = { fields: [], documents: [], people: [] };

/**
 * What a customer can give in a session: what it is asked for; after a rejection that can be cured, all that its
 * level needs once more.
 */
export function wantedOf(customer: Customer): Wanted {
  const wanted = openNeedsOf(customer);
  const evidence = wanted.filter((need) => !isField(need));
  const of = (prefix: string) => evidence.filter((need) => need.startsWith(prefix));
  return {
    fields: wanted.filter(isField),
    documents: of("documents.").map((need) => {
      return { need, kinds: evidenceNeeds[need] as readonly DocumentKind[] };
    }),
    people: of("people.").flatMap((need) => {
      return evidenceNeeds[need].map((role) => ({ need, role: role as PersonRole }));
    }),
  };
}

function openNeedsOf(customer: Customer): readonly Need[] {
  const standing = beneath(customer.standing);
  if (standing.status === "needs_information") return missingOf(customer);
  if (standing.status !== "rejected" || !standing.canResubmit) return [];
  return needsOf(customer).filter((need) => isField(need) || !isMet(customer, need));
}

/** Whether a customer has anything to give in a session. */
export function canVerify(customer: Customer): boolean {
  return Object.values(wantedOf(customer)).some((part) => part.length > 0);
}

/** What a page may say of how it stands; no more, whatever the reasons are. */
export type Outcome = "in_review" | "more_needed" | "approved" | "not_possible";

/** How a customer stands, as its page says it. A hold says nothing: it looks like any other review. */
export function outcomeOf(customer: Customer): Outcome {
  switch (customer.standing.status) {
    case "active":
      return "approved";
    case "needs_information":
      return "more_needed";
    case "rejected":
      return "not_possible";
    default:
      return "in_review";
  }
}
