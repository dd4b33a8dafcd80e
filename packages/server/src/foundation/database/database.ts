import type { Socket } from "node:net";
import pg from "pg";
import { steadyMs } from "../clock/clock.ts";
import { Fault, Outage } from "../errors/errors.ts";
import { isOutage } from "./errors.ts";
import { columnTypes, type Sql, type Statement, toParameter } from "./sql.ts";

/** The roles of the server's connections; migrations alone run as the login. */
export type Role = "cardwright_app" | "cardwright_vault";

export type DatabaseOptions = {
  /** `postgres://…` */
  readonly url: string;
  /** Null: as the login itself, where the roles could not be made. */
  readonly role: Role | null;
  /** Most connections open at once. */
  readonly maxConnections: number;
  /** Longest wait for a lock, ms. Meeting it answers "unavailable". */
  readonly lockTimeoutMs?: number;
  /** Longest run of one statement, ms. */
  readonly statementTimeoutMs?: number;
  /** How long a connection keeps the plans of its statements, ms. */
  readonly planLifeMs?: number;
  /** Shown in `pg_stat_activity`. */
  readonly applicationName?: string;
};

/**
 * A transaction. What is announced in it is written by `beforeCommit` steps, begun in the order they
 * were registered, after the work and while its locks are held.
 */
export type Transaction = Sql & {
  /**
   * Runs `flush` once, just before COMMIT; a second call with the same key does nothing.
   *
   * @returns whether this call registered it: what a caller had gathered before is then forgotten.
   */
  beforeCommit(key: symbol, flush: (sql: Sql) => Promise<void>): boolean;
  /**
   * Leaves writes that were sent to be awaited before COMMIT: nobody reads what they answer, and what
   * is sent after them then travels in the same round trip.
   */
  awaitBeforeCommit(writes: Promise<unknown>): void;
  /**
   * Calls `step` after COMMIT, and not when there was none; of several with the same key, the last. For
   * hints that may be lost: the process may end in between.
   */
  afterCommit(key: symbol, step: () => void): void;
  /** Forgets what was registered: the work was rolled back to its savepoint. */
  forgetBeforeCommit(): void;
  /** Marks the point that `rollbackToSavepoint` goes back to; locks taken before it stay. */
  savepoint(): Promise<void>;
  /** Undoes everything since `savepoint`. */
  rollbackToSavepoint(): Promise<void>;
  /** Tells when COMMIT has been sent: from then on the transaction only waits for the disk. */
  whenCommitting(tell: () => void): void;
};

/** A pool of connections under one role. */
export type Database = Sql & {
  /**
   * Runs work in one READ COMMITTED transaction: COMMIT when it returns, ROLLBACK when it throws.
   *
   * The connection is pipelined: statements that are sent without awaiting each other travel together
   * and run in the order they were sent, so `Promise.all` of independent ones is one round trip.
   *
   * @throws Outage when the database is away, or when it is unknown whether COMMIT took effect.
   */
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>;
  /** A connection of its own for as long as `use` runs: locks that last, LISTEN. */
  connection<T>(use: (client: pg.ClientBase) => Promise<T>): Promise<T>;
  /** Connections of this process: open, idle, and requests that wait for one. */
  load(): PoolLoad;
  close(): Promise<void>;
};

export type PoolLoad = { readonly open: number; readonly idle: number; readonly waiting: number };

const DEFAULT_LOCK_TIMEOUT_MS = 5_000;
const DEFAULT_STATEMENT_TIMEOUT_MS = 15_000;
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 15_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** Connections cost a process and a handshake: they are kept over a quiet minute. */
const IDLE_TIMEOUT_MS = 300_000;
/** A plan made for a table that was empty reads all of it, so plans are made anew now and then. */
const DEFAULT_PLAN_LIFE_MS = 10_000;

/**
 * Statements of transactions find rows by their keys and write short sets. For arrays shorter than it
 * expects, PostgreSQL takes a plan for any values to be dearer than one for these, and would plan again
 * on each call, which takes as long as running the statement.
 */
const BEGIN = "begin; set local plan_cache_mode = force_generic_plan";

