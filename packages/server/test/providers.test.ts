import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { person } from "../src/issuing/customers/fixture.ts";
import {
  sumsubDouble,
  sumsubHook,
  sumsubSettings,
} from "../src/issuing/verifications/providers/fixture.ts";
import { giveDocuments } from "./harness/evidence.ts";
import { newServerFolder, removeFolder } from "./harness/process.ts";
import type { Call } from "./harness/server.ts";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

/** A live server as its own process. @returns its address, and the first key of the platform */
async function startLive(t: TestContext, environment: Readonly<Record<string, string>>) {
  const folder = await newServerFolder();
  t.after(() => removeFolder(folder));
  const child = spawn(process.execPath, [main], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env.PATH,
      PORT: "0",
      CARDWRIGHT_FOLDER: folder,
      CARDWRIGHT_MODE: "live",
      CARDWRIGHT_ALLOW_SOFTWARE_KEYS: "live",
      ...environment,
    },
  });
  t.after(async () => {
    child.kill("SIGTERM");
    if (child.exitCode === null) await once(child, "exit");
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  for (let waitedMs = 0; !output.includes('"msg":"ready"'); waitedMs += 20) {
    if (child.exitCode !== null || waitedMs > 60_000) throw new Error(output);
    await delay(20);
  }
  const url = /"url":"([^"]+)"/.exec(output)?.[1] ?? "";
  const key = readFileSync(path.join(folder, "first-platform-key"), "utf8").trim();
  return { url, key, output: () => output };
}

const callWith =
  (url: string, key: string): Call =>
  async (method, path, body) => {
    const isFile = Buffer.isBuffer(body);
    const response = await fetch(`${url}/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        "content-type": isFile ? "application/octet-stream" : "application/json",
      },
      ...(body === undefined ? {} : { body: (isFile ? body : JSON.stringify(body)) as string }),
    });
    return { status: response.status, body: await response.json(), headers: response.headers };
  };

test("a server that runs gives customers to its provider by itself, and does what that one decides", async (t) => {
  const double = await sumsubDouble();
  const { url, key, output } = await startLive(t, {
    CARDWRIGHT_SUMSUB_URL: double.url,
    CARDWRIGHT_SUMSUB_APP_TOKEN: sumsubSettings.appToken,
    CARDWRIGHT_SUMSUB_SECRET_KEY: sumsubSettings.secretKey,
    CARDWRIGHT_SUMSUB_WEBHOOK_SECRETS: sumsubSettings.webhookSecrets.join(", "),
    CARDWRIGHT_SUMSUB_LEVELS: "individual.basic=basic kyc",
  });
  const platform = callWith(url, key);
  const made = await platform("POST", "/organizations", { name: "Example", mode: "live" });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const { id: organization } = made.body.organization ?? made.body;
  const settings = `/organizations/${organization}/verification-settings`;
  assert.equal((await platform("PATCH", settings, { provider: "sumsub" })).status, 200);
  const mine = callWith(url, made.body.apiKey?.secret ?? made.body.apiKey);
  const known = { type: "individual", level: "basic", ...person };
  const { body: customer } = await mine("POST", "/customers", known);
  await giveDocuments(mine, customer.id);

  const status = async () => (await mine("GET", `/customers/${customer.id}`)).body.status;
  const until = async (isSo: () => Promise<boolean> | boolean) => {
    for (let waitedMs = 0; !(await isSo()); waitedMs += 50) {
      assert.ok(waitedMs < 30_000, output());
      await delay(50);
    }
  };
  await until(() =>
    [...double.applicants.values()].some((one) => one.review.reviewStatus === "pending"),
  );
  assert.equal(await status(), "pending");
  const [ours = ""] = double.applicants.keys();
  double.review(ours, { reviewAnswer: "GREEN" });
  const { body, headers } = sumsubHook(ours);
  const heard = await fetch(`${url}/hooks/verification/sumsub`, { method: "POST", body, headers });
  assert.equal(heard.status, 200);
  await until(async () => (await status()) === "active");
  for (const secret of [sumsubSettings.secretKey, sumsubSettings.appToken, "Ada", "X1234567"]) {
    assert.ok(!output().includes(secret), `the log has ${secret}`);
  }
});
