import { isDeepStrictEqual } from "node:util";
import type { RowPage } from "../../foundation/database/list.ts";
import type { Sql } from "../../foundation/database/sql.ts";
import type { Reading, Work } from "../../foundation/database/work.ts";
import { generalErrors } from "../../foundation/errors/errors.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import type { Caller, Mode } from "../../foundation/route/route.ts";
import { reference } from "../../foundation/route/schemas.ts";
import { createKey } from "../../records/access/actions.ts";
import { scopes } from "../../records/access/model.ts";
import { announce } from "../../records/events/actions.ts";
import {
  type AsOf,
  openAccounts,
  readOwnBalances,
  readUnsettled,
} from "../../records/ledger/actions.ts";
import type { Balances } from "../../records/ledger/model.ts";
import { revokeAllLinks } from "../../records/links/actions.ts";
import { openClock, organizationNow } from "../../records/sequencer/actions.ts";
import { organizationErrors } from "./errors.ts";
import type { organizationEvents } from "./events.ts";
import { availableOf, type Organization, type OrganizationMove } from "./model.ts";
import { moved, requireEmbeddable, requireOpen } from "./rules.ts";
import { showOrganization } from "./schema.ts";
import {
  findRow,
  hasLive,
  insertRow,
  type LockStrength,
  listPage,
  lockRow,
  type OrganizationAt,
  readInstallationMode,
  shareRows,
  updateRow,
  writeInstallationMode,
} from "./store.ts";

/** What an organization's first key may do: everything that is for organizations. */
const organizationScopes = Object.entries(scopes)
  .filter(([, { audience }]) => audience !== "platform")
  .map(([name]) => name);

export type { OrganizationAt } from "./store.ts";

/** One organization by id or `external:<externalId>`; null where there is none. Takes no lock. */
export const findOrganization = (sql: Sql, id: string): Promise<Organization | null> =>
  findRow(sql, id);

/**
 * One organization that a path names.
 *
 * @throws Refusal `not_found`.
 */
export async function getOrganization(sql: Sql, id: string): Promise<Organization> {
  const organization = await findRow(sql, id);
  if (organization === null) throw generalErrors.refusal("not_found");
  return organization;
}

/**
 * Locks an organization's row: first in the order of locks.
 *
 * @param strength `share` so that its status stays true, `change` to change it.
 * @throws Refusal `organization_not_found`.
 */
export async function lockOrganization(
  sql: Sql,
  id: string,
  strength: LockStrength,
): Promise<Organization> {
  const organization = await lockRow(sql, id, strength);
  if (organization === null) throw organizationErrors.refusal("organization_not_found");
  return organization;
}

/**
 * Locks several organizations for sharing, in id order: their statuses stay true until COMMIT.
 *
 * @param names ids or `external:<externalId>`.
 * @returns those that exist, each with its now, by name.
 */
export async function shareOrganizations(
  sql: Sql,
  names: readonly string[],
): Promise<Map<string, OrganizationAt>> {
  const references = [...new Set(names)].map((name) => ({ name, ...reference(name) }));
  const values = (by: "id" | "externalId") =>
    references.filter((each) => each.by === by).map(({ value }) => value);
  const rows = await shareRows(sql, values("id"), values("externalId"));
  const found = new Map<string, OrganizationAt>();
  for (const { name, by, value } of references) {
    const row = rows.find((candidate) => candidate[by] === value);
    if (row !== undefined) found.set(name, row);
  }
  return found;
}

/**
 * The same transaction, turned to another organization: its data, its now. For what the platform does to
 * a tenant; the actor stays who it was.
 *
 * @throws Refusal `organization_not_found`.
 */
export async function workIn(work: Work, organizationId: string): Promise<Work> {
  const [organization, now] = await Promise.all([
    findRow(work.sql, organizationId),
    organizationNow(work.sql, organizationId as OrganizationId),
  ]);
  if (organization === null) throw organizationErrors.refusal("organization_not_found");
  return { ...work, organizationId: organization.id, now };
}

/**
 * Where to read what a path names: in the caller's own organization, or for the platform in that of the
 * object.
 *
 * @param ownerOf whose an object is, by its id alone; null where there is none.
 * @throws Refusal `not_found`.
 */
export async function readingOf(
  caller: Caller,
  reading: Reading,
  ownerOf: (sql: Sql, id: string) => Promise<OrganizationId | null>,
  id: string,
): Promise<Reading> {
  if (!caller.platform) return reading;
  const organizationId = await ownerOf(reading.sql, id);
  if (organizationId === null) throw generalErrors.refusal("not_found");
  return { ...reading, organizationId, now: await organizationNow(reading.sql, organizationId) };
}

