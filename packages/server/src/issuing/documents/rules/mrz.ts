import type { Problem } from "../../../foundation/errors/errors.ts";
import { documentErrors } from "../errors.ts";
import type { MrzFormat } from "../model.ts";

/** What machine-readable lines say. Dates are YYYY-MM-DD. */
export type Mrz = {
  readonly format: MrzFormat;
  /** One or two letters: P of passports, I, A or C of cards. */
  readonly documentCode: string;
  /** The three letters as printed, without filling: ISO 3166-1 alpha-3, or such as D, UTO, UNO. */
  readonly issuer: string;
  readonly documentNumber: string;
  readonly nationality: string;
  /** Null where a part of the date is not known to the issuer (§4.8 allows filling). */
  readonly birthDate: string | null;
  readonly sex: "M" | "F" | "X";
  readonly expiryDate: string;
  readonly lastName: string;
  /** Empty where the holder has one name only. */
  readonly firstNames: string;
};

/** Lines that were read, or everything that is wrong with them. */
export type MrzReading =
  | { readonly ok: true; readonly mrz: Mrz }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Where a value stands, and the place of its check digit. */
type Field = { readonly text: string; readonly digit: string };

/** The parts of lines, cut out but not yet believed. */
type Parts = {
  readonly format: MrzFormat;
  readonly documentCode: string;
  readonly issuer: string;
  readonly number: Field;
  readonly nationality: string;
  readonly birth: Field;
  readonly sex: string;
  readonly expiry: Field;
  /** A passport's personal number; other formats have no check digit of their own there. */
  readonly optional: Field | null;
  readonly composite: Field;
  readonly names: string;
};

const layouts: Readonly<Record<string, (lines: readonly string[]) => Parts>> = {
  "2x44": ([first = "", second = ""]) => ({
    ...nameLine("TD3", first),
    ...holder(second, 13, 20),
    nationality: second.slice(10, 13),
    number: { text: second.slice(0, 9), digit: second.slice(9, 10) },
    optional: { text: second.slice(28, 42), digit: second.slice(42, 43) },
    composite: {
      text: second.slice(0, 10) + second.slice(13, 20) + second.slice(21, 43),
      digit: second.slice(43),
    },
  }),
  "2x36": ([first = "", second = ""]) => ({
    ...nameLine("TD2", first),
    ...holder(second, 13, 20),
    nationality: second.slice(10, 13),
    number: numberField(second.slice(0, 9), second.slice(9, 10), second.slice(28, 35)),
    optional: null,
    composite: {
      text: second.slice(0, 10) + second.slice(13, 20) + second.slice(21, 35),
      digit: second.slice(35),
    },
  }),
  "3x30": ([first = "", second = "", third = ""]) => ({
    format: "TD1",
    documentCode: first.slice(0, 2),
    issuer: first.slice(2, 5),
    ...holder(second, 0, 7),
    nationality: second.slice(15, 18),
    number: numberField(first.slice(5, 14), first.slice(14, 15), first.slice(15, 30)),
    optional: null,
    composite: {
      text: first.slice(5, 30) + second.slice(0, 7) + second.slice(8, 15) + second.slice(18, 29),
      digit: second.slice(29),
    },
    names: third,
  }),
};

const nameLine = (format: MrzFormat, line: string) => ({
  format,
  documentCode: line.slice(0, 2),
  issuer: line.slice(2, 5),
  names: line.slice(5),
});

/** Birth date, sex and expiry date stand together: 6 + 1, 1, 6 + 1 characters. */
const holder = (line: string, birthAt: number, sexAt: number) => ({
  birth: fieldAt(line, birthAt),
  sex: line.slice(sexAt, sexAt + 1),
  expiry: fieldAt(line, sexAt + 1),
});

const fieldAt = (line: string, at: number): Field => ({
  text: line.slice(at, at + 6),
  digit: line.slice(at + 6, at + 7),
});

/**
 * A card's number of more than nine characters goes on in the optional data, where its check digit
 * ends it; the place of the check digit then has a filler (Doc 9303 part 5 §4.2.4, part 6 note j).
 */
function numberField(head: string, digit: string, optional: string): Field {
  if (digit !== "<") return { text: head, digit };
  const [rest = ""] = optional.split("<");
  if (rest.length < 2) return { text: head, digit };
  return { text: head + rest.slice(0, -1), digit: rest.slice(-1) };
}

/**
 * Check digit of Doc 9303 part 3 §4.9: weights 7, 3, 1; A is 10, Z is 35, filling is 0; modulo 10.
 *
 * @param text of A to Z, 0 to 9 and <.
 */
