import type { ListedEntry, ListedName } from "../model.ts";
import { MalformedList, type Pieces } from "./malformed.ts";
import { birthOf, countryOf, joined, known } from "./words.ts";
import { below, type Element, readElements, textOf } from "./xml.ts";

/**
 * OFAC's sdn.xml: one `sdnEntry` each. Vessels and aircraft are left out, as no customer is one. Source: the
 * specification of OFAC's list files (U.S. Treasury).
 *
 * @throws MalformedList for a file of another kind, or an entry without number or name.
 */
export async function* readOfacXml(pieces: Pieces): AsyncGenerator<ListedEntry> {
  for await (const element of readElements(pieces, "sdnList", new Set(["sdnEntry"]))) {
    const type = textOf(element, "sdnType");
    if (type === "Individual" || type === "Entity") yield entryOf(element, type);
    else if (type !== "Vessel" && type !== "Aircraft") {
      throw new MalformedList(element.line, `an entry has the unknown sdnType "${type}"`);
    }
  }
}

function entryOf(element: Element, type: "Individual" | "Entity"): ListedEntry {
  const sourceId = textOf(element, "uid");
  const name = nameOf(element);
  if (!/^\d+$/.test(sourceId)) throw new MalformedList(element.line, "an entry has no uid");
  if (name === "") throw new MalformedList(element.line, `entry ${sourceId} has no name`);
  const texts = (...path: readonly string[]) => below(element, ...path).map(({ text }) => text);
  return {
    source: "ofac_sdn",
    sourceId,
    kind: type === "Individual" ? "person" : "entity",
    names: [{ text: name, quality: "strong" }, ...below(element, "akaList", "aka").map(alias)],
    births: known(texts("dateOfBirthList", "dateOfBirthItem", "dateOfBirth").map(birthOf)),
    nationalities: [
      ...new Set(
        known(
          [
            ...texts("nationalityList", "nationality", "country"),
            ...texts("citizenshipList", "citizenship", "country"),
          ].map(countryOf),
        ),
      ),
    ],
    programmes: texts("programList", "program").map((text) => text.trim()),
    remarks: textOf(element, "remarks") || null,
  };
}

const nameOf = (element: Element) =>
  joined(textOf(element, "firstName"), textOf(element, "lastName"));

const alias = (element: Element): ListedName => ({
  text: nameOf(element),
  quality: textOf(element, "category") === "weak" ? "weak" : "strong",
});