/** Which organizations a list shows. */
export type OrganizationFilter = {
  readonly status?: string | undefined;
  readonly mode?: string | undefined;
};

/** One page of organizations, newest first. */
export function listOrganizations(
  sql: Sql,
  { status, mode }: OrganizationFilter,
  after: string | undefined,
  limit: number,
): Promise<RowPage<Organization>> {
  const conditions = [
    ["status", "=", status],
    ["mode", "=", mode],
  ] as const;
  return listPage(sql, conditions, after, limit);
}

export type NewOrganization = {
  readonly name: string;
  readonly mode: Mode;
  readonly externalId: string | null;
  /** Balances to open at zero; every other currency opens with its first deposit. */
  readonly currencies: readonly string[];
  /** 32 bytes to make the first key's secret of, where it must be the same again (a sandbox's own). */
  readonly secretBits?: Uint8Array;
};

/**
 * Creates an organization with its clock, its accounts and its first API key (all scopes of an
 * organization).
 *
 * @param work of the platform.
 * @returns the organization and the key's secret, which is not kept.
 * @throws Refusal `live_mode_not_available`, `organization_external_id_taken`.
 */
export async function createOrganization(
  work: Work,
  wanted: NewOrganization,
): Promise<{ organization: Organization; apiKeyId: string; secret: string }> {
  if (wanted.mode === "live" && (await readInstallationMode(work.sql)) !== "live") {
    throw organizationErrors.refusal("live_mode_not_available", undefined, { field: "mode" });
  }
  const { currencies, secretBits, ...given } = wanted;
  const id = work.newId("organization");
  const organization: Organization = {
    ...given,
    id,
    status: "active",
    embedOrigins: [],
    version: 1n,
    createdAt: work.now,
  };
  if (!(await insertRow(work.sql, organization))) {
    throw organizationErrors.refusal("organization_external_id_taken", undefined, {
      field: "externalId",
    });
  }
  const own: Work = { ...work, organizationId: id };
  await Promise.all([
    openClock(work.sql, id),
    openAccounts(
      own,
      currencies.map((currency) => availableOf({ organizationId: id, currency })),
    ),
  ]);
  announceChange(own, "organization.created", organization);
  const { key, secret } = await createKey(own, {
    name: "First key",
    mode: organization.mode,
    scopes: organizationScopes,
    ...(secretBits === undefined ? {} : { secretBits }),
  });
  return { organization, apiKeyId: key.id, secret };
}

/**
 * Changes the name; giving the name it has changes nothing.
 *
 * @throws Refusal `organization_closed`.
 */
export async function changeOrganization(
  work: Work,
  changes: { readonly name?: string },
): Promise<Organization> {
  const before = await lockOrganization(work.sql, work.organizationId, "change");
  requireOpen(before);
  if (changes.name === undefined || changes.name === before.name) return before;
  const after = { ...before, name: changes.name, version: before.version + 1n };
  await updateRow(work.sql, after);
  announceChange(work, "organization.updated", after, { name: before.name });
  return after;
}

/**
 * Says which origins may embed the organization's hosted pages; giving those that it has changes nothing.
 *
 * @throws Refusal `organization_closed`, `embed_origin_not_allowed`.
 */
export async function changeEmbedOrigins(
  work: Work,
  embedOrigins: readonly string[] | undefined,
): Promise<Organization> {
  const before = await lockOrganization(work.sql, work.organizationId, "change");
  requireOpen(before);
  if (embedOrigins === undefined || isDeepStrictEqual(embedOrigins, before.embedOrigins)) {
    return before;
  }
  requireEmbeddable(before, embedOrigins);
  const after = { ...before, embedOrigins, version: before.version + 1n };
  await updateRow(work.sql, after);
  const previous = { embedOrigins: before.embedOrigins };
  announceChange(work, "organization.updated", after, previous);
  return after;
}

/** Origins that may embed the pages of an organization's links; none of one that is closed, or unknown. */
export async function embedOriginsOf(sql: Sql, id: string): Promise<readonly string[]> {
  const organization = await findRow(sql, id);
  return organization === null || organization.status === "closed" ? [] : organization.embedOrigins;
}

const eventOfMove = {
  suspend: "organization.suspended",
  activate: "organization.activated",
  close: "organization.closed",
} as const satisfies Record<OrganizationMove, keyof typeof organizationEvents>;

