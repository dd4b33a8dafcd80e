import { setTimeout as delay } from "node:timers/promises";
import type { Database, Transaction } from "../../foundation/database/database.ts";
import type { Work } from "../../foundation/database/work.ts";
import { Refusal } from "../../foundation/errors/errors.ts";
import { type Ids, type OrganizationId, PLATFORM } from "../../foundation/ids/ids.ts";
import type { Keys } from "../../foundation/keys/keys.ts";
import { createOrganization, listOrganizations } from "../../issuing/organizations/actions.ts";
import { createProgram } from "../../issuing/programs/actions.ts";
import type { ProgramDraft } from "../../issuing/programs/model.ts";
import { decideFunds } from "../../issuing/transfers/actions.ts";
import { createKey, listKeys } from "../../records/access/actions.ts";
import { SECRET_BYTES, scopesFor, writeSecret } from "../../records/access/rules.ts";
import { recordAudit } from "../../records/audit/actions.ts";
import type { AuditEntry } from "../../records/audit/model.ts";
import { changedIn, changesOf } from "../../records/events/actions.ts";
import { lockKeys } from "../../records/idempotency/actions.ts";
import { organizationNow } from "../../records/sequencer/actions.ts";

/** What seeding stands on. */
export type SeedContext = {
  readonly database: Database;
  readonly keys: Keys;
  readonly newId: Ids;
};

/** 100,000.00, in minor units. */
const FIRST_BALANCE = 10_000_000n;
const CURRENCY = "EUR";

/** One program of each model. Numbers that begin with 9999 belong to no network. */
const drafts: readonly ProgramDraft[] = [
  {
    name: "Sandbox card",
    model: "card",
    brand: "private",
    bin: "99990100",
    panLength: 16,
    currency: CURRENCY,
    fees: { issuance: 100n },
  },
  {
    name: "Sandbox budget card",
    model: "budgetCard",
    brand: "private",
    bin: "99990200",
    panLength: 16,
    currency: CURRENCY,
    fees: { issuance: 50n },
  },
];

/** A key that may do all that the platform may. */
const platformKey = { scopes: scopesFor(PLATFORM) };

/** The two secrets that a sandbox has from its first start on. */
export type SandboxKeys = { readonly apiKey: string; readonly platformKey: string };

/**
 * The sandbox's keys. They are derived from the installation's own keys, so they are the same at each
 * start, and lie nowhere.
 */
export function sandboxKeys(keys: Keys): SandboxKeys {
  return {
    apiKey: writeSecret("org_sandbox", "sandbox", bitsOf(keys, "organization")),
    platformKey: writeSecret(PLATFORM, "sandbox", bitsOf(keys, "platform")),
  };
}

function bitsOf(keys: Keys, of: "organization" | "platform"): Uint8Array {
  return keys.mac("sandbox_key", of).subarray(0, SECRET_BYTES);
}

/**
 * Fills an empty sandbox: an organization with money and a key, a program of each model, a platform key.
 * All in one transaction, so that a crash leaves all or nothing.
 *
 * @returns whether it was empty.
 */
export function seedSandbox(context: SeedContext): Promise<boolean> {
  const { keys } = context;
  return onEmpty(context, "seedSandbox", async (work) => {
    await createKey(work, {
      ...platformKey,
      name: "Sandbox platform key",
      mode: "sandbox",
      secretBits: bitsOf(keys, "platform"),
    });
    const { organization } = await createOrganization(work, {
      name: "Example Cards",
      mode: "sandbox",
      externalId: null,
      currencies: [CURRENCY],
      secretBits: bitsOf(keys, "organization"),
    });
    await deposit(work, organization.id);
    for (const draft of drafts) await createProgram(work, draft);
  });
}

async function deposit(work: Work, organization: OrganizationId): Promise<void> {
  const [result] = await decideFunds([
    {
      work,
      kind: "organization_deposit",
      organization,
      amount: FIRST_BALANCE,
      currency: CURRENCY,
      note: "First balance of the sandbox",
    },
  ]);
  if (result instanceof Refusal) throw result;
}

/**
 * Makes the first platform key of a live installation, from which all others come.
 *
 * @param keep is given the secret before anything is committed; the key exists only if it succeeds.
 * @returns whether there was none before.
 */
export function makeFirstPlatformKey(
  context: SeedContext,
  keep: (secret: string) => Promise<void>,
): Promise<boolean> {
  return onEmpty(context, "makeFirstPlatformKey", async (work) => {
    const wanted = { ...platformKey, name: "First platform key", mode: "live" } as const;
    const { secret } = await createKey(work, wanted);
    await keep(secret);
  });
}

/** Time until a process looks again whether another has finished seeding, ms. */
const BUSY_MS = 100;

/** Does something once in the life of a database, whatever number of processes start on it. */
async function onEmpty(
  context: SeedContext,
  action: string,
  fill: (work: Work) => Promise<void>,
): Promise<boolean> {
  for (;;) {
    const filled = await context.database.transaction(async (sql) => {
      const [mine] = await lockKeys(sql, [{ organizationId: PLATFORM, key: "first start" }]);
      if (!mine) return null;
      const work = await platformWork(context, sql, action);
      if (!(await isEmpty(work))) return false;
      await fill(work);
      await recordAudit(sql, [auditOf(work, action)]);
      return true;
    });
    if (filled !== null) return filled;
    await delay(BUSY_MS);
  }
}

/** Whether nobody was here yet: no organization, and no platform key. */
async function isEmpty(work: Work): Promise<boolean> {
  const page = { status: undefined, after: undefined, limit: 1 };
  const [organizations, keys] = await Promise.all([
    listOrganizations(work.sql, {}, undefined, 1),
    listKeys(work, page),
  ]);
  return organizations.rows.length === 0 && keys.rows.length === 0;
}

/** Work of the platform in the name of a command, without a request. */
export async function platformWork(
  { keys, newId }: SeedContext,
  sql: Transaction,
  action: string,
): Promise<Work> {
  return {
    sql,
    organizationId: PLATFORM,
    now: await organizationNow(sql, PLATFORM),
    keys,
    actor: { kind: "system", id: action, organizationId: PLATFORM },
    requestId: newId("request"),
    newId,
  };
}

/** What the audit log keeps of a command's work. */
export function auditOf(work: Work, action: string): AuditEntry {
  return {
    id: work.newId("audit"),
    organizationId: PLATFORM,
    at: work.now,
    actor: work.actor,
    action,
    objectOrganizationId: changedIn(work) ?? PLATFORM,
    objectId: null,
    result: "done",
    status: 200,
    code: null,
    changes: changesOf(work),
    requestId: work.requestId,
    ip: null,
  };
}
