import { alpha2Of, countries, countryName } from "../../../foundation/countries/countries.ts";
import type { ListedBirth } from "../model.ts";

/** Names that lists use and Unicode does not. */
const otherNames: Readonly<Record<string, string>> = {
  "russian federation": "RUS",
  "syrian arab republic": "SYR",
  "iran (islamic republic of)": "IRN",
  "korea, north": "PRK",
  "korea, south": "KOR",
  "democratic people's republic of korea": "PRK",
  "democratic people’s republic of korea": "PRK",
  "republic of korea": "KOR",
  "congo, democratic republic of the": "COD",
  "democratic republic of the congo": "COD",
  "congo, republic of the": "COG",
  burma: "MMR",
  "united states of america": "USA",
  "united kingdom of great britain and northern ireland": "GBR",
  "libyan arab jamahiriya": "LBY",
  "united republic of tanzania": "TZA",
  "venezuela (bolivarian republic of)": "VEN",
  "viet nam": "VNM",
  "republic of moldova": "MDA",
  "the gambia": "GMB",
  "cote d ivoire": "CIV",
  turkey: "TUR",
  palestinian: "PSE",
  "west bank": "PSE",
};

const byName = new Map([
  ...countries.map((code): [string, string] => [countryName(code).toLowerCase(), code]),
  ...Object.entries(otherNames),
]);
const byAlpha2 = new Map(countries.map((code) => [alpha2Of(code), code]));

/** A country as lists write it, name or two letters; null for what is none ("Stateless", "na"). */
export const countryOf = (text: string): string | null =>
  byName.get(text.trim().toLowerCase()) ?? byAlpha2.get(text.trim().toUpperCase()) ?? null;

const months = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
const two = (text: string) => text.padStart(2, "0");

/** A birth as OFAC writes it: "10 Dec 1948", "Dec 1948", "1948", "circa 1948", "1948 to 1950"; else null. */
export function birthOf(text: string): ListedBirth | null {
  const words = text.trim().toLowerCase();
  const circa = /^circa (?:.* )?(\d{4})$/.exec(words)?.[1];
  if (circa !== undefined) return { kind: "approximate", year: Number(circa) };
  const range = /^(?:.* )?(\d{4}) to (?:.* )?(\d{4})$/.exec(words);
  if (range !== null) return rangeOf(Number(range[1]), Number(range[2]));
  const day = /^(\d{1,2}) ([a-z]{3}) (\d{4})$/.exec(words);
  const month = months.indexOf(day?.[2] ?? "") + 1;
  if (day !== null && month > 0) {
    return { kind: "exact", day: `${day[3]}-${two(String(month))}-${two(day[1] as string)}` };
  }
  const year = /^(?:[a-z]{3} )?(\d{4})$/.exec(words)?.[1];
  return year === undefined ? null : { kind: "year", year: Number(year) };
}

export const rangeOf = (from: number, to: number): ListedBirth =>
  from === to ? { kind: "year", year: from } : { kind: "range", from, to };

/** The parts of a name as one text; which comes first is of no weight when names are compared. */
export const joined = (...words: readonly string[]): string =>
  words
    .map((word) => word.trim())
    .filter((word) => word !== "")
    .join(" ");

export const known = <T>(values: readonly (T | null)[]): T[] =>
  values.filter((value) => value !== null);
