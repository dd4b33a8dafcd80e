import path from "node:path";
import type { FastifyInstance } from "fastify";
import { steadyMs, systemClock, systemEntropy } from "./foundation/clock/clock.ts";
import {
  type Config,
  ConfigError,
  loadConfig,
  settingsWarnings,
} from "./foundation/config/config.ts";
import { type Database, openDatabase } from "./foundation/database/database.ts";
import {
  AlreadyRunning,
  CannotStart,
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from "./foundation/database/embedded/index.ts";
import { migrate } from "./foundation/database/migrate.ts";
import { readSettings } from "./foundation/database/settings.ts";
import { Outage } from "./foundation/errors/errors.ts";
import type { FileStore } from "./foundation/files/files.ts";
import { openFiles } from "./foundation/files/open.ts";
import { createIds } from "./foundation/ids/ids.ts";
import { type Keys, KeysError } from "./foundation/keys/keys.ts";
import { keySettings, openKeys } from "./foundation/keys/open.ts";
import { createLog, type Log } from "./foundation/log/log.ts";
import { createApi } from "./interfaces/api/app.ts";
import type { ApiContext } from "./interfaces/api/context.ts";
import { createMetrics } from "./interfaces/api/metrics.ts";
import { routes } from "./interfaces/api/routes.ts";
import { addHosted } from "./interfaces/hosted/hosted.ts";
import { removeDevFile, writeDevFile, writePrivately } from "./interfaces/installation/devfile.ts";
import { factsOf, greeting } from "./interfaces/installation/greeting.ts";
import { listen } from "./interfaces/installation/listen.ts";
import { readinessOf } from "./interfaces/installation/readiness.ts";
import { judgeSettings, StartRefused } from "./interfaces/installation/safety.ts";
import { makeFirstPlatformKey, seedSandbox } from "./interfaces/installation/seed.ts";
import { jobs } from "./interfaces/worker/jobs.ts";
import { recordSources } from "./interfaces/worker/sources.ts";
import { startWorker } from "./interfaces/worker/worker.ts";
import { setMinimumAge } from "./issuing/customers/actions/age.ts";
import { sweepDocuments } from "./issuing/documents/actions.ts";
import { setInstallationMode } from "./issuing/organizations/actions.ts";
import { setFourEyes } from "./issuing/screening/actions/hits.ts";
import { listsInForce, listWarnings } from "./issuing/screening/actions/lists.ts";
import { deliverVerifications } from "./issuing/verifications/actions/deliver.ts";
import { providerWarnings } from "./issuing/verifications/actions/settings.ts";
import { createBreaker } from "./issuing/verifications/providers/breaker.ts";
import { guarded } from "./issuing/verifications/providers/guarded.ts";
import { measured } from "./issuing/verifications/providers/measured.ts";
import { openProviders } from "./issuing/verifications/providers/open.ts";
import { openKeyCache } from "./records/access/actions.ts";
import { bindKeys } from "./records/vault/actions.ts";

/** Starts Cardwright, keeps it running, and stops it; the only file that knows all the others. */

/** Connections of the worker, beside those of the requests. */
const WORKER_CONNECTIONS = 4;
/** Connections of the jobs, beside those of the worker: the sequencers never wait for them. */
const JOB_CONNECTIONS = 4;
/** How long a job waits for what a request has locked, ms: it comes back anyway. */
const JOB_LOCK_TIMEOUT_MS = 1_000;
/** Connections of the embedded PostgreSQL that are not ours: its claim, migrations, people. */
const SPARE_CONNECTIONS = 20;

/** How often files without a document are looked for, ms. */
const SWEEP_DOCUMENTS_MS = 600_000;

/** How often lists that were loaded are looked for, so that no request waits for their index, ms. */
const INDEX_LISTS_MS = 5_000;
/** How often providers outside are asked about what is due, ms. */
const DELIVER_VERIFICATIONS_MS = 1_000;
/** How often it is looked which providers organizations are reviewed by, ms. */
const LOOK_AT_PROVIDERS_MS = 10_000;

/** How often idle connections are closed while the last requests are answered, ms. */
const SWEEP_MS = 20;

const stack = new AsyncDisposableStack();
const stopping = new AbortController();

async function run(): Promise<void> {
  try {
    const config = loadConfig(process.env);
    const log = createLog(config.CARDWRIGHT_LOG_LEVEL);
    guardProcess(log);
    stopOnSignals(log);
    await start(config, log);
  } catch (error) {
    // A signal during the start takes away what the start stands on.
    if (stopping.signal.aborted) return;
    await stack.disposeAsync().catch(() => undefined);
    process.stderr.write(`${explain(error)}\n`);
    process.exitCode = 1;
  }
}

async function start(config: Config, log: Log): Promise<void> {
  const { url, embedded } = await openPostgres(config, log);
  const { takesRoles, warnings } = await prepareDatabase(config, log, url);
  const open = (maxConnections: number, lockTimeoutMs?: number): Database => {
    const role = takesRoles ? "cardwright_app" : null;
    const patience = lockTimeoutMs === undefined ? {} : { lockTimeoutMs };
    const database = openDatabase({ url, role, maxConnections, ...patience });
    stack.defer(() => database.close());
    return database;
  };
  const database = open(config.CARDWRIGHT_DATABASE_CONNECTIONS);
  const keys = await bindKeys(database, (mayCreate) => openKeys(keySettings(config), mayCreate));
  if (config.CARDWRIGHT_MODE === "live") warnings.push(softwareKeysWarning(keys));
  warnings.push(...settingsWarnings(config));
  await setInstallationMode(database, config.CARDWRIGHT_MODE);
  await setFourEyes(database, config.CARDWRIGHT_FOUR_EYES);
  await setMinimumAge(database, config.CARDWRIGHT_MINIMUM_AGE);
  const files = await openFiles(config, { clock: systemClock, random: systemEntropy });
  let listening = "";
  const publicUrl = () => config.CARDWRIGHT_PUBLIC_URL ?? listening;
  const parts = { database, keys, files, warnings, publicUrl, open };
  const context = assemble(config, log, parts);
  await fill(config, context);
  const app = await createApi(context, routes);
  await addHosted(app, context);
  stack.defer(() => closeApi(app, config.CARDWRIGHT_STOP_TIMEOUT_MS));
  const address = await listen(app, config.HOST, config.PORT);
  listening = address;
  await embedded?.announce(address);
  await greet(config, context, address);
  log.info({ url: address, mode: config.CARDWRIGHT_MODE, warnings }, "ready");
}

async function openPostgres(
  config: Config,
  log: Log,
): Promise<{ url: string; embedded: EmbeddedPostgres | null }> {
  if (config.DATABASE_URL !== null) return { url: config.DATABASE_URL, embedded: null };
  const connections = config.CARDWRIGHT_DATABASE_CONNECTIONS + WORKER_CONNECTIONS + JOB_CONNECTIONS;
  const embedded = await startEmbeddedPostgres({
    folder: config.CARDWRIGHT_FOLDER,
    settings: { max_connections: String(connections + SPARE_CONNECTIONS) },
    log: (level, message, facts) => log[level](facts ?? {}, message),
  });
  stack.defer(() => embedded.stop());
  return { url: embedded.url, embedded };
}

/** Migrates, and judges whether money may lie here. @throws StartRefused with reason and remedy */
async function prepareDatabase(config: Config, log: Log, url: string) {
  const mode = config.CARDWRIGHT_MODE;
  const before = judgeSettings({ ...(await readSettings(url)), takesRoles: true }, mode);
  if (before.refusals.length > 0) throw new StartRefused(before.refusals);
  await migrate(config.DATABASE_MIGRATION_URL ?? url, (name) => log.info({ name }, "migrated"));
  const settings = await readSettings(url);
  const { refusals, warnings } = judgeSettings(settings, mode);
  if (refusals.length > 0) throw new StartRefused(refusals);
  for (const warning of warnings) log.warn(warning, "the database is not fit for live money");
  return { takesRoles: settings.takesRoles, warnings: warnings.map(({ what }) => what) };
}

const softwareKeysWarning = ({ provider }: Keys): string =>
  `Keys are held in software (${provider}); a live installation should have an HSM.`;

/** Puts together what requests and the worker stand on. */
function assemble(
  config: Config,
  log: Log,
  parts: {
    readonly database: Database;
    readonly keys: Keys;
    readonly files: FileStore;
    readonly warnings: readonly string[];
    publicUrl(): string;
    open(maxConnections: number, lockTimeoutMs?: number): Database;
  },
): ApiContext {
  const { database, keys, files, warnings } = parts;
  const metrics = createMetrics(true);
  const keyCache = openKeyCache();
  const providers = measured(
    openProviders(config, { clock: systemClock, random: systemEntropy }),
    (provider, result) => metrics.providerRequests.inc({ provider, result }),
  );
  let unsetProviders: readonly string[] = [];
  const breaker = createBreaker(steadyMs);
  const random = systemEntropy;
  const newId = createIds(() => systemClock.now().getTime(), systemEntropy);
  const workers = parts.open(WORKER_CONNECTIONS);
  const forJobs = parts.open(JOB_CONNECTIONS, JOB_LOCK_TIMEOUT_MS);
  metrics.pools.set("api", database.load);
  metrics.pools.set("worker", workers.load).set("jobs", forJobs.load);
  const worker = startWorker({
    database: workers,
    sources: recordSources,
    keyCache,
    clock: systemClock,
    log,
    register: metrics.register,
    idempotencyDays: config.CARDWRIGHT_IDEMPOTENCY_DAYS,
    jobs,
    jobContext: { database: forJobs, keys, newId },
    chores: [
      {
        name: "documents",
        everyMs: SWEEP_DOCUMENTS_MS,
        run: () => sweepDocuments(workers, files, systemClock.now()),
      },
      {
        name: "screening lists",
        everyMs: INDEX_LISTS_MS,
        run: async () => void (await listsInForce({ sql: workers, keys })),
      },
      {
        name: "verifications.providers",
        everyMs: LOOK_AT_PROVIDERS_MS,
        run: async () => {
          unsetProviders = await providerWarnings(workers, providers);
        },
      },
      {
        name: "verifications.deliver",
        everyMs: DELIVER_VERIFICATIONS_MS,
        run: (inWork) =>
          deliverVerifications({ sql: forJobs, providers, files, breaker, random, inWork }),
      },
    ],
  });
  stack.defer(() => worker.stop());
  return {
    settings: config,
    publicUrl: parts.publicUrl,
    mode: config.CARDWRIGHT_MODE,
    database,
    keys,
    files,
    providers: guarded(providers, breaker),
    keyCache,
    clock: systemClock,
    newId,
    log,
    metrics,
    stopping: stopping.signal,
    committed: worker.wake,
    readiness: readinessOf({
      database,
      stopping: stopping.signal,
      lagMs: worker.lagMs,
      lateJobs: worker.lateJobs,
      lists: () => (config.CARDWRIGHT_MODE === "live" ? listWarnings(keys) : []),
      providers: () => unsetProviders,
      warnings,
    }),
  };
}

/** What an empty database gets at its first start. */
async function fill(config: Config, context: ApiContext): Promise<void> {
  if (config.CARDWRIGHT_MODE === "sandbox") {
    await seedSandbox(context);
    return;
  }
  const file = path.join(config.CARDWRIGHT_FOLDER, "first-platform-key");
  const made = await makeFirstPlatformKey(context, (secret) => writePrivately(file, `${secret}\n`));
  if (made) context.log.warn({ file }, "the first platform key is in this file: move it to a safe");
}

/** Says where everything is: in words, and in dev.json. A live installation keeps that to itself. */
async function greet(config: Config, context: ApiContext, address: string): Promise<void> {
  if (config.CARDWRIGHT_MODE === "live") return;
  const facts = await factsOf(context, address);
  await writeDevFile(config.CARDWRIGHT_FOLDER, facts);
  stack.defer(() => removeDevFile(config.CARDWRIGHT_FOLDER, address));
  process.stdout.write(greeting(facts, config.CARDWRIGHT_FOLDER));
}

/** Answers what is in flight, within the time allowed; then cuts. */
async function closeApi(app: FastifyInstance, timeoutMs: number): Promise<void> {
  const { server } = app;
  const cut = setTimeout(() => server.closeAllConnections(), timeoutMs);
  // A connection that becomes idle only now would be kept alive for its next request.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
  await app.close();
  clearInterval(sweep);
  clearTimeout(cut);
}

function stopOnSignals(log: Log): void {
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    process.on(signal, () => void stop(log, signal));
  }
}

