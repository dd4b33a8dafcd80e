import { type Logger, pino } from "pino";
import { personalNames, secretNames } from "./names.ts";

/**
 * A structured log. Lines are JSON; secrets and personal data are redacted by path and by shape.
 */
export type Log = Logger;

/** Taken out at any of the first levels of an object. */
const redactedPaths = [...secretNames, ...personalNames].flatMap((name) => [
  name,
  `*.${name}`,
  `*.*.${name}`,
]);

/**
 * What is taken out of any text: API keys; the user and password of a URL; runs of 12 and more
 * digits, also in groups and glued to letters (a card number, a track, a raw network message).
 * One of our own ids in a hundred thousand holds such a run and goes too: a card number hidden in
 * the form of an id must not come through.
 */
const shapes =
  /cw_(?:sandbox|live|platform)_[A-Za-z0-9]+|(?<=:\/\/)[^\s/@"]+:[^\s/@"]*(?=@)|\d(?:[ -]?\d){11,}/g;

/** Replaces card numbers, keys and passwords in a text. */
export function redactText(text: string): string {
  return text.replace(shapes, "[redacted]");
}

/** The strings and the numbers of a JSON text. */
const jsonScalars = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;

/** The same for a line of JSON, which stays JSON: a number that has to go becomes a string. */
export function redactLine(line: string): string {
  return line.replace(jsonScalars, (found) => {
    if (found.startsWith('"')) return redactText(found);
    return /^-?\d{12,}$/.test(found) ? '"[redacted]"' : found;
  });
}

/**
 * An error as it is logged: what it is and where, by name. Other fields are left out, because the
 * database's `detail` and `where` quote whole rows with the personal data in them.
 */
function loggedError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name: type, message, stack, cause } = error;
  const { code, constraint, table } = error as { [field: string]: unknown } & Error;
  const named = { type, message, code, constraint, table, stack };
  return cause === undefined ? named : { ...named, cause: loggedError(cause) };
}

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";

/**
 * Builds the log.
 *
 * @param level lowest level that is written.
 * @param destination anything with `write(line)`; standard output by default.
 */
export function createLog(
  level: LogLevel,
  destination: { write(line: string): void } = process.stdout,
): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: redactedPaths, censor: "[redacted]" },
      serializers: { err: loggedError },
    },
    { write: (line: string) => void destination.write(redactLine(line)) },
  );
}
