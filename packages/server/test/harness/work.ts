import { systemClock, systemEntropy } from "../../src/foundation/clock/clock.ts";
import type { Database, Transaction } from "../../src/foundation/database/database.ts";
import type { Reading, Work } from "../../src/foundation/database/work.ts";
import { createIds, type OrganizationId } from "../../src/foundation/ids/ids.ts";
import type { Keys } from "../../src/foundation/keys/keys.ts";
import { newMaterial } from "../../src/foundation/keys/material.ts";
import { softwareKeys } from "../../src/foundation/keys/software.ts";

/** Ids for tests: unique and in order within the test file. */
export const newId = createIds(() => systemClock.now().getTime(), systemEntropy);

/** Fresh keys, as an installation has them. */
export const testKeys = (): Keys =>
  softwareKeys(newMaterial("sandbox", systemEntropy), "environment");

/** What a read of one organization needs. */
export function readingOf(sql: Database, organizationId: OrganizationId, keys: Keys): Reading {
  return { sql, organizationId, keys, now: systemClock.now() };
}

/** Does something in a transaction of its own, for one organization, as its key. */
export function inWork<T>(
  database: Database,
  organizationId: OrganizationId,
  keys: Keys,
  act: (work: Work) => Promise<T>,
): Promise<T> {
  return database.transaction((sql) => act(workOf(sql, organizationId, keys)));
}

/** The work of an organization in a transaction that the test has opened. */
export function workOf(sql: Transaction, organizationId: OrganizationId, keys: Keys): Work {
  return {
    sql,
    organizationId,
    keys,
    newId,
    now: systemClock.now(),
    actor: { kind: "key", id: "key_test", organizationId },
    requestId: newId("request"),
  };
}
