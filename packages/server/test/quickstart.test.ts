import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import test, { after } from "node:test";
import { fileURLToPath } from "node:url";
import { newServerFolder, removeFolder, startProcess, stopProcess } from "./harness/process.ts";

/**
 * The guide is run as a person would run it: every `sh` block in one shell, in order, against a freshly
 * started server. What a block prints stands in the `text` block under it. With CW_RECORD=1 the test
 * writes those blocks instead of comparing them.
 */
const guide = fileURLToPath(new URL("../../../docs/guides/quickstart.md", import.meta.url));

type Block = { readonly commands: string; readonly recorded: string | null };

test("every command of the quickstart runs, and prints what the guide says", async () => {
  const folder = await newServerFolder();
  after(() => removeFolder(folder));
  const server = await startProcess(folder);
  after(() => stopProcess(server));
  const home = await mkdtemp(path.join(tmpdir(), "cardwright-guide-"));
  await symlink(folder, path.join(home, ".cardwright"));

  const markdown = await readFile(guide, "utf8");
  const blocks = readBlocks(markdown);
  assert.ok(blocks.length >= 8, "the guide has its commands");
  const printed = (await runBlocks(blocks, home)).map(shorten);
  if (process.env.CW_RECORD === "1") await writeFile(guide, record(markdown, printed));
  const recorded =
    process.env.CW_RECORD === "1" ? readBlocks(await readFile(guide, "utf8")) : blocks;
  for (const [index, { commands, recorded: expected }] of recorded.entries()) {
    assert.equal(printed[index], expected ?? "", `after:\n${commands}`);
  }
});

function readBlocks(markdown: string): Block[] {
  const pattern = /```sh\n([\s\S]*?)```(?:\n\n```text\n([\s\S]*?)```)?/g;
  return [...markdown.matchAll(pattern)].map(([, commands = "", recorded]) => ({
    commands,
    recorded: recorded ?? null,
  }));
}

/** Runs all blocks in one bash, which stops at the first command that fails. */
async function runBlocks(blocks: readonly Block[], cwd: string): Promise<string[]> {
  const mark = "=====end-of-block=====";
  const script = blocks.map(({ commands }) => `${commands}\necho '${mark}'`).join("\n");
  const shell = spawn("bash", ["-euo", "pipefail", "-c", script], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let errors = "";
  shell.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  shell.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const code = await new Promise((resolve) => shell.on("close", resolve));
  assert.equal(code, 0, `${errors}\n${out}`);
  return out.split(`${mark}\n`).slice(0, -1);
}

/** Takes out what differs from run to run: ids, times, hashes, the digits of a number. */
function shorten(text: string): string {
  return text
    .replaceAll("\r", "")
    .replace(/\b([a-z]{3,6})_[0-9a-z]{26}\b/g, "$1_…")
    .replace(/\d{4}-\d{2}-\d{2}T[\d:.]+Z/g, "…")
    .replace(/\b[0-9a-f]{64}\b/g, "…")
    .replace(/"lastFour": "\d{4}"/g, '"lastFour": "…"')
    .replace(/(\d{6})[*•.x]+\d{4}/gi, "$1…")
    .replace(/"expiry(Month|Year)": \d+/g, '"expiry$1": …');
}

function record(markdown: string, printed: readonly string[]): string {
  let index = 0;
  return markdown.replace(
    /(```sh\n[\s\S]*?```)(?:\n\n```text\n[\s\S]*?```)?/g,
    (_all, block: string) => {
      const text = printed[index] ?? "";
      index += 1;
      return text === "" ? block : `${block}\n\n\`\`\`text\n${text}\`\`\``;
    },
  );
}
