import assert from "node:assert/strict";
import { testDatabase } from "../../../test/harness/database.ts";
import { inWork, newId, testKeys } from "../../../test/harness/work.ts";
import { systemClock } from "../../foundation/clock/clock.ts";
import type { Work } from "../../foundation/database/work.ts";
import { Refusal } from "../../foundation/errors/errors.ts";
import { type OrganizationId, PLATFORM } from "../../foundation/ids/ids.ts";
import type { Caller } from "../../foundation/route/route.ts";
import {
  authenticate,
  createKey,
  type IssuedKey,
  type KeyCache,
  type NewKey,
  openKeyCache,
} from "./actions.ts";
import { scopeNames, scopes } from "./model.ts";

/** Where the requests of these tests come from. */
export const IP = "203.0.113.7";

export const organizationScopes = scopeNames.filter((name) => scopes[name].audience !== "platform");

/** A database of its own, and the verbs on it that the tests of access share. */
export async function accessFixture() {
  const { url, app } = await testDatabase();
  const keys = testKeys();
  const cache = openKeyCache();
  const act = <T>(organizationId: OrganizationId, action: (work: Work) => Promise<T>) =>
    inWork(app, organizationId, keys, action);
  /** A key of a new organization, or of the one given. */
  const newKey = (
    wanted: Partial<NewKey> = {},
    organizationId: OrganizationId = newId("organization"),
  ): Promise<IssuedKey> =>
    act(organizationId, (work) =>
      createKey(work, { name: "Test", mode: "sandbox", scopes: organizationScopes, ...wanted }),
    );
  const enter = (secret: string, options: { ip?: string; at?: Date; with?: KeyCache } = {}) => {
    const { ip = IP, at = systemClock.now() } = options;
    return authenticate(app, options.with ?? cache, secret, ip, at);
  };
  return { url, app, keys, act, newKey, enter };
}

/** Whether an error is this refusal, with these words in its detail. */
export const refusal =
  (code: string, words = /./) =>
  (error: unknown) => {
    assert.ok(error instanceof Refusal, String(error));
    assert.equal(error.code, code);
    assert.match(error.detail, words);
    return true;
  };

/** Somebody who asks with a key of these scopes. */
export const callerOf = (held: readonly string[], organizationId: OrganizationId): Caller => ({
  keyId: "key_caller",
  organizationId,
  mode: "sandbox",
  scopes: new Set(held),
  platform: organizationId === PLATFORM,
  ip: IP,
});