/**
 * Suspends or activates; repeating it changes nothing.
 *
 * @throws Refusal `organization_closed`.
 */
export async function moveOrganization(
  work: Work,
  move: Exclude<OrganizationMove, "close">,
): Promise<Organization> {
  const before = await lockOrganization(work.sql, work.organizationId, "change");
  const after = moved(before, move);
  return after === null ? before : changeStatus(work, move, before, after);
}

async function changeStatus(
  work: Work,
  move: OrganizationMove,
  before: Organization,
  after: Organization,
): Promise<Organization> {
  await updateRow(work.sql, after);
  announceChange(work, eventOfMove[move], after, { status: before.status });
  return after;
}

/** Accounts that a refusal to close names. */
const MANY_NAMED = 5;

/**
 * Closes for ever; repeating it changes nothing. Its private links end with it. Whoever moves money into the
 * organization or issues in it shares its row's lock, so nothing comes in between the look and the change.
 *
 * @param duesOf what the organization has to pay yet, in words: known to modules to the right.
 * @throws Refusal `organization_not_empty`, naming accounts and dues that stand in the way.
 */
export async function closeOrganization(
  work: Work,
  duesOf: (organization: Organization) => Promise<readonly string[]>,
): Promise<Organization> {
  const before = await lockOrganization(work.sql, work.organizationId, "change");
  const after = moved(before, "close");
  if (after === null) return before;
  const [unsettled, dues] = await Promise.all([
    readUnsettled(work.sql, work.organizationId, MANY_NAMED),
    duesOf(before),
  ]);
  if (unsettled.length + dues.length > 0) {
    const accounts = unsettled.map((each) => `${each.type} ${each.ownerId} ${each.currency}`);
    const names = [...accounts, ...dues];
    throw organizationErrors.refusal("organization_not_empty", `Not empty: ${names.join(", ")}.`);
  }
  await revokeAllLinks(work.sql, work.organizationId);
  return changeStatus(work, "close", before, after);
}

/**
 * A reading of the organization that a query names: a platform key names any; an organization's key its
 * own, or none. Where none is named it is the caller's own.
 *
 * @throws Refusal `organization_not_found`.
 */
export async function readingNamed(
  caller: Caller,
  reading: Reading,
  named: string | undefined,
): Promise<Reading> {
  if (named === undefined || named === reading.organizationId) return reading;
  const organization = await findRow(reading.sql, named);
  if (organization === null || (!caller.platform && organization.id !== caller.organizationId)) {
    throw organizationErrors.refusal("organization_not_found", undefined, {
      field: "organizationId",
    });
  }
  const { id } = organization;
  return { ...reading, organizationId: id, now: await organizationNow(reading.sql, id) };
}

/**
 * As `readingNamed`, for what the platform itself has none of: it must name one.
 *
 * @throws Refusal `organization_not_found`, `invalid_request`.
 */
export function readingOfOne(
  caller: Caller,
  reading: Reading,
  named: string | undefined,
): Promise<Reading> {
  if (named !== undefined || !caller.platform) return readingNamed(caller, reading, named);
  throw generalErrors.refusal("invalid_request", "A platform key names the organization.", {
    field: "organizationId",
  });
}

/**
 * Balances of an organization by currency. Now, or as of an instant or a sequence.
 *
 * @throws Refusal `invalid_request`, `as_of_in_future`, `as_of_not_reached`.
 */
export function readOrganizationBalances(
  { sql, organizationId }: Reading,
  asOf: AsOf,
): Promise<Balances[]> {
  return readOwnBalances(sql, organizationId, "organization_available", organizationId, asOf);
}

/** What the installation is. Told at start by `setInstallationMode`. */
export const installationMode = (sql: Sql): Promise<Mode> => readInstallationMode(sql);

/**
 * Records at start what the installation is: live organizations exist only in a live one.
 *
 * @throws Error when it was live, has live organizations, and is started as a sandbox.
 */
export async function setInstallationMode(sql: Sql, mode: Mode): Promise<void> {
  if (mode === "sandbox" && (await hasLive(sql))) {
    throw new Error(
      "This database has live organizations. Start with CARDWRIGHT_MODE=live, or use another database.",
    );
  }
  await writeInstallationMode(sql, mode);
}

function announceChange(
  work: Work,
  type: keyof typeof organizationEvents,
  organization: Organization,
  previous?: Record<string, unknown>,
): void {
  announce(work, {
    type,
    objectId: organization.id,
    objectVersion: organization.version,
    object: showOrganization(organization),
    ...(previous === undefined ? {} : { previous }),
  });
}
