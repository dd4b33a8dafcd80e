import type { ListedBirth, ListedEntry, ListedName } from "../model.ts";
import { type Row, readRows } from "./csv.ts";
import { MalformedList, type Pieces } from "./malformed.ts";
import { countryOf, joined, rangeOf } from "./words.ts";

const needed = ["Entity_LogicalId", "Entity_SubjectType", "NameAlias_WholeName"] as const;

/** A row's cell by the name of its column; empty where the file has no such column. */
type Cell = (column: string) => string;

type Growing = {
  readonly line: number;
  readonly kind: ListedEntry["kind"];
  readonly remarks: string | null;
  readonly names: Map<string, ListedName>;
  readonly births: Map<string, ListedBirth>;
  readonly nationalities: Set<string>;
  readonly programmes: Set<string>;
};

/**
 * The European Union's consolidated financial sanctions list, CSV 1.1: semicolons, a header, and a row for
 * each name, birth, address and document of an entity, joined by its logical id. It does not say which
 * names are weak.
 *
 * @throws MalformedList for a missing column, a row of another width, no logical id, an entry without name.
 */
export async function* readEuCsv(pieces: Pieces): AsyncGenerator<ListedEntry> {
  const entries = new Map<string, Growing>();
  let columns: ReadonlyMap<string, number> | null = null;
  for await (const row of readRows(pieces, { delimiter: ";" })) {
    if (columns === null) columns = columnsOf(row);
    else addRow(entries, row, cellOf(columns, row));
  }
  if (columns === null) throw new MalformedList(1, "the file is empty");
  for (const [sourceId, { line, names, births, nationalities, programmes, ...rest }] of entries) {
    if (names.size === 0) throw new MalformedList(line, `entry ${sourceId} has no name`);
    yield {
      source: "eu_consolidated",
      sourceId,
      ...rest,
      names: [...names.values()],
      births: [...births.values()],
      nationalities: [...nationalities],
      programmes: [...programmes],
    };
  }
}

function columnsOf({ line, cells }: Row): ReadonlyMap<string, number> {
  const columns = new Map(cells.map((cell, at) => [cell.trim(), at]));
  const missing = needed.filter((name) => !columns.has(name));
  if (missing.length === 0) return columns;
  throw new MalformedList(line, `the columns ${missing.join(", ")} are missing`);
}

function cellOf(columns: ReadonlyMap<string, number>, { line, cells }: Row): Cell {
  if (cells.length !== columns.size) {
    throw new MalformedList(line, `${cells.length} columns where ${columns.size} are due`);
  }
  return (column) => cells[columns.get(column) ?? -1]?.trim() ?? "";
}

function addRow(entries: Map<string, Growing>, { line }: Row, cell: Cell): void {
  const id = cell("Entity_LogicalId");
  if (id === "") throw new MalformedList(line, "no Entity_LogicalId");
  const type = cell("Entity_SubjectType_ClassificationCode") || cell("Entity_SubjectType");
  const entry: Growing = entries.get(id) ?? {
    line,
    kind: type === "P" || type === "person" ? "person" : "entity",
    remarks: cell("Entity_Remark") || null,
    names: new Map(),
    births: new Map(),
    nationalities: new Set(),
    programmes: new Set(),
  };
  entries.set(id, entry);
  const name =
    cell("NameAlias_WholeName") ||
    joined(cell("NameAlias_FirstName"), cell("NameAlias_MiddleName"), cell("NameAlias_LastName"));
  if (name !== "") entry.names.set(name, { text: name, quality: "strong" });
  const birth = birthOf(cell);
  if (birth !== null) entry.births.set(JSON.stringify(birth), birth);
  const country = countryOf(cell("Citizenship_CountryIso2Code"));
  if (country !== null) entry.nationalities.add(country);
  const programme = cell("Entity_Regulation_Programme");
  if (programme !== "") entry.programmes.add(programme);
}

function birthOf(cell: Cell): ListedBirth | null {
  const day = cell("BirthDate_BirthDate");
  const year = Number(cell("BirthDate_Year") || day.slice(0, 4));
  const from = Number(cell("BirthDate_YearRangeFrom"));
  const to = Number(cell("BirthDate_YearRangeTo"));
  if (from > 0 && to > 0) return rangeOf(from, to);
  if (!(year > 0)) return null;
  if (cell("BirthDate_Circa").toLowerCase() === "true") return { kind: "approximate", year };
  return /^\d{4}-\d\d-\d\d$/.test(day) ? { kind: "exact", day } : { kind: "year", year };
}
