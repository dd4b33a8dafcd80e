import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after } from "node:test";
import { setTimeout } from "node:timers/promises";
import { systemClock, systemEntropy } from "../../src/foundation/clock/clock.ts";
import type { Transaction } from "../../src/foundation/database/database.ts";
import type { Work } from "../../src/foundation/database/work.ts";
import { directoryFiles } from "../../src/foundation/files/directory.ts";
import type { FileStore } from "../../src/foundation/files/files.ts";
import { createIds, type OrganizationId, PLATFORM } from "../../src/foundation/ids/ids.ts";
import type { Keys } from "../../src/foundation/keys/keys.ts";
import { newMaterial } from "../../src/foundation/keys/material.ts";
import { softwareKeys } from "../../src/foundation/keys/software.ts";
import { createLog, type Log } from "../../src/foundation/log/log.ts";
import type { Mode, Route } from "../../src/foundation/route/route.ts";
import { createApi } from "../../src/interfaces/api/app.ts";
import type { ApiContext, ApiSettings } from "../../src/interfaces/api/context.ts";
import { createMetrics } from "../../src/interfaces/api/metrics.ts";
import { routes as allRoutes } from "../../src/interfaces/api/routes.ts";
import { addHosted } from "../../src/interfaces/hosted/hosted.ts";
import { recordSources } from "../../src/interfaces/worker/sources.ts";
import {
  createOrganization as makeOrganization,
  setInstallationMode,
} from "../../src/issuing/organizations/actions.ts";
import type { Providers } from "../../src/issuing/verifications/providers/open.ts";
import { createKey, openKeyCache } from "../../src/records/access/actions.ts";
import { scopes } from "../../src/records/access/model.ts";
import { mayHold } from "../../src/records/access/rules.ts";
import { drainEvents } from "../../src/records/events/actions.ts";
import { drainRecords, organizationNow } from "../../src/records/sequencer/actions.ts";
import { reconnect, type TestDatabase, testDatabase } from "./database.ts";

export type CallOptions = {
  /** The secret; null sends none. */
  readonly key?: string | null;
  readonly idempotencyKey?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

export type CallAnswer = {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every route.
  readonly body: any;
  readonly headers: Headers;
};

/** Calls `/v1` + path. A body that is a string is sent as it is, bytes as a file. */
export type Call = (
  method: string,
  path: string,
  body?: unknown,
  options?: CallOptions,
) => Promise<CallAnswer>;

export type NewTestOrganization = {
  readonly mode?: Mode;
  readonly name?: string;
  readonly externalId?: string;
  readonly currencies?: readonly string[];
};

export type TestOrganization = {
  readonly id: string;
  readonly apiKey: string;
  readonly call: Call;
};

export type TestServer = {
  /** Without a path: `http://127.0.0.1:12345`. */
  readonly url: string;
  readonly platformKey: string;
  readonly database: TestDatabase;
  readonly context: ApiContext;
  /** What pages of people outside can ask: method and path. */
  readonly hosted: readonly string[];
  /** With the platform key unless another is given. */
  readonly call: Call;
  newOrganization(overrides?: NewTestOrganization): Promise<TestOrganization>;
  /** A key of an organization (null: of the platform) with those of the scopes that it may have. */
  newKey(organizationId: string | null, scopes: readonly string[]): Promise<string>;
  /** Calls with a key. */
  callAs(key: string): Call;
  /**
   * Drains the sequencer, so that reads of records and events see all that was committed, and waits
   * for the next millisecond, so that a period until now has all of it too.
   */
  sequence(): Promise<void>;
  /**
   * Stops it and starts another on the same database with the same keys: nothing is left but what is
   * stored. Ended with the test that calls it.
   */
  restart(): Promise<TestServer>;
  stop(): Promise<void>;
};

export type TestServerOptions = {
  readonly routes?: readonly Route[];
  readonly settings?: Partial<ApiSettings>;
  readonly log?: Log;
  /** What the installation is; live organizations may be made in both. */
  readonly mode?: Mode;
  readonly stopping?: AbortSignal;
  /** Where people outside reach it; its own address otherwise. */
  readonly publicUrl?: string;
  /** Who reviews customers outside. */
  readonly providers?: Providers;
};

/**
 * A whole server over HTTP on a database of its own; ended with the test file. Call it at the top level
 * of the file (`const server = await startTestServer();`): inside `before` it would end with the hook.
 */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const keys = softwareKeys(newMaterial("sandbox", systemEntropy), "environment");
  return serve(await testDatabase(), keys, options);
}

