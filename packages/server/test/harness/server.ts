import { createHash, randomBytes } from "node:crypto";
import { after } from "node:test";
import { systemClock, systemEntropy } from "../../src/foundation/clock/clock.ts";
import { createIds, PLATFORM } from "../../src/foundation/ids/ids.ts";
import { newMaterial } from "../../src/foundation/keys/material.ts";
import { softwareKeys } from "../../src/foundation/keys/software.ts";
import { createLog } from "../../src/foundation/log/log.ts";
import type { Route } from "../../src/foundation/route/route.ts";
import { createApi } from "../../src/interfaces/api/app.ts";
import type { ApiContext, ApiSettings } from "../../src/interfaces/api/context.ts";
import { routes as allRoutes } from "../../src/interfaces/api/routes.ts";
import { authenticate } from "../../src/interfaces/api/stopgap.ts";
import { scopes } from "../../src/records/access/model.ts";
import { asOwner, type TestDatabase, testDatabase } from "./database.ts";

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

/** Calls `/v1` + path. A body that is a string is sent as it is. */
export type Call = (
  method: string,
  path: string,
  body?: unknown,
  options?: CallOptions,
) => Promise<CallAnswer>;

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
  /** With the platform key unless another is given. */
  readonly call: Call;
  newOrganization(overrides?: {
    mode?: "sandbox" | "live";
    name?: string;
  }): Promise<TestOrganization>;
  /** Drains the sequencer, so that reads of records and events see all that was committed. */
  sequence(): Promise<void>;
  stop(): Promise<void>;
};

export type TestServerOptions = {
  readonly routes?: readonly Route[];
  readonly settings?: Partial<ApiSettings>;
};

/**
 * A whole server over HTTP on a database of its own; ended with the test file. Call it at the top level
 * of the file (`const server = await startTestServer();`): inside `before` it would end with the hook.
 */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const database = await testDatabase();
  const keys = softwareKeys(newMaterial("sandbox", systemEntropy), "environment");
  const context: ApiContext = {
    settings: {
      CARDWRIGHT_RATE_LIMIT: 100_000_000,
      CARDWRIGHT_BODY_LIMIT: 262_144,
      CARDWRIGHT_REQUEST_TIMEOUT_MS: 15_000,
      ...options.settings,
    },
    database: database.app,
    keys,
    clock: systemClock,
    newId: createIds(() => systemClock.now().getTime(), systemEntropy),
    log: createLog("error"),
    authenticate: (secret, ip) => authenticate(database.app, secret, ip),
    committed: () => undefined,
  };
  const app = await createApi(context, options.routes ?? allRoutes);
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  const stop = async () => void (await app.close());
  after(stop);
  const platformKey = await insertKey(database.url, PLATFORM, "sandbox");
  return {
    url,
    platformKey,
    database,
    context,
    call: callWith(url, platformKey),
    newOrganization: (overrides) => insertOrganization(url, context, database.url, overrides),
    sequence: async () => undefined,
    stop,
  };
}

function callWith(url: string, defaultKey: string): Call {
  return async (method, path, body, { key = defaultKey, idempotencyKey, headers = {} } = {}) => {
    const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    const response = await fetch(`${url}/v1${path.startsWith("/") ? path : `/${path}`}`, {
      method,
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(text === undefined ? {} : { "content-type": "application/json" }),
        ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
        ...headers,
      },
      ...(text === undefined ? {} : { body: text as string }),
    });
    const answer = await response.text();
    const isJson = /json/.test(response.headers.get("content-type") ?? "");
    return {
      status: response.status,
      body: isJson && answer !== "" ? JSON.parse(answer) : answer,
      headers: response.headers,
    };
  };
}

async function insertOrganization(
  url: string,
  context: ApiContext,
  databaseUrl: string,
  { mode = "sandbox", name = "Example Cards" }: { mode?: "sandbox" | "live"; name?: string } = {},
): Promise<TestOrganization> {
  const id = context.newId("organization");
  await asOwner(
    databaseUrl,
    `insert into organizations (id, name, mode, status, version, created_at)
     values ($1, $2, $3, 'active', 1, now())`,
    [id, name, mode],
  );
  const apiKey = await insertKey(databaseUrl, id, mode);
  return { id, apiKey, call: callWith(url, apiKey) };
}

/** Every scope there is, so that tests of other things meet no 403. */
const allScopes: readonly string[] = Object.keys(scopes);

async function insertKey(url: string, organizationId: string, mode: string): Promise<string> {
  const kind = organizationId === PLATFORM ? "platform" : mode;
  const secret = `cw_${kind}_${randomBytes(32).toString("base64url")}`;
  const id = `key_${randomBytes(13).toString("hex")}`;
  await asOwner(
    url,
    `with key as (insert into api_keys (organization_id, id, name, mode, hint, scopes,
        ip_allow_list, version, created_at) values ($1, $2, 'Test key', $3, '', $4, '{}', 1, now())
      returning organization_id, id)
     insert into api_key_hash (hash, organization_id, key_id) values ($5, $1, $2)`,
    [organizationId, id, mode, allScopes, createHash("sha256").update(secret).digest()],
  );
  return secret;
}
