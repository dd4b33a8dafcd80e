import { isCountry } from "../../../foundation/countries/countries.ts";
import type { ListedBirth, ListedEntry, ListedName } from "../model.ts";
import { type Row, readRows } from "./csv.ts";
import { MalformedList, type Pieces } from "./malformed.ts";
import { rangeOf } from "./words.ts";

const HEADER = ["id", "kind", "name", "aliases", "births", "nationalities", "position", "remarks"];

/**
 * A list of politically exposed persons in a form of our own: CSV with the header above. Several values in one
 * cell are divided by "|"; an alias that begins with "~" is a weak name. A birth is a day (1964-03-11), a year
 * (1964), some years (1960-1963) or about a year (~1964). docs/operating/screening.md has an example.
 *
 * @throws MalformedList for another header, and for any cell that is none of this.
 */
export async function* readPepCsv(pieces: Pieces): AsyncGenerator<ListedEntry> {
  const ids = new Set<string>();
  let header = true;
  for await (const row of readRows(pieces)) {
    if (header) checkHeader(row);
    else {
      const entry = entryOf(row);
      if (ids.has(entry.sourceId)) {
        throw new MalformedList(row.line, `the id ${entry.sourceId} is there twice`);
      }
      ids.add(entry.sourceId);
      yield entry;
    }
    header = false;
  }
  if (header) throw new MalformedList(1, "the file is empty");
}

function checkHeader({ line, cells }: Row): void {
  if (cells.map((cell) => cell.trim()).join() === HEADER.join()) return;
  throw new MalformedList(line, `the header is not ${HEADER.join()}`);
}

function entryOf({ line, cells }: Row): ListedEntry {
  if (cells.length !== HEADER.length) {
    throw new MalformedList(line, `${cells.length} columns where ${HEADER.length} are due`);
  }
  const [sourceId = "", kind = "", name = "", ...more] = cells.map((cell) => cell.trim());
  const [aliases = "", births = "", nationalities = "", position = "", remarks = ""] = more;
  if (sourceId === "") throw new MalformedList(line, "no id");
  if (name === "") throw new MalformedList(line, "no name");
  if (kind !== "person" && kind !== "entity") {
    throw new MalformedList(line, `the kind "${kind}" is neither person nor entity`);
  }
  return {
    source: "pep",
    sourceId,
    kind,
    names: [{ text: name, quality: "strong" }, ...several(aliases).map(alias)],
    births: several(births).map((text) => birthOf(text, line)),
    nationalities: several(nationalities).map((text) => country(text, line)),
    programmes: position === "" ? [] : [position],
    remarks: remarks || null,
  };
}

const several = (cell: string): string[] =>
  cell
    .split("|")
    .map((text) => text.trim())
    .filter((text) => text !== "");

const alias = (text: string): ListedName =>
  text.startsWith("~")
    ? { text: text.slice(1).trim(), quality: "weak" }
    : { text, quality: "strong" };

function country(text: string, line: number): string {
  if (isCountry(text)) return text;
  throw new MalformedList(line, `"${text}" is no country of three letters`);
}

function birthOf(text: string, line: number): ListedBirth {
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return { kind: "exact", day: text };
  if (/^\d{4}$/.test(text)) return { kind: "year", year: Number(text) };
  if (/^~\d{4}$/.test(text)) return { kind: "approximate", year: Number(text.slice(1)) };
  if (/^\d{4}-\d{4}$/.test(text)) {
    return rangeOf(Number(text.slice(0, 4)), Number(text.slice(5)));
  }
  throw new MalformedList(line, `"${text}" is no birth`);
}
