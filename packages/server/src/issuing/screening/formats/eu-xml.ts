import type { ListedBirth, ListedEntry, ListedName } from "../model.ts";
import { MalformedList, type Pieces } from "./malformed.ts";
import { countryOf, joined, known, rangeOf } from "./words.ts";
import { below, type Element, readElements, textOf } from "./xml.ts";

/**
 * The European Union's consolidated financial sanctions list, XML 1.1: one `sanctionEntity` each, its facts in
 * attributes. A `nameAlias` that is not strong is a weak name.
 *
 * @throws MalformedList for a file of another kind, or an entry without number or name.
 */
export async function* readEuXml(pieces: Pieces): AsyncGenerator<ListedEntry> {
  for await (const element of readElements(pieces, "export", new Set(["sanctionEntity"]))) {
    yield entryOf(element);
  }
}

function entryOf(element: Element): ListedEntry {
  const sourceId = element.attributes.logicalId ?? "";
  if (sourceId === "") throw new MalformedList(element.line, "an entry has no logicalId");
  const names = below(element, "nameAlias").flatMap(nameOf);
  if (names.length === 0) throw new MalformedList(element.line, `entry ${sourceId} has no name`);
  const subject = below(element, "subjectType")[0]?.attributes;
  const countriesOf = below(element, "citizenship").map(({ attributes }) =>
    countryOf(attributes.countryIso2Code ?? ""),
  );
  const programmes = below(element, "regulation").map(({ attributes }) => attributes.programme);
  return {
    source: "eu_consolidated",
    sourceId,
    kind: subject?.classificationCode === "P" ? "person" : "entity",
    names,
    births: below(element, "birthdate").flatMap(birth),
    nationalities: [...new Set(known(countriesOf))],
    programmes: [...new Set(programmes.filter((text) => text !== undefined && text !== ""))].map(
      String,
    ),
    remarks: textOf(element, "remark") || null,
  };
}

function nameOf({ attributes }: Element): ListedName[] {
  const { wholeName = "", firstName = "", middleName = "", lastName = "" } = attributes;
  const text = wholeName.trim() || joined(firstName, middleName, lastName);
  return text === "" ? [] : [{ text, quality: attributes.strong === "false" ? "weak" : "strong" }];
}

function birth({ attributes }: Element): ListedBirth[] {
  const { birthdate = "", circa, yearRangeFrom, yearRangeTo } = attributes;
  const year = Number(attributes.year || birthdate.slice(0, 4));
  const [from, to] = [Number(yearRangeFrom), Number(yearRangeTo)];
  if (from > 0 && to > 0) return [rangeOf(from, to)];
  if (!(year > 0)) return [];
  if (circa === "true") return [{ kind: "approximate", year }];
  if (/^\d{4}-\d\d-\d\d$/.test(birthdate)) return [{ kind: "exact", day: birthdate }];
  return [{ kind: "year", year }];
}