async function stop(log: Log, signal: string): Promise<void> {
  if (stopping.signal.aborted) {
    log.warn({ signal }, "a second signal: stopping at once");
    process.exit(1);
  }
  stopping.abort();
  log.info({ signal }, "stopping");
  try {
    await stack.disposeAsync();
    log.info("stopped");
    process.exit(0);
  } catch (error) {
    log.error({ err: error }, "the stop was not clean");
    process.exit(1);
  }
}

/** An error that nobody caught leaves nothing to trust: say it and end; the next start recovers. */
function guardProcess(log: Log): void {
  const end = (error: unknown) => {
    log.fatal({ err: error }, "an error nobody caught; ending");
    process.exit(1);
  };
  process.on("uncaughtException", end);
  process.on("unhandledRejection", end);
}

/** What a person at the terminal needs to know of a start that failed. */
function explain(error: unknown): string {
  const known = [ConfigError, AlreadyRunning, CannotStart, KeysError, StartRefused];
  if (known.some((kind) => error instanceof kind)) return (error as Error).message;
  const { code, message } = (error instanceof Outage ? error.cause : error) as {
    code?: string;
    message: string;
  };
  if (code !== undefined && /^(ECONN|ENOTFOUND|ETIMEDOUT|28|3D)/.test(code)) {
    return `The database in DATABASE_URL cannot be used (${code}): ${message}. Check the address, the login and that it runs.`;
  }
  return `Cardwright cannot start: ${(error as Error).stack ?? message}`;
}

await run();
