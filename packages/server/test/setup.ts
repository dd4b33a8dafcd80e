import { createHash, randomBytes } from "node:crypto";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import { startEmbeddedPostgres } from "../src/foundation/database/embedded/index.ts";
import { migrate, migrationFiles } from "../src/foundation/database/migrate.ts";
import { ADMIN_URL, TEMPLATE, withDatabase } from "./harness/database.ts";

/**
 * Runs once before all test files: a database server (the embedded one, or the one in DATABASE_URL) and
 * a migrated template database that each file clones.
 */
let stopServer: () => Promise<void> = async () => undefined;

export async function globalSetup(): Promise<void> {
  const adminUrl = process.env.DATABASE_URL ?? (await startEmbedded());
  const checksum = createHash("sha256");
  for (const file of await migrationFiles()) checksum.update(file.checksum);
  const template = `cw_template_${checksum.digest("hex").slice(0, 8)}_${randomBytes(4).toString("hex")}`;
  await administer(adminUrl, `create database ${template}`);
  await migrate(withDatabase(adminUrl, template));
  process.env[ADMIN_URL] = adminUrl;
  process.env[TEMPLATE] = template;
}

export async function globalTeardown(): Promise<void> {
  const adminUrl = process.env[ADMIN_URL];
  const template = process.env[TEMPLATE];
  if (adminUrl && template) await administer(adminUrl, `drop database if exists ${template}`);
  await stopServer();
}

async function startEmbedded(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "cardwright-test-"));
  // Started by root, PostgreSQL runs as another user, who has to be able to walk through.
  await chmod(folder, 0o755);
  // Tests of guarantees that need the disk (test/crash) start their own server with fsync on.
  const server = await startEmbeddedPostgres({
    folder,
    settings: {
      fsync: "off",
      synchronous_commit: "off",
      full_page_writes: "off",
      max_connections: "400",
    },
    log: () => undefined,
  });
  stopServer = async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
    await rm(server.dataFolder, { recursive: true, force: true });
  };
  return server.url;
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
