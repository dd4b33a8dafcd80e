import { likenessOf } from "../../screening/rules/alike.ts";
import { partsOf } from "../../screening/rules/normalise.ts";
import { type CheckResult, type Form, thresholds } from "../model.ts";
import type { Mrz } from "./mrz.ts";

/** Names that picture editors leave in the metadata of what they save. */
const editors = [
  "Adobe Photoshop",
  "Adobe Illustrator",
  "Adobe Lightroom",
  "GIMP",
  "Affinity Photo",
  "Pixelmator",
  "Paint.NET",
  "paint.net",
  "PicsArt",
  "Picsart",
  "Snapseed",
  "Canva",
  "Photopea",
  "FaceApp",
  "Facetune",
] as const;

/** Metadata stands at the beginning of pictures; so many bytes of it are looked at. */
const METADATA_BYTES = 262_144;

/** What tells that a file has metadata that could name its program. */
const METADATA = /Exif|<x:xmpmeta|Software|\/Producer|\/Creator/;

/** What is said of a document. */
export type Described = {
  /** YYYY-MM-DD, as the caller says. */
  readonly expiryDate: string | null;
  /** The caller's other words about the document that machine-readable lines also have. */
  readonly country: string | null;
  readonly number: string | null;
  readonly mrz: Pick<Mrz, "issuer" | "documentNumber" | "expiryDate"> | null;
  /** YYYY-MM-DD of the organization's now, UTC. */
  readonly today: string;
};

/** What is known of a document when it is checked. */
export type Checked = Described & {
  readonly form: Form;
  readonly bytes: Buffer;
  /** As `sharpnessOf`; null where the picture was not decoded. */
  readonly sharpness: number | null;
};

/** Every check with what it found, in a fixed order. */
export function checksOf(checked: Checked): readonly CheckResult[] {
  return [
    resolution(checked),
    sharpness(checked),
    editing(checked),
    ...describedChecks(checked),
    plain("holder", "not_possible"),
  ];
}

/** The checks of what is said of a document, which can change after its upload. */
export const describedChecks = (described: Described): readonly CheckResult[] => [
  expiry(described),
  mrz(described),
];

function resolution({ form: { width, height } }: Checked): CheckResult {
  const value = width === null || height === null ? null : Math.min(width, height);
  return measured("resolution", value, thresholds.resolution);
}

const sharpness = ({ sharpness: value }: Checked): CheckResult =>
  measured("sharpness", value === null ? null : Math.round(value), thresholds.sharpness);

function measured(
  check: "resolution" | "sharpness",
  value: number | null,
  limit: number,
): CheckResult {
  const result = value === null ? "not_possible" : value >= limit ? "passed" : "failed";
  return { check, result, value, limit };
}

/** That an editor left its name. Metadata is easily removed: `passed` is only that it names none. */
function editing({ bytes }: Checked): CheckResult {
  const text = bytes.toString("latin1", 0, METADATA_BYTES);
  if (editors.some((name) => text.includes(name))) return plain("editing", "failed");
  return plain("editing", METADATA.test(text) ? "passed" : "not_possible");
}

/** The last day of validity still counts. */
function expiry({ expiryDate, mrz: read, today }: Described): CheckResult {
  const known = [expiryDate, read?.expiryDate ?? null].filter((date) => date !== null);
  if (known.length === 0) return plain("expiry", "not_possible");
  return plain("expiry", known.every((date) => date >= today) ? "passed" : "failed");
}

/** That machine-readable lines, whose check digits hold, say what the caller says. */
function mrz({ mrz: read, expiryDate, country, number }: Described): CheckResult {
  if (read === null) return plain("mrz", "not_possible");
  // Germany's documents say D where ISO 3166 says DEU (Doc 9303 part 3 §5).
  const issuer = read.issuer === "D" ? "DEU" : read.issuer;
  const agrees =
    (expiryDate === null || expiryDate === read.expiryDate) &&
    (country === null || country === issuer) &&
    (number === null || bare(number) === bare(read.documentNumber));
  return plain("mrz", agrees ? "passed" : "failed");
}

/** Whom a document should be of. */
export type HolderFacts = {
  /** First and last name; null where they are not known, or it is no person. */
  readonly name: string | null;
  /** YYYY-MM-DD. */
  readonly birthDate: string | null;
};

/** How alike two parts of names are that are taken for one: what transliteration does to a name. */
const SAME_PART = 0.8;

/** That machine-readable lines name the person whose document it should be. */
export function holderCheck(
  read: Pick<Mrz, "firstNames" | "lastName" | "birthDate"> | null,
  { name, birthDate }: HolderFacts,
): CheckResult {
  if (read === null || name === null) return plain("holder", "not_possible");
  const sameDay = [birthDate, read.birthDate].includes(null) || birthDate === read.birthDate;
  const named = sameName(name, `${read.firstNames} ${read.lastName}`);
  return plain("holder", sameDay && named ? "passed" : "failed");
}

/** Of two names the shorter is in the longer: a document may have middle names, or leave them out. */
function sameName(one: string, other: string): boolean {
  const [shorter = [], longer = []] = [partsOf(one), partsOf(other)].sort(
    (a, b) => a.length - b.length,
  );
  return (
    shorter.length > 0 &&
    shorter.every((part) => longer.some((each) => likenessOf(part, each).alike >= SAME_PART))
  );
}

const bare = (number: string): string => number.toUpperCase().replace(/[^A-Z0-9]/g, "");

const plain = (check: CheckResult["check"], result: CheckResult["result"]): CheckResult => ({
  check,
  result,
  value: null,
  limit: null,
});
