/** A server that is nothing but its database: for tests that need a process to kill. */
import { AlreadyRunning, startEmbeddedPostgres } from "./index.ts";

const [folder = "", announce = ""] = process.argv.slice(2);
const settings = { fsync: "off", shared_buffers: "16MB", max_connections: "30" };
const say = (word: object) => process.stdout.write(`${JSON.stringify(word)}\n`);

try {
  const database = await startEmbeddedPostgres({ folder, settings, log: () => {} });
  if (announce !== "") await database.announce(announce);
  const { url, dataFolder } = database;
  const stop = () => database.stop().then(() => process.exit(0));
  process.once("SIGTERM", stop);
  // The end of the test's process closes this, so that nothing is left running.
  process.stdin.on("end", stop).on("data", () => process.exit(3));
  say({ up: true, url, dataFolder, postmaster: database.pid() });
} catch (error) {
  const { name, message } = error as Error;
  const held = error instanceof AlreadyRunning ? error : null;
  say({
    up: false,
    name,
    message,
    holder: held?.pid,
    url: held?.url,
    dataFolder: held?.dataFolder,
  });
  process.exitCode = 1;
}