export function mrzCheckDigit(text: string): string {
  let sum = 0;
  for (let at = 0; at < text.length; at += 1) {
    const value = text[at] === "<" ? 0 : Number.parseInt(text[at] as string, 36);
    sum += value * ([7, 3, 1][at % 3] as number);
  }
  return String(sum % 10);
}

/**
 * Reads the machine-readable lines of a passport or card as somebody typed them: spaces at the ends
 * and small letters are forgiven, nothing else is.
 *
 * @param today YYYY-MM-DD of the organization's now; it tells the century of a birth.
 */
export function readMrz(typed: readonly string[], today: string): MrzReading {
  const lines = typed.slice(0, 4).map((line) => line.trim().toUpperCase());
  const [first = ""] = lines;
  const layout = layouts[`${lines.length}x${first.length}`];
  const isEven = lines.every((line) => line.length === first.length);
  if (layout === undefined || !isEven) return refused([problem("mrz_lines")]);
  if (lines.some((line) => !/^[A-Z0-9<]+$/.test(line))) return refused([problem("mrz_characters")]);
  const parts = layout(lines);
  const mrz = valuesOf(parts, today);
  const problems = [...digitProblems(parts), ...valueProblems(parts, mrz)];
  const { expiryDate, sex } = mrz;
  if (problems.length > 0 || expiryDate === null || sex === null) return refused(problems);
  return { ok: true, mrz: { ...mrz, expiryDate, sex } };
}

const problem = (code: Parameters<typeof documentErrors.problem>[0]): Problem =>
  documentErrors.problem(code, "mrz");

const refused = (problems: readonly Problem[]): MrzReading => ({ ok: false, problems });

function digitProblems(parts: Parts): Problem[] {
  const { number, birth, expiry, optional, composite } = parts;
  const isEmpty = optional !== null && /^<*$/.test(optional.text);
  // An empty personal number may have a filler for its digit; every other field has a digit.
  const holdsOptional = optional === null || holds(optional) || (isEmpty && optional.digit === "<");
  return [
    ...(holds(number) ? [] : [problem("mrz_document_number_check")]),
    ...(holds(birth) ? [] : [problem("mrz_birth_date_check")]),
    ...(holds(expiry) ? [] : [problem("mrz_expiry_date_check")]),
    ...(holdsOptional ? [] : [problem("mrz_optional_check")]),
    ...(holds(composite) ? [] : [problem("mrz_composite_check")]),
  ];
}

const holds = ({ text, digit }: Field): boolean => mrzCheckDigit(text) === digit;

function valuesOf(parts: Parts, today: string) {
  const [lastName = "", firstNames = ""] = parts.names.split("<<");
  return {
    format: parts.format,
    documentCode: plain(parts.documentCode),
    issuer: plain(parts.issuer),
    documentNumber: plain(parts.number.text),
    nationality: plain(parts.nationality),
    birthDate: birthDateOf(parts.birth.text, today),
    sex: ({ M: "M", F: "F", "<": "X", X: "X" } as const)[parts.sex] ?? null,
    // Documents are valid for ten years or so: their end is in this century.
    expiryDate: dateOf("20", parts.expiry.text),
    lastName: plain(lastName),
    firstNames: plain(firstNames),
  };
}

function valueProblems(parts: Parts, mrz: ReturnType<typeof valuesOf>): Problem[] {
  const isPartlyKnown = /^[\d<]{6}$/.test(parts.birth.text) && parts.birth.text.includes("<");
  return [
    ...(mrz.birthDate !== null || isPartlyKnown ? [] : [problem("mrz_birth_date")]),
    ...(mrz.expiryDate !== null ? [] : [problem("mrz_expiry_date")]),
    ...(mrz.sex !== null ? [] : [problem("mrz_sex")]),
    ...(mrz.lastName !== "" && !/\d/.test(parts.names) ? [] : [problem("mrz_name")]),
  ];
}

/** Without filling: a single < inside stands for a space. */
const plain = (text: string): string => text.replaceAll("<", " ").trim().replace(/ +/g, " ");

/** The latest century in which the birth is not after today. */
function birthDateOf(text: string, today: string): string | null {
  const near = dateOf("20", text);
  return near !== null && near <= today ? near : dateOf("19", text);
}

/** YYYY-MM-DD of YYMMDD; null where the calendar has no such day. */
function dateOf(century: string, text: string): string | null {
  if (!/^\d{6}$/.test(text)) return null;
  const date = `${century}${text.slice(0, 2)}-${text.slice(2, 4)}-${text.slice(4, 6)}`;
  const read = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(read.getTime()) && read.toISOString().startsWith(date) ? date : null;
}
