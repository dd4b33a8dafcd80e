import { type Logger, pino } from "pino";

/** A structured log. Lines are JSON; secrets and personal data are redacted by path and by shape. */
export type Log = Logger;

/** Names whose values never reach a log line, at any of the first levels of an object. */
const secretNames = [
  "authorization",
  "cookie",
  "apiKey",
  "secret",
  "password",
  "pan",
  "cvc",
  "pin",
  "key",
  "token",
  "firstName",
  "lastName",
  "legalName",
  "birthDate",
  "nationalId",
  "email",
  "phone",
  "address",
  "billingAddress",
];

const redactedPaths = secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** Runs of 12 to 19 digits (a card number in any message) and API keys, wherever they stand. */
const secretShapes = /\b\d(?:[ -]?\d){11,18}\b|cw_(?:sandbox|live|platform)_[A-Za-z0-9]+/g;

/** Replaces card numbers and keys in a text. */
export function redactText(text: string): string {
  return text.replace(secretShapes, "[redacted]");
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
    },
    { write: (line: string) => void destination.write(redactText(line)) },
  );
}
