import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import test from "node:test";
import { type Guide, listGuides, readBlocks, record, runBlocks } from "./harness/guide.ts";
import { newServerFolder, removeFolder, startProcess, stopProcess } from "./harness/process.ts";

/**
 * Every guide is run against a server of its own, as `npm start` leaves it. With CW_RECORD=1 the tests write
 * what was printed into the guides instead of comparing it; --test-name-pattern chooses a guide.
 */
const isRecording = process.env.CW_RECORD === "1";

for (const guide of listGuides()) {
  test(`every command of ${guide.name} runs, and prints what the guide says`, async () => {
    const markdown = await readFile(guide.file, "utf8");
    const blocks = readBlocks(markdown);
    assert.ok(blocks.length >= 3, "the guide has its commands");
    const printed = await onFreshServer((home) => runBlocks(blocks, home));
    // A field that an answer does not have: the guide is wrong, whatever it has recorded.
    assert.doesNotMatch(printed.join(""), /\bundefined\b/);
    if (isRecording) await writeFile(guide.file, record(markdown, printed));
    else compare(guide, blocks, printed);
  });
}

function compare(
  { name }: Guide,
  blocks: ReturnType<typeof readBlocks>,
  printed: readonly string[],
): void {
  assert.equal(printed.length, blocks.length, name);
  for (const [index, { commands, recorded }] of blocks.entries()) {
    assert.equal(printed[index], recorded ?? "", `${name}, after:\n${commands}`);
  }
}

/** Does something in a folder in which `.cardwright` is that of a server that has just started. */
async function onFreshServer<T>(act: (home: string) => Promise<T>): Promise<T> {
  const folder = await newServerFolder();
  const home = await mkdtemp(path.join(tmpdir(), "cardwright-guide-"));
  try {
    const server = await startProcess(folder);
    try {
      await symlink(folder, path.join(home, ".cardwright"));
      return await act(home);
    } finally {
      await stopProcess(server);
    }
  } finally {
    await rm(home, { recursive: true, force: true });
    await removeFolder(folder);
  }
}

test("the shorthand that guides begin with is the same in all of them", async () => {
  const firsts = await Promise.all(
    listGuides().map(async ({ name, file }) => {
      const [first] = readBlocks(await readFile(file, "utf8"));
      return { name, commands: first?.commands };
    }),
  );
  for (const { name, commands } of firsts) assert.equal(commands, firsts[0]?.commands, name);
});
