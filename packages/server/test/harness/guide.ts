import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * A guide is run as a person would run it: every `sh` block in one shell, in order. What a block prints
 * stands in the `text` block right under it.
 */
const folder = new URL("../../../../docs/guides/", import.meta.url);

export type Guide = { readonly name: string; readonly file: string };

/** Every guide there is, by name. */
export function listGuides(): Guide[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".md"))
    .sort()
    .map((name) => ({ name, file: fileURLToPath(new URL(name, folder)) }));
}

export type Block = {
  readonly commands: string;
  /** What the guide says that it prints; null where it says nothing. */
  readonly recorded: string | null;
};

const BLOCK = /^```sh\n([\s\S]*?)^```$(?:\n\n^```text\n([\s\S]*?)^```$)?/gm;

/** The blocks of a guide. @throws AssertionError where output stands under no command: nothing checks it. */
export function readBlocks(markdown: string): Block[] {
  const blocks = [...markdown.matchAll(BLOCK)].map(([, commands = "", recorded]) => ({
    commands,
    recorded: recorded ?? null,
  }));
  const outputs = markdown.match(/^```text$/gm)?.length ?? 0;
  const checked = blocks.filter(({ recorded }) => recorded !== null).length;
  assert.equal(checked, outputs, "each text block stands right under a sh block");
  return blocks;
}

/** A guide that waits for what never comes is ended. */
const LONGEST_MS = 120_000;

const MARK = "=====end-of-block=====";

/**
 * Runs all blocks in one bash, which stops at the first command that fails.
 *
 * @param cwd where the commands find the `.cardwright` of a running server.
 * @returns what each block printed, shortened.
 */
export async function runBlocks(blocks: readonly Block[], cwd: string): Promise<string[]> {
  const script = blocks.map(({ commands }) => `${commands}\necho '${MARK}'`).join("\n");
  const shell = spawn("bash", ["-euo", "pipefail", "-c", script], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: LONGEST_MS,
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
  const printed = out.split(`${MARK}\n`);
  const last = blocks[printed.length - 1]?.commands ?? "";
  assert.equal(code, 0, `${errors}\n${printed.at(-1)}\nin:\n${last}`);
  return printed.slice(0, -1).map(shorten);
}

/** Takes out what differs from run to run: ids, times, hashes, the digits of a number. */
function shorten(text: string): string {
  return text
    .replaceAll("\r", "")
    .replace(/(?<![a-z])([a-z]{3,6})_[0-9a-z]{26}(?![0-9a-z])/g, "$1_…")
    .replace(/\d{4}-\d{2}-\d{2}T[\d:.]+Z/g, "…")
    .replace(/\b[0-9a-f]{64}\b/g, "…")
    .replace(/"lastFour": "\d{4}"/g, '"lastFour": "…"')
    .replace(/(\d{6})[*•.x]+\d{4}/gi, "$1…")
    .replace(/"expiry(Month|Year)": \d+/g, '"expiry$1": …');
}

/** The guide with what its blocks printed under them. */
export function record(markdown: string, printed: readonly string[]): string {
  let index = 0;
  return markdown.replace(BLOCK, (_all, commands: string) => {
    const text = printed[index] ?? "";
    index += 1;
    const block = `\`\`\`sh\n${commands}\`\`\``;
    return text === "" ? block : `${block}\n\n\`\`\`text\n${text}\`\`\``;
  });
}