/** Opens a pool. Connects lazily; a database that is away shows at the first statement. */
export function openDatabase(options: DatabaseOptions): Database {
  const pool = new pg.Pool(poolSettings(options));
  const begin = beginner(options.planLifeMs ?? DEFAULT_PLAN_LIFE_MS);
  // A connection that dies while idle is replaced at the next use; without a listener it would
  // end the process.
  pool.on("error", () => undefined);
  return {
    query: (statement, values) =>
      guarded(() => onConnection(pool, (client) => run(client, statement, values))),
    transaction: (work) => guarded(() => inTransaction(pool, begin, work)),
    connection: (use) => guarded(() => onConnection(pool, use)),
    load: () => ({ open: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    close: () => pool.end(),
  };
}

function poolSettings(options: DatabaseOptions): pg.PoolConfig {
  const settings = [
    ...(options.role === null ? [] : [`role=${options.role}`]),
    `lock_timeout=${options.lockTimeoutMs ?? DEFAULT_LOCK_TIMEOUT_MS}`,
    `statement_timeout=${options.statementTimeoutMs ?? DEFAULT_STATEMENT_TIMEOUT_MS}`,
    `idle_in_transaction_session_timeout=${IDLE_IN_TRANSACTION_TIMEOUT_MS}`,
    "default_transaction_isolation=read\\ committed",
    "search_path=public",
    // Statements here run for a millisecond: compiling one takes hundreds.
    "jit=off",
    "timezone=UTC",
  ];
  return {
    connectionString: options.url,
    max: options.maxConnections,
    application_name: options.applicationName ?? "cardwright",
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    options: settings.map((setting) => `-c ${setting}`).join(" "),
    pipeline: true,
    types: columnTypes,
  } as pg.PoolConfig;
}

async function run<R>(
  client: pg.PoolClient,
  { name, text }: Statement,
  values: readonly unknown[] = [],
): Promise<R[]> {
  const query = name === undefined ? { text } : { name, text };
  const result = await client.query({ ...query, values: values.map(toParameter) });
  return result.rows as R[];
}

async function guarded<T>(use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    if (isOutage(error) && !(error instanceof Outage)) {
      throw new Outage("The database does not answer right now.", { cause: error });
    }
    throw error;
  }
}

/** Whatever keeps us from connecting (a wrong password, a database that takes nobody) is an outage. */
async function connect(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw new Outage("The database cannot be reached right now.", { cause: error });
  }
}

async function onConnection<T>(
  pool: pg.Pool,
  use: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const client = await connect(pool);
  let broken = false;
  const onError = () => {
    broken = true;
  };
  client.on("error", onError);
  try {
    return await use(client);
  } catch (error) {
    broken ||= isOutage(error);
    throw error;
  } finally {
    client.off("error", onError);
    client.release(broken);
  }
}

/** Says how a connection's next transaction begins: from time to time without the plans it has kept. */
function beginner(planLifeMs: number): (client: pg.PoolClient) => string {
  const plannedAt = new WeakMap<pg.PoolClient, number>();
  return (client) => {
    const nowMs = steadyMs();
    if (nowMs - (plannedAt.get(client) ?? nowMs - planLifeMs) < planLifeMs) return BEGIN;
    plannedAt.set(client, nowMs);
    return `discard plans; ${BEGIN}`;
  };
}

function inTransaction<T>(
  pool: pg.Pool,
  begin: (client: pg.PoolClient) => string,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  return onConnection(pool, async (client) => {
    const { transaction, flush, end, committing, committed } = openTransaction(client);
    // Sent at once and awaited with the first statement: the connection is pipelined.
    gather(client);
    const begun = client.query(begin(client));
    begun.catch(() => undefined);
    try {
      const result = await work(transaction);
      await begun;
      await flush();
      end();
      const answered = commit(client);
      committing();
      await answered;
      committed();
      return result;
    } catch (error) {
      end();
      await client.query("rollback").catch(() => undefined);
      throw error;
    }
  });
}

/** Lets all that is sent in one turn of the event loop leave in one write: a third less work. */
function gather(client: pg.PoolClient): void {
  const { connection } = client as unknown as { connection?: { stream?: Socket } };
  const stream = connection?.stream;
  if (stream === undefined || stream.writableCorked > 0) return;
  stream.cork();
  process.nextTick(() => stream.uncork());
}

function openTransaction(client: pg.PoolClient) {
  const steps = new Map<symbol, (sql: Sql) => Promise<void>>();
  const afterwards = new Map<symbol, () => void>();
  const told: (() => void)[] = [];
  let sent: Promise<unknown>[] = [];
  let open = true;
  const transaction: Transaction = {
    // Work that failed may still be running in another branch of it: what that sends after the
    // rollback would be a transaction of its own.
    query: async (statement, values) => {
      if (!open) throw new Fault("A statement came after the end of its transaction.");
      gather(client);
      return run(client, statement, values);
    },
    beforeCommit: (key, step) => {
      const registers = !steps.has(key);
      if (registers) steps.set(key, step);
      return registers;
    },
    awaitBeforeCommit: (writes) => {
      // Where the work fails first, nobody awaits them.
      writes.catch(() => undefined);
      sent.push(writes);
    },
    afterCommit: (key, step) => void afterwards.set(key, step),
    forgetBeforeCommit: () => {
      steps.clear();
      afterwards.clear();
      sent = [];
    },
    savepoint: async () => {
      gather(client);
      await client.query("savepoint work");
    },
    rollbackToSavepoint: async () => void (await client.query("rollback to savepoint work")),
    whenCommitting: (tell) => void told.push(tell),
  };
  const flush = async () => {
    // Begun in order and together: their statements travel in one round trip.
    const flushed = [...steps.values()].map((step) => step(transaction));
    await Promise.all([...sent, ...flushed]);
  };
  const end = () => {
    open = false;
  };
  const committing = () => {
    for (const tell of told) tell();
  };
  const committed = () => {
    for (const step of afterwards.values()) step();
  };
  return { transaction, flush, end, committing, committed };
}

async function commit(client: pg.PoolClient): Promise<void> {
  const { command } = await client.query("commit");
  // COMMIT of a transaction that had failed answers ROLLBACK and throws nothing.
  if (command !== "COMMIT") throw new Error("The transaction was rolled back at COMMIT.");
}
