import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { userInfo } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { systemClock, systemEntropy } from "../src/foundation/clock/clock.ts";
import type { Database } from "../src/foundation/database/database.ts";
import { createIds, PLATFORM } from "../src/foundation/ids/ids.ts";
import { type Loaded, loadList } from "../src/issuing/screening/actions/load.ts";
import { ListRefused } from "../src/issuing/screening/errors.ts";
import { MalformedList, type Pieces } from "../src/issuing/screening/formats/malformed.ts";
import { publishedOn } from "../src/issuing/screening/formats/published.ts";
import { listForms, type SideFile, sideFiles } from "../src/issuing/screening/formats/read.ts";
import { type ListSource, listSources } from "../src/issuing/screening/model.ts";
import { organizationNow } from "../src/records/sequencer/actions.ts";
import { Misused, onDatabase, showProgress, understood } from "./on-database.ts";

/**
 * `npm run lists:load`: loads a published list in place of its source's older one. Until the new one is there
 * whole, the older one is in force. Exit code 0: it is in force; 1: it was refused, and the older one is; 2: it
 * could not be tried.
 */
const usage = `npm run lists:load -- --source <source> --file <file> [--alt … --add … --comments …] [--allow-shrink]

  --source        ${listSources.join(", ")}
  --file          the file as it was published, .xml or .csv
  --alt, --add, --comments
                  of OFAC's CSV form: alt.csv, add.csv and sdn_comments.csv, which belong to sdn.csv
  --allow-shrink  take a list that is empty, or less than half as long as the one in force`;

/** How much of a file is looked at for the day of its publication, bytes. */
const BEGINNING = 65_536;

type Asked = {
  readonly source: ListSource;
  readonly form: "csv" | "xml";
  /** The main one first. */
  readonly files: readonly (readonly ["main" | SideFile, string])[];
  readonly allowShrink: boolean;
};

function readArguments(argv: readonly string[]): Asked {
  const { source: named, file, "allow-shrink": allowShrink = false, ...side } = parse(argv);
  const source = listSources.find((each) => each === named);
  if (source === undefined) throw new Misused(`--source is one of ${listSources.join(", ")}.`);
  if (file === undefined) throw new Misused("--file names the list.");
  const form = path.extname(file).slice(1).toLowerCase();
  const forms = Object.keys(listForms[source]);
  if ((form !== "csv" && form !== "xml") || !forms.includes(form)) {
    throw new Misused(`A list of ${source} is read as ${forms.join(" or ")}, by the file's name.`);
  }
  const more = sideFiles.flatMap((each) => {
    const name = side[each];
    return name === undefined ? [] : [[each, name] as const];
  });
  if (more.length > 0 && (source !== "ofac_sdn" || form !== "csv")) {
    throw new Misused("--alt, --add and --comments belong to OFAC's sdn.csv.");
  }
  return { source, form, files: [["main", file], ...more], allowShrink };
}

function parse(argv: readonly string[]) {
  const text = { type: "string" } as const;
  const options = {
    source: text,
    file: text,
    alt: text,
    add: text,
    comments: text,
    "allow-shrink": { type: "boolean" },
  } as const;
  try {
    return parseArgs({ args: [...argv], options }).values;
  } catch (error) {
    throw new Misused((error as Error).message);
  }
}

/** The hash of all files; it also finds out whether each can be read before anything is begun. */
async function hashOf({ files }: Asked): Promise<Uint8Array> {
  const all = createHash("sha256");
  for (const [role, name] of files) {
    const one = createHash("sha256");
    try {
      for await (const piece of createReadStream(name)) one.update(piece);
    } catch (error) {
      throw new Misused(`${name} cannot be read (${(error as { code?: string }).code}).`);
    }
    all.update(`${role} ${one.digest("hex")}\n`);
  }
  return all.digest();
}

async function dayOf(file: string): Promise<string | null> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(BEGINNING), 0, BEGINNING, 0);
    return publishedOn(buffer.toString("utf8", 0, bytesRead));
  } finally {
    await handle.close();
  }
}

/** Tells how far the reading is, of all files together. */
async function openAll({ source, files }: Asked) {
  const sizes = await Promise.all(files.map(async ([, name]) => (await stat(name)).size));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let read = 0;
  let written = 0;
  /** The file that is being read, for a message about a line of it. */
  let at = files[0]?.[1] ?? "";
  const tell = () => showProgress(`${source} ${bar(read, total)} ${written} entries`);
  async function* pieces(name: string): Pieces {
    for await (const piece of createReadStream(name, { encoding: "utf8" })) {
      at = name;
      read += Buffer.byteLength(piece);
      tell();
      yield piece;
    }
  }
  const opened = Object.fromEntries(files.map(([role, name]) => [role, pieces(name)]));
  return {
    files: opened as { main: Pieces },
    file: () => at,
    onEntries: (count: number) => {
      written = count;
      tell();
    },
  };
}

const WIDTH = 30;

function bar(done: number, total: number): string {
  const share = total === 0 ? 1 : done / total;
  const filled = Math.round(share * WIDTH);
  const percent = String(Math.floor(100 * share)).padStart(3);
  return `[${"#".repeat(filled)}${".".repeat(WIDTH - filled)}] ${percent}%`;
}

async function load(database: Database, asked: Asked): Promise<Loaded> {
  const sha256 = await hashOf(asked);
  const [, main] = asked.files[0] as readonly [string, string];
  const publishedOn = await dayOf(main);
  const { files, file, onEntries } = await openAll(asked);
  const read = listForms[asked.source][asked.form];
  if (read === undefined) throw new Misused("This form is not read.");
  const newId = createIds(() => systemClock.now().getTime(), systemEntropy);
  try {
    return await database.transaction(async (sql) => {
      const { source, allowShrink } = asked;
      const work = {
        sql,
        newId,
        now: await organizationNow(sql, PLATFORM),
        actor: { kind: "system", id: "lists:load", organizationId: PLATFORM },
        requestId: newId("request"),
      } as const;
      const loadedBy = userInfo().username;
      const entries = read(files);
      return loadList(work, {
        source,
        publishedOn,
        sha256,
        allowShrink,
        loadedBy,
        entries,
        onEntries,
      });
    });
  } catch (error) {
    if (!(error instanceof MalformedList)) throw error;
    throw new ListRefused(
      `${file()}: ${error.message}.`,
      "Take the file from its publisher anew; the list before is still in force.",
    );
  }
}

async function run(argv: readonly string[]): Promise<number> {
  const asked = readArguments(argv);
  const { list, loaded } = await onDatabase("lists:load", (database) => load(database, asked));
  showProgress("");
  const { source, version, entries, publishedOn } = list;
  const day = publishedOn === null ? "" : `, published on ${publishedOn}`;
  const what = `${source} version ${version}: ${entries} entries${day}`;
  console.log(loaded ? `${what}, in force.` : `${what}, was in force already: the same files.`);
  return 0;
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  showProgress("");
  if (error instanceof ListRefused) {
    console.error(`${error.message}\n${error.remedy}`);
    process.exitCode = 1;
  } else if (understood.some((kind) => error instanceof kind)) {
    console.error((error as Error).message);
    if (error instanceof Misused) console.error(`\n${usage}`);
    process.exitCode = 2;
  } else throw error;
}
