import type { ListedBirth, ListedEntry, ListedName } from "../model.ts";
import { type Row, readRows } from "./csv.ts";
import { MalformedList, type Pieces } from "./malformed.ts";
import { birthOf, countryOf, known } from "./words.ts";

/** The files that belong together; without aliases or comments a list is only less complete. */
export type OfacFiles = {
  readonly sdn: Pieces;
  readonly alt?: Pieces;
  readonly add?: Pieces;
  readonly comments?: Pieces;
};

const COLUMNS = { sdn: 12, alt: 5, add: 6, comments: 2 };
type File = keyof typeof COLUMNS;

/** What OFAC writes where there is nothing. */
const NULL = "-0-";

/**
 * OFAC's sdn.csv with alt.csv, add.csv and sdn_comments.csv, joined by the entity's number. None has a header.
 * Births, nationalities and weak names are read out of the remarks, which go on in the comments. Addresses
 * are checked for their form and not kept. Vessels and aircraft are left out. Source: the specification of OFAC's
 * list files (U.S. Treasury).
 *
 * @throws MalformedList for a row with a wrong number of columns, or without number or name, in any file.
 */
export async function* readOfacCsv(files: OfacFiles): AsyncGenerator<ListedEntry> {
  const aliases = await byNumber("alt", files.alt);
  const comments = await byNumber("comments", files.comments);
  if (files.add !== undefined) for await (const _ of rowsOf("add", files.add));
  for await (const { line, cells } of rowsOf("sdn", files.sdn)) {
    const [sourceId = "", name = "", type, programme = ""] = cells;
    if (name === "") throw new MalformedList(line, `entry ${sourceId} has no name`);
    if (type !== "individual" && type !== "") continue;
    const more = (comments.get(sourceId) ?? []).map((row) => row[1] ?? "");
    const remarks = [cells[11] ?? "", ...more].filter((text) => text !== "").join(" ");
    const named = (aliases.get(sourceId) ?? []).map(
      (row): ListedName => ({
        text: row[3] ?? "",
        quality: "strong",
      }),
    );
    yield {
      source: "ofac_sdn",
      sourceId,
      kind: type === "individual" ? "person" : "entity",
      names: [{ text: name, quality: "strong" }, ...named, ...weakNames(remarks)],
      births: birthsIn(remarks),
      nationalities: countriesIn(remarks),
      programmes: programme.split("] [").filter((text) => text !== ""),
      remarks: remarks || null,
    };
  }
}

async function byNumber(file: File, pieces: Pieces | undefined) {
  const found = new Map<string, (readonly string[])[]>();
  if (pieces === undefined) return found;
  for await (const { cells } of rowsOf(file, pieces)) {
    const number = cells[0] as string;
    found.set(number, [...(found.get(number) ?? []), cells]);
  }
  return found;
}

async function* rowsOf(file: File, pieces: Pieces): AsyncGenerator<Row> {
  for await (const { line, cells } of readRows(pieces)) {
    const texts = cells.map((cell) => cell.trim()).map((cell) => (cell === NULL ? "" : cell));
    if (texts.length !== COLUMNS[file]) {
      const what = `${texts.length} columns where ${COLUMNS[file]} are due`;
      throw new MalformedList(line, what);
    }
    if (!/^\d+$/.test(texts[0] ?? "")) throw new MalformedList(line, "no number of an entry");
    yield { line, cells: texts };
  }
}

const remarksOf = (remarks: string) => remarks.split(";").map((text) => text.trim());

const birthsIn = (remarks: string): ListedBirth[] =>
  known(
    remarksOf(remarks).map((text) => {
      const words = /^(?:alt\. )?DOB (.+?)\.?$/.exec(text)?.[1];
      return words === undefined ? null : birthOf(words);
    }),
  );

const countriesIn = (remarks: string): string[] => [
  ...new Set(
    known(
      remarksOf(remarks).map((text) => {
        const words = /^(?:alt\. )?(?:nationality|citizen) (.+?)\.?$/.exec(text)?.[1];
        return words === undefined ? null : countryOf(words);
      }),
    ),
  ),
];

const weakNames = (remarks: string): ListedName[] =>
  known(
    remarksOf(remarks).map((text) => {
      const words = /^(?:alt\. )?a\.k\.a\. ['"](.+?)['"]/i.exec(text)?.[1];
      return words === undefined ? null : { text: words, quality: "weak" as const };
    }),
  );
