import type { Statement, StatementLine } from "../model.ts";

/** Writes a statement while its lines are read, a page at a time. */
export type StatementWriter = (
  statement: Statement,
  pages: AsyncIterable<readonly StatementLine[]>,
) => AsyncIterable<string | Uint8Array>;
