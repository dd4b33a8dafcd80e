import type { EntryKind, ListedBirth, ListedEntry, ListedName } from "../model.ts";
import { MalformedList, type Pieces } from "./malformed.ts";
import { countryOf, joined, known, rangeOf } from "./words.ts";
import { below, type Element, readElements, textOf } from "./xml.ts";

const kinds: Readonly<Record<string, EntryKind>> = { INDIVIDUAL: "person", ENTITY: "entity" };

/**
 * The consolidated list of the United Nations Security Council: INDIVIDUAL and ENTITY elements. An alias of
 * quality "Low" is a weak name.
 *
 * @throws MalformedList for a file of another kind, or an entry without number or name.
 */
export async function* readUnXml(pieces: Pieces): AsyncGenerator<ListedEntry> {
  const names = new Set(Object.keys(kinds));
  for await (const element of readElements(pieces, "CONSOLIDATED_LIST", names)) {
    yield entryOf(element, kinds[element.name] as EntryKind);
  }
}

const nameFields = ["FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME"];

function entryOf(element: Element, kind: EntryKind): ListedEntry {
  const sourceId = textOf(element, "REFERENCE_NUMBER") || textOf(element, "DATAID");
  const name = joined(...nameFields.map((field) => textOf(element, field)));
  if (sourceId === "") throw new MalformedList(element.line, "an entry has no REFERENCE_NUMBER");
  if (name === "") throw new MalformedList(element.line, `entry ${sourceId} has no name`);
  const original = textOf(element, "NAME_ORIGINAL_SCRIPT");
  const list = textOf(element, "UN_LIST_TYPE");
  return {
    source: "un_consolidated",
    sourceId,
    kind,
    names: [name, original]
      .filter((text) => text !== "")
      .map((text): ListedName => ({ text, quality: "strong" }))
      .concat(below(element, `${element.name}_ALIAS`).flatMap(alias)),
    births: below(element, "INDIVIDUAL_DATE_OF_BIRTH").flatMap(birth),
    nationalities: [
      ...new Set(known(below(element, "NATIONALITY", "VALUE").map(({ text }) => countryOf(text)))),
    ],
    programmes: list === "" ? [] : [list],
    remarks: textOf(element, "COMMENTS1") || null,
  };
}

function alias(element: Element): ListedName[] {
  const text = textOf(element, "ALIAS_NAME");
  if (text === "") return [];
  return [{ text, quality: textOf(element, "QUALITY") === "Low" ? "weak" : "strong" }];
}

function birth(element: Element): ListedBirth[] {
  const type = textOf(element, "TYPE_OF_DATE");
  const day = textOf(element, "DATE").slice(0, 10);
  const year = Number(textOf(element, "YEAR") || day.slice(0, 4));
  const [from, to] = [Number(textOf(element, "FROM_YEAR")), Number(textOf(element, "TO_YEAR"))];
  if (type === "BETWEEN" && from > 0 && to > 0) return [rangeOf(from, to)];
  if (!(year > 0)) return [];
  if (type === "APPROXIMATELY") return [{ kind: "approximate", year }];
  return [/^\d{4}-\d\d-\d\d$/.test(day) ? { kind: "exact", day } : { kind: "year", year }];
}