async function serve(
  database: TestDatabase,
  keys: Keys,
  options: TestServerOptions,
): Promise<TestServer> {
  let url = "";
  const context: ApiContext = {
    settings: {
      CARDWRIGHT_RATE_LIMIT: 100_000_000,
      CARDWRIGHT_BODY_LIMIT: 262_144,
      CARDWRIGHT_REQUEST_TIMEOUT_MS: 15_000,
      CARDWRIGHT_TRUSTED_PROXIES: [],
      ...options.settings,
    },
    database: database.app,
    keys,
    files: await testFiles(),
    providers: options.providers ?? new Map(),
    clock: systemClock,
    newId: createIds(() => systemClock.now().getTime(), systemEntropy),
    log: options.log ?? createLog("fatal"),
    metrics: createMetrics(),
    publicUrl: () => options.publicUrl ?? url,
    mode: options.mode ?? "sandbox",
    readiness: async () => ({ ready: true, checks: {}, warnings: [] }),
    keyCache: openKeyCache(),
    stopping: options.stopping ?? new AbortController().signal,
    committed: () => undefined,
  };
  const app = await createApi(context, options.routes ?? allRoutes);
  const hosted: string[] = [];
  app.addHook("onRoute", ({ method, url: path }) => void hosted.push(`${method} ${path}`));
  await addHosted(app, context);
  url = await app.listen({ port: 0, host: "127.0.0.1" });
  const stop = async () => void (await app.close());
  after(stop);
  const platformKey = await makeKey(context, PLATFORM);
  return {
    url,
    platformKey,
    database,
    context,
    hosted,
    call: callWith(url, platformKey),
    newOrganization: (overrides) => createOrganization(context, url, overrides),
    newKey: (organizationId, wanted) =>
      makeKey(context, (organizationId ?? PLATFORM) as OrganizationId, "sandbox", wanted),
    callAs: (key) => callWith(url, key),
    restart: async () => {
      await stop();
      return serve(await reconnect(database), keys, options);
    },
    sequence: async () => {
      await drainRecords(database.app, recordSources);
      await drainEvents(database.app);
      const recorded = Date.now();
      while (Date.now() <= recorded) await setTimeout(1);
    },
    stop,
  };
}

/** A store of its own for each server, gone with the test file. */
async function testFiles(): Promise<FileStore> {
  const folder = await mkdtemp(path.join(tmpdir(), "cardwright-documents-"));
  after(() => rm(folder, { recursive: true, force: true }));
  return directoryFiles(folder, systemEntropy);
}

function callWith(url: string, defaultKey: string): Call {
  return async (method, path, body, { key = defaultKey, idempotencyKey, headers = {} } = {}) => {
    const isFile = body instanceof Uint8Array;
    const isText = body === undefined || typeof body === "string";
    const sent = isFile || isText ? body : JSON.stringify(body);
    const type = isFile ? "application/octet-stream" : "application/json";
    const response = await fetch(`${url}/v1${path.startsWith("/") ? path : `/${path}`}`, {
      method,
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(sent === undefined ? {} : { "content-type": type }),
        ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
        ...headers,
      },
      ...(sent === undefined ? {} : { body: sent as string }),
    });
    const answer = await response.text();
    const isJson = /[/+]json/.test(response.headers.get("content-type") ?? "");
    return {
      status: response.status,
      body: isJson && answer !== "" ? JSON.parse(answer) : answer,
      headers: response.headers,
    };
  };
}

/** A key; with every scope there is for it, so that tests of other things meet no 403. */
function makeKey(
  context: ApiContext,
  organizationId: OrganizationId,
  mode: Mode = "sandbox",
  wanted: readonly string[] = Object.keys(scopes),
): Promise<string> {
  const held = wanted.filter((name) => mayHold(organizationId, name));
  return context.database.transaction(async (sql) => {
    const work = await systemWork(context, sql, organizationId);
    return (await createKey(work, { name: "Test key", mode, scopes: held })).secret;
  });
}

async function createOrganization(
  context: ApiContext,
  url: string,
  { mode = "sandbox", ...overrides }: NewTestOrganization = {},
): Promise<TestOrganization> {
  if (mode === "live") await setInstallationMode(context.database, "live");
  const work = (sql: Transaction) => systemWork(context, sql, PLATFORM);
  const { organization, secret } = await context.database.transaction(async (sql) =>
    makeOrganization(await work(sql), {
      name: "Example Cards",
      externalId: null,
      currencies: [],
      ...overrides,
      mode,
    }),
  );
  return { id: organization.id, apiKey: secret, call: callWith(url, secret) };
}

async function systemWork(
  { keys, newId }: ApiContext,
  sql: Transaction,
  organizationId: OrganizationId,
): Promise<Work> {
  return {
    sql,
    organizationId,
    now: await organizationNow(sql, organizationId),
    keys,
    actor: { kind: "system", id: "test", organizationId: PLATFORM },
    requestId: newId("request"),
    newId,
  };
}
