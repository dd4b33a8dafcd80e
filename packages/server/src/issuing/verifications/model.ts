import {
  type CustomerId,
  type OrganizationId,
  prefixes,
  type VerificationId,
  type VerificationSettingsId,
} from "../../foundation/ids/ids.ts";
import { lifecycle, type MoveOf, type StateOf } from "../../foundation/lifecycle/lifecycle.ts";
import type { Verdict } from "../customers/rules/moves.ts";
import type { VerificationLevel } from "../programs/model.ts";

/** Who reviews: people of the platform, wishes in a sandbox, or a provider outside. */
export const providers = ["manual", "sandbox", "sumsub", "persona"] as const;
export type Provider = (typeof providers)[number];

/** Whether a provider is outside: what it is given travels over the network. */
export const isOutside: Readonly<Record<Provider, boolean>> = {
  manual: false,
  sandbox: false,
  sumsub: true,
  persona: true,
};

/** The life of one review of a customer. */
export const verificationLifecycle = lifecycle(
  ["queued", "claimed", "submitted", "decided", "cancelled"],
  {
    // A reviewer takes it: from the queue, from another reviewer, or from a provider that is down.
    claim: { from: ["queued", "claimed", "submitted"], to: "claimed" },
    release: { from: ["claimed"], to: "queued" },
    // The provider has it.
    submit: { from: ["queued"], to: "submitted" },
    decide: { from: ["queued", "claimed", "submitted"], to: "decided" },
    // The customer left the review by another way, or is not any more as it was sent.
    cancel: { from: ["queued", "claimed", "submitted"], to: "cancelled" },
  },
);
export type VerificationStatus = StateOf<typeof verificationLifecycle>;
export type VerificationMove = MoveOf<typeof verificationLifecycle>;

/** In which statuses a verification is open: of a customer one at most. */
export const openStatuses = ["queued", "claimed", "submitted"] as const;

/**
 * Who moves it: a reviewer of the platform with its verbs, the provider, an operator by a verb of the
 * customer itself, a wish of a sandbox, or a rule of the platform.
 */
export const movers = ["reviewer", "provider", "operator", "simulation", "rule"] as const;
export type Mover = (typeof movers)[number];

/** From which statuses each mover may make each move; what is not named it may not. */
export const movesOf: Readonly<
  Record<VerificationMove, Readonly<Partial<Record<Mover, readonly VerificationStatus[]>>>>
> = {
  claim: { reviewer: ["queued", "claimed", "submitted"] },
  release: { reviewer: ["claimed"] },
  submit: { provider: ["queued"] },
  decide: {
    reviewer: ["claimed"],
    provider: ["submitted"],
    operator: ["queued", "claimed", "submitted"],
    simulation: ["queued", "claimed", "submitted"],
    rule: ["queued"],
  },
  cancel: { provider: ["submitted"], rule: ["queued", "claimed", "submitted"] },
};

/** What a review can come to, as a verdict on the customer. */
export type Decision =
  | { readonly move: "approve" }
  | Extract<Verdict, { move: "reject" | "requestInformation" }>;

export const outcomes = ["approved", "rejected", "needs_information"] as const;
export type Outcome = (typeof outcomes)[number];

/** What an organization attests of a verification that it did itself, with a provider of its own. */
export type Delegated = {
  /** Its provider's name, and what that one calls the verification. */
  readonly provider: string;
  readonly reference: string;
  readonly livenessAttested: true;
  /** RFC 3339. */
  readonly verifiedAt: string;
  /** Documents of the customer that it rests on. */
  readonly documentIds: readonly string[];
};

/** The traffic with a provider outside: in real time, and not counted by the version. */
export type Traffic = {
  readonly attempts: number;
  /** When the provider is asked next; null where nothing is to be asked. */
  readonly nextAttemptAt: Date | null;
  /** What went wrong the last time, in words without personal data. */
  readonly lastError: string | null;
  /** When the provider last told something by itself. */
  readonly heardAt: Date | null;
};

/** One review of a customer. */
export type Verification = {
  readonly organizationId: OrganizationId;
  readonly id: VerificationId;
  readonly customerId: CustomerId;
  readonly level: VerificationLevel;
  readonly provider: Provider;
  readonly status: VerificationStatus;
  /** The customer's version that is reviewed: at opening, then as it was claimed or submitted. */
  readonly customerVersion: bigint;
  /** The reviewer's key, while it is claimed. */
  readonly claimedBy: string | null;
  readonly claimedAt: Date | null;
  readonly providerReference: string | null;
  readonly delegated: Delegated | null;
  readonly outcome: Outcome | null;
  readonly reasons: readonly string[];
  readonly decidedBy: Mover | null;
  readonly decidedAt: Date | null;
  readonly version: bigint;
  readonly createdAt: Date;
};

/** A verification with its traffic, as it is read. */
export type VerificationRead = Verification & Traffic;

/** Whether an organization may attest a verification of its own, and what becomes of it. */
export const delegations = ["refused", "reviewed", "accepted"] as const;
export type Delegation = (typeof delegations)[number];

/** How an organization's customers are reviewed. */
export type VerificationSettings = {
  readonly organizationId: OrganizationId;
  readonly provider: Provider;
  readonly delegated: Delegation;
  /** 0 where the platform never said anything: the default of the organization's mode. */
  readonly version: bigint;
};

/** The id of an organization's settings: derived from its own, because each has one. */
export const settingsIdOf = (organizationId: OrganizationId): VerificationSettingsId =>
  `${prefixes.verificationSettings}${organizationId.slice(prefixes.organization.length)}` as VerificationSettingsId;

/** The provider that shares applicants by a token. */
export const SHARING_PROVIDER: Provider = "sumsub";

/** Longest token by which a provider shares an applicant. */
export const MAX_SHARE_TOKEN = 1_024;

/** Most documents that a delegated verification names. */
export const MAX_DELEGATED_DOCUMENTS = 50;
