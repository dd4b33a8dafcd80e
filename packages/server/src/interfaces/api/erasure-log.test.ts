import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../test/harness/database.ts";
import { startTestServer } from "../../../test/harness/server.ts";
import { createLog } from "../../foundation/log/log.ts";

const lines: string[] = [];
const log = createLog("trace", { write: (line) => void lines.push(line) });
const server = await startTestServer({ log });

test("G1: no line of the log has personal data, whatever becomes of a customer, a fault included", async () => {
  const { call } = await server.newOrganization();
  const words = { firstName: "Qxvanna", lastName: "Zqbergson", email: "qxvanna@example.com" };
  const details = { ...words, phone: "+35699887766", nationalId: "QX-998877-ZQ" };
  const body = { type: "individual", level: "basic", ...details };
  const { id } = (await call("POST", "/customers", body, { idempotencyKey: "log-1" })).body;
  assert.equal((await call("POST", "/customers", body, { idempotencyKey: "log-1" })).status, 201);
  assert.equal((await call("PATCH", `/customers/${id}`, { email: "Qxvanna" })).status, 422);
  // A row that no constraint allows: the database's own words quote it.
  await asOwner(
    server.database.url,
    "alter table customers add constraint test_none check (last_name <> 'Zqfault')",
  );
  const fault = await call("PATCH", `/customers/${id}`, { lastName: "Zqfault" });
  assert.equal(fault.status, 500);
  // Whole words: ids are random, and have any three letters now and then.
  assert.ok(!/zqfault|qxvanna|zqbergson/i.test(JSON.stringify(fault.body)));
  assert.equal((await call("DELETE", `/customers/${id}`)).status, 200);
  assert.equal((await server.call("GET", `/customers/${id}/retained`)).status, 200);
  assert.ok(lines.length >= 7, "the requests were logged");
  assert.ok(
    lines.some((line) => line.includes("test_none") || line.includes("23514")),
    "the fault too",
  );
  assert.deepEqual(
    lines.filter((line) => /qxvanna|zqbergson|zqfault|99887766|998877-ZQ/i.test(line)),
    [],
  );
});
