/** The two ways the embedded PostgreSQL says no. `main` prints the message as it stands. */

/** The process that holds a data folder. `pid` is 0 where it could not be learnt. */
export type Holder = { readonly pid: number; readonly url: string | null };

/** Another living server holds this folder; it is unharmed, and this start has changed nothing. */
export class AlreadyRunning extends Error {
  readonly pid: number;
  readonly url: string | null;
  readonly dataFolder: string;

  constructor(folder: string, dataFolder: string, holder: Holder) {
    const who = holder.pid === 0 ? "another process" : `process ${holder.pid}`;
    const where = holder.url === null ? "its address is not known yet" : `at ${holder.url}`;
    super(
      `Cardwright already runs on ${folder}: ${who}, ${where}. ` +
        `Its database lies in ${dataFolder}. ` +
        "Stop that one first, or give this one another folder.",
    );
    this.name = "AlreadyRunning";
    this.pid = holder.pid;
    this.url = holder.url;
    this.dataFolder = dataFolder;
  }
}

/** The embedded PostgreSQL cannot run here. `message` says what is wrong and ends with `remedy`. */
export class CannotStart extends Error {
  readonly remedy: string;

  constructor(what: string, remedy: string, cause?: unknown) {
    super(`${what} ${remedy}`, cause === undefined ? undefined : { cause });
    this.name = "CannotStart";
    this.remedy = remedy;
  }
}

/** What to do where the embedded binaries cannot serve: the sentence ends several refusals. */
export const USE_DATABASE_URL =
  "Point DATABASE_URL at a PostgreSQL 15 or later instead, for example " +
  "DATABASE_URL=postgres://user:password@host:5432/cardwright.";
