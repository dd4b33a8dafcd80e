import assert from "node:assert/strict";
import test from "node:test";
import { migrate, migrationFiles } from "../src/foundation/database/migrate.ts";
import { asOwner } from "./harness/database.ts";
import { committedSchema, emptyDatabase, migrateUnderFire, schemaOf } from "./upgrade/chaos.ts";

test("C12: a migration killed at each statement ends at the same schema when run again", async () => {
  const url = await emptyDatabase();
  const kills = await migrateUnderFire(url);
  assert.ok(kills > (await migrationFiles()).length, `the killer struck only ${kills} times`);
  assert.equal(await schemaOf(url), await committedSchema());
});

test("two servers that migrate one database at once apply each file once", async () => {
  const url = await emptyDatabase();
  const [left, right] = await Promise.all([migrate(url), migrate(url)]);
  const files = await migrationFiles();
  assert.equal(left.applied.length + right.applied.length, files.length);
  assert.equal(await schemaOf(url), await committedSchema());
});

test("schema.sql is what the migrations make, on this version of PostgreSQL", async () => {
  const url = await emptyDatabase();
  await migrate(url);
  assert.equal(await schemaOf(url), await committedSchema());
});

test("a database of a newer release and an edited migration are refused by name", async () => {
  const url = await emptyDatabase();
  await migrate(url);
  await asOwner(url, "insert into migrations (name, checksum) values ('9999_future.sql', 'x')");
  await assert.rejects(migrate(url), /9999_future\.sql.*newer Cardwright/);
  await asOwner(url, "delete from migrations where name = '9999_future.sql'");
  await asOwner(url, "update migrations set checksum = 'x' where name = '0003_ledger.sql'");
  await assert.rejects(migrate(url), /0003_ledger\.sql differs/);
});
