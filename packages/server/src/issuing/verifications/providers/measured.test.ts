import assert from "node:assert/strict";
import test from "node:test";
import { startTestServer } from "../../../../test/harness/server.ts";
import { providerWarnings } from "../actions/settings.ts";
import { personaDouble, personaSettings } from "./fixture.ts";
import { measured } from "./measured.ts";
import { persona } from "./persona.ts";

const double = await personaDouble();
const providers = new Map([["persona", persona({ ...personaSettings, url: double.url })]] as const);

test("what is asked of a provider is counted by how it ended", async () => {
  const counts: string[] = [];
  const counted = measured(providers, (name, result) => counts.push(`${name} ${result}`));
  const provider = counted.get("persona");
  assert.ok(provider);
  double.inquiries.push({ id: "inq_0", status: "created", attributes: {} });
  assert.equal(await provider.fetch("inq_0"), null);
  await provider.link({ id: "ver_a", kind: "individual.basic", reference: "inq_0" });
  for (const fault of ["500", "403"] as const) {
    double.faults.push(fault);
    await assert.rejects(provider.fetch("inq_0"), /answered/);
  }
  assert.deepEqual(counts, ["persona done", "persona done", "persona down", "persona refused"]);
});

test("a provider that organizations are reviewed by and that has no credentials is named to the operator", async () => {
  const server = await startTestServer({ mode: "live" });
  const warnings = () => providerWarnings(server.database.app, providers);
  for (const provider of ["manual", "persona"]) {
    const { id } = await server.newOrganization({ mode: "live" });
    await server.call("PATCH", `/organizations/${id}/verification-settings`, {
      provider,
      delegated: "reviewed",
    });
  }
  assert.deepEqual(await warnings(), [], "what is set up, and people, are no warning");
  const { id } = await server.newOrganization({ mode: "live" });
  await server.call("PATCH", `/organizations/${id}/verification-settings`, { provider: "sumsub" });
  const [warning = "", ...more] = await warnings();
  assert.match(warning, /^Organizations are reviewed by sumsub, which is not set up/);
  assert.deepEqual(more, []);
});
