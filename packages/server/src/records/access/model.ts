import type { ApiKeyId, OrganizationId } from "../../foundation/ids/ids.ts";
import type { Audience, Mode } from "../../foundation/route/route.ts";

/** What a scope lets a key do, and whose keys may have it (`any`: both kinds). */
export type ScopeEntry = { readonly meaning: string; readonly audience: Audience };

const scope = (audience: Audience, meaning: string): ScopeEntry => ({ audience, meaning });

/** Every scope. A route names one of these; a key holds some of them. */
export const scopes = {
  "organization:read": scope("any", "Read the organization and its balances."),
  "organization:write": scope("organization", "Say who may embed the hosted pages."),
  "keys:read": scope("any", "List API keys, without their secrets."),
  "keys:write": scope("any", "Create, rotate and revoke API keys."),
  "programs:read": scope("any", "Read card programs."),
  "customers:read": scope("any", "Read customers and their product access."),
  "customers:write": scope("organization", "Create and change customers, ask for product access."),
  "budgets:read": scope("any", "Read budgets."),
  "budgets:write": scope("organization", "Create, change, freeze and archive budgets."),
  "cards:read": scope("any", "Read cards, masked, and their history."),
  "cards:write": scope("organization", "Issue, change, freeze and delete cards."),
  "cards:reveal": scope("organization", "Fetch a card's full number."),
  "funds:read": scope("any", "Read transfers, statements and receivables."),
  "funds:write": scope("any", "Move money between organization, budgets and cards; reverse."),
  "ledger:read": scope("any", "Read accounts, entries and the laws of the ledger."),
  "events:read": scope("any", "Read the stream of events."),
  "audit:read": scope("any", "Read the audit log."),
  "disputes:write": scope("organization", "File and carry disputes."),
  "webhooks:write": scope("organization", "Manage webhook endpoints."),
  simulate: scope("organization", "Simulate deposits, purchases and time in a sandbox."),
  "platform:read": scope("platform", "Read organizations and the state of the installation."),
  "jobs:read": scope("platform", "Read what is done by itself, when it ran and what it is behind."),
  "organizations:write": scope("platform", "Create, suspend, activate and close organizations."),
  "programs:write": scope("platform", "Create, change and retire card programs."),
  "funds:platform": scope("platform", "Record deposits and payouts of organizations."),
  "customers:review": scope("platform", "Decide on customers: approve, reject, hold, release."),
  "documents:read": scope(
    "platform",
    "Read the content of customers' documents; each read is audited.",
  ),
  "access:review": scope("platform", "Grant, reject and revoke product access."),
  "compliance:read": scope("platform", "Read compliance lists, hits and retained identity."),
  "compliance:write": scope(
    "platform",
    "Restrict countries, end that, confirm and clear hits of screening.",
  ),
  "cards:block": scope("platform", "Block and unblock cards."),
} as const satisfies Record<string, ScopeEntry>;

export type Scope = keyof typeof scopes;

export const scopeNames = Object.keys(scopes) as Scope[];

/** The scope without which an organization could not manage its keys. */
export const MANAGES_KEYS: Scope = "keys:write";

/** An API key, without its secret, which is kept nowhere. */
export type ApiKey = {
  readonly id: ApiKeyId;
  readonly organizationId: OrganizationId;
  readonly name: string;
  readonly mode: Mode;
  /** The start of the secret, by which a person tells keys apart. */
  readonly hint: string;
  readonly scopes: readonly string[];
  /** Addresses and CIDR ranges it may be used from; empty: from anywhere. */
  readonly ipAllowList: readonly string[];
  /** The key that this one replaces. */
  readonly rotatedFrom: ApiKeyId | null;
  readonly expiresAt: Date | null;
  /** Real time, some seconds behind. */
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
  readonly version: bigint;
  /** Real time, as all times of a key: a sandbox's clock does not move them. */
  readonly createdAt: Date;
};

/** Whether a key works, from its times alone. */
export const keyStatuses = ["active", "expired", "revoked"] as const;
export type KeyStatus = (typeof keyStatuses)[number];

/** The status of a key at a real time. Revocation is final and outranks expiry. */
export function keyStatus(key: Pick<ApiKey, "revokedAt" | "expiresAt">, now: Date): KeyStatus {
  if (key.revokedAt !== null) return "revoked";
  return key.expiresAt !== null && key.expiresAt <= now ? "expired" : "active";
}

/** Most keys of an organization that are neither revoked nor expired. */
export const MAX_ACTIVE_KEYS = 100;

/** Longest life of a key that expires: ten years. */
export const MAX_LIFE_MS = 10 * 365 * 86_400_000;

/** How long a rotated key goes on working when the caller does not say, seconds. */
export const DEFAULT_OVERLAP_SECONDS = 86_400;

/** Longest such time: 30 days. */
export const MAX_OVERLAP_SECONDS = 2_592_000;

/** Longest name of a key, in characters. */
export const MAX_KEY_NAME = 100;
