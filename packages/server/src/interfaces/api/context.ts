import type { Clock } from "../../foundation/clock/clock.ts";
import type { Config } from "../../foundation/config/config.ts";
import type { Database } from "../../foundation/database/database.ts";
import type { FileStore } from "../../foundation/files/files.ts";
import type { Ids } from "../../foundation/ids/ids.ts";
import type { Keys } from "../../foundation/keys/keys.ts";
import type { Log } from "../../foundation/log/log.ts";
import type { Mode } from "../../foundation/route/route.ts";
import type { Providers } from "../../issuing/verifications/providers/open.ts";
import type { KeyCache } from "../../records/access/actions.ts";
import type { Metrics } from "./metrics.ts";

/** The settings that the API reads. */
export type ApiSettings = Pick<
  Config,
  | "CARDWRIGHT_RATE_LIMIT"
  | "CARDWRIGHT_BODY_LIMIT"
  | "CARDWRIGHT_REQUEST_TIMEOUT_MS"
  | "CARDWRIGHT_TRUSTED_PROXIES"
>;

/** The state of the server, as `/readyz` tells it. */
export type Readiness = {
  readonly ready: boolean;
  /** Each part with what it says: `database: ok`. */
  readonly checks: Readonly<Record<string, string>>;
  /** What an operator should know although requests are served. */
  readonly warnings: readonly string[];
};

/** What the API stands on; made once, in main.ts (or by a test). */
export type ApiContext = {
  readonly settings: ApiSettings;
  readonly database: Database;
  readonly keys: Keys;
  /** Where documents lie. */
  readonly files: FileStore;
  /** Who reviews customers outside; their webhooks come in here. */
  readonly providers: Providers;
  readonly clock: Clock;
  readonly newId: Ids;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Where the server's own pages are for people outside, without a slash at its end; once it listens. */
  publicUrl(): string;
  /** What the installation is. */
  readonly mode: Mode;
  /** Whether requests are served, part by part. */
  readiness(): Promise<Readiness>;
  /** What this process remembers of API keys. */
  readonly keyCache: KeyCache;
  /** Aborted when the server begins to stop: what waits for something to happen ends then. */
  readonly stopping: AbortSignal;
  /** Tells the worker that something was committed. */
  committed(): void;
};
