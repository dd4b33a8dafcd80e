/**
 * Loaded with `--import` before the server: ends the process with SIGKILL at the nth time that a named
 * step of a write is reached (`CW_STRIKE=before commit@7`), or after so many ms (`time@300`); with
 * `CW_STRIKE_DATABASE` the database of that folder at once with it. The server itself knows nothing of it.
 */
import pg from "pg";
import { killDatabase } from "../harness/process.ts";

type Step = { readonly statement: RegExp; readonly when: "before" | "after" };

/** The named steps of PROOF C2, by the statements that begin or end them. */
const steps: Readonly<Record<string, Step>> = {
  "before lock": { statement: /ledger_accounts[\s\S]*for (no key )?update/i, when: "before" },
  "after write": { statement: /insert into journal/i, when: "after" },
  "before commit": { statement: /^commit$/i, when: "before" },
  "after commit, before the answer": { statement: /^commit$/i, when: "after" },
  "before a document is written": { statement: /insert into documents/i, when: "before" },
  "after a hit or a restriction": {
    statement: /insert into (screening_hits|card_restrictions)/i,
    when: "after",
  },
  "while relaying events": { statement: /insert into events\b/i, when: "after" },
  "while sealing records": { statement: /insert into record_chain/i, when: "after" },
  "after any write": {
    statement: /\b(insert into|update|delete from) (?!job_runs)[a-z_]+/i,
    when: "after",
  },
};

const [name = "", count = "1"] = (process.env.CW_STRIKE ?? "").split("@");
const step = steps[name];
let left = Number(count);

const strike = (): void => {
  const folder = process.env.CW_STRIKE_DATABASE;
  if (folder) killDatabase(folder);
  process.kill(process.pid, "SIGKILL");
};

const reached = (): void => {
  left -= 1;
  if (left === 0) strike();
};

if (name === "time") setTimeout(strike, left);

if (step !== undefined) {
  const prototype = pg.Client.prototype as unknown as { query: (...given: unknown[]) => unknown };
  const original = prototype.query;
  prototype.query = function (this: unknown, ...given: unknown[]): unknown {
    const [config] = given;
    const text = typeof config === "string" ? config : ((config as { text?: string })?.text ?? "");
    const meant = step.statement.test(text);
    if (meant && step.when === "before") reached();
    const result = original.apply(this, given);
    if (meant && step.when === "after" && result instanceof Promise) {
      return result.then((value) => {
        reached();
        return value;
      });
    }
    return result;
  };
}
