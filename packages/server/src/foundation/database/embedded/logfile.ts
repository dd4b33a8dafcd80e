/** PostgreSQL's log: one file that it appends to, and one older part, neither without bound. */
import {
  chmodSync,
  closeSync,
  copyFileSync,
  openSync,
  readFileSync,
  statSync,
  truncateSync,
} from "node:fs";

export type LogFile = {
  /** An open descriptor for a child's output. */
  readonly descriptor: number;
  sizeBytes(): number;
  /** What was written since the file had this size, at most the last lines of it. */
  since(sizeBytes: number): string;
  close(): void;
};

const LIMIT_BYTES = 8 * 1024 * 1024;
const CHECK_EVERY_MS = 10_000;
const LINES_TOLD = 6;

/** Opens the log for appending and keeps it bounded until closed. */
export function openLogFile(path: string): LogFile {
  keepBounded(path, LIMIT_BYTES);
  const descriptor = openSync(path, "a", 0o600);
  chmodSync(path, 0o600);
  const timer = setInterval(() => keepBounded(path, LIMIT_BYTES), CHECK_EVERY_MS);
  timer.unref();
  return {
    descriptor,
    sizeBytes: () => statSync(path).size,
    since: (sizeBytes) => lastLines(readFileSync(path).subarray(sizeBytes).toString("utf8")),
    close() {
      clearInterval(timer);
      closeSync(descriptor);
    },
  };
}

/**
 * Moves a file over the limit to `<path>.1` and empties it. It is copied, not renamed, because
 * PostgreSQL keeps appending to the file it has open; a line written in between may be lost.
 */
export function keepBounded(path: string, limitBytes: number): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size <= limitBytes) return;
  copyFileSync(path, `${path}.1`);
  truncateSync(path, 0);
}

function lastLines(text: string): string {
  return text.trim().split("\n").slice(-LINES_TOLD).join("\n");
}
