import assert from "node:assert/strict";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { testDatabase } from "../../../test/harness/database.ts";
import { testKeys, workOf } from "../../../test/harness/work.ts";
import { PLATFORM } from "../../foundation/ids/ids.ts";
import { createOrganization } from "../organizations/actions.ts";
import { changeProgram, createProgram, lockProgram } from "./actions.ts";

test("a lock that waited for a change sees the organizations that the change named", async () => {
  const { app } = await testDatabase();
  const keys = testKeys();
  const [program, organization] = await app.transaction(async (sql) => {
    const work = workOf(sql, PLATFORM, keys);
    const fresh = { name: "Example", mode: "sandbox", externalId: null, currencies: [] } as const;
    return Promise.all([
      createProgram(work, {
        name: "Listed",
        model: "card",
        brand: "private",
        bin: "999900",
        panLength: 16,
        currency: "EUR",
        availability: "listed",
      }),
      createOrganization(work, fresh),
    ]);
  });
  const { id } = organization.organization;
  const change = app.transaction(async (sql) => {
    await changeProgram(workOf(sql, PLATFORM, keys), program.id, { organizationIds: [id] });
    await sleep(300);
  });
  await sleep(100);
  const waited = await app.transaction((sql) => lockProgram(sql, program.id, "share"));
  await change;
  assert.deepEqual(waited?.organizationIds, [id]);
});
