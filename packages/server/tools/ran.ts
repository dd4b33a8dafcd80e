import type { TestEvent } from "node:test/reporters";

/**
 * A reporter beside the usual one, for runs that choose tests by name. Node counts a file in which
 * no name matches as a test that has passed; this one says that nothing ran, and fails the run.
 */
export default async function* ran(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  let found = 0;
  for await (const { type, data } of source) {
    // Also a file that fails as a whole, which has no summary of its own.
    if (type === "test:fail") found += 1;
    if (type !== "test:summary" || data.file === undefined) continue;
    found += data.counts.passed + data.counts.cancelled;
  }
  if (found > 0) return;
  process.exitCode = 1;
  const { CW_PROVE_ID: id } = process.env;
  yield id === undefined ? "No test has a name like this.\n" : `No test has the id ${id}.\n`;
}
