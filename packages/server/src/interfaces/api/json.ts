import type { Problem } from "../../foundation/errors/errors.ts";
import { fieldErrors } from "./errors.ts";

/**
 * Reads JSON bodies more strictly than JSON.parse: nothing is rounded, dropped or guessed. The syntax
 * and the values are JSON.parse's; a scan of the same text finds what it would let pass.
 */

/** Levels of objects and arrays that a body may have. */
export const MAX_DEPTH = 32;

/** Most lines that one answer's `errors[]` has. */
export const MAX_PROBLEMS = 100;

/** Names that reach an object's prototype in careless code; no field of ours is called so. */
export const forbiddenNames: ReadonlySet<string> = new Set([
  "__proto__",
  "constructor",
  "prototype",
]);

/** A whole number of at most 16 digits; its value must be a safe integer too. */
const WHOLE = /^(0|-?[1-9]\d{0,15})$/;

/** Whether a text is a whole number that is exact. */
export const isWhole = (text: string): boolean =>
  WHOLE.test(text) && Number.isSafeInteger(Number(text));

const INTEGER_TOKEN = /[-+0-9.eE]+/y;

export type ParsedJson =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** One open object or array of the scan. */
type Frame = {
  /** Names seen so far; null in an array. */
  readonly names: Set<string> | null;
  /** The name or index of the value being read. */
  at: string | number;
  /** Whether the next string is a name. */
  expectsName: boolean;
};

/** Parses a body; every breach comes back with the path of its field. */
export function parseJson(text: string): ParsedJson {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, problems: [fieldErrors.problem("json_malformed")] };
  }
  const problems = scan(text);
  return problems.length === 0 ? { ok: true, value } : { ok: false, problems };
}

/** What a text that JSON.parse accepts says that we do not accept. */
function scan(text: string): Problem[] {
  const frames: Frame[] = [];
  const problems: Problem[] = [];
  const report = (code: keyof typeof fieldErrors.entries, field = pathOf(frames)) => {
    if (problems.length < MAX_PROBLEMS) problems.push(fieldErrors.problem(code, field));
  };
  for (let at = 0; at < text.length; ) {
    const character = text.charCodeAt(at);
    const frame = frames.at(-1);
    if (character === QUOTE) {
      const end = closingQuote(text, at);
      if (frame?.expectsName) takeName(frame, stringAt(text, at, end), report);
      else checkText(stringAt(text, at, end), report);
      at = end + 1;
    } else if (character === OPEN_BRACE || character === OPEN_BRACKET) {
      if (frames.length === MAX_DEPTH) return [fieldErrors.problem("json_too_deep")];
      const isObject = character === OPEN_BRACE;
      frames.push({ names: isObject ? new Set() : null, at: 0, expectsName: isObject });
      at += 1;
    } else if (character === MINUS || (character >= DIGIT_0 && character <= DIGIT_9)) {
      at = checkNumber(text, at, report);
    } else {
      if (character === CLOSE_BRACE || character === CLOSE_BRACKET) frames.pop();
      else if (character === COMMA && frame !== undefined) nextValue(frame);
      at += 1;
    }
  }
  return problems;
}

type Report = (code: keyof typeof fieldErrors.entries, field?: string) => void;

const [QUOTE, BACKSLASH, COMMA, MINUS] = [0x22, 0x5c, 0x2c, 0x2d];
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d];
const [DIGIT_0, DIGIT_9] = [0x30, 0x39];

function nextValue(frame: Frame): void {
  if (frame.names === null) frame.at = Number(frame.at) + 1;
  else frame.expectsName = true;
}

function takeName(frame: Frame, name: string, report: Report): void {
  frame.expectsName = false;
  frame.at = name;
  if (forbiddenNames.has(name)) report("field_unknown");
  else if (frame.names?.has(name)) report("field_repeated");
  checkText(name, report);
  frame.names?.add(name);
}

function checkText(text: string, report: Report): void {
  if (text.includes("\u0000")) report("field_nul");
  else if (!text.isWellFormed()) report("field_unicode");
}

function checkNumber(text: string, start: number, report: Report): number {
  INTEGER_TOKEN.lastIndex = start;
  const source = INTEGER_TOKEN.exec(text)?.[0] ?? "";
  if (!isWhole(source)) report("field_number");
  return start + Math.max(source.length, 1);
}

function closingQuote(text: string, start: number): number {
  let at = start + 1;
  for (; text.charCodeAt(at) !== QUOTE; at += 1) if (text.charCodeAt(at) === BACKSLASH) at += 1;
  return at;
}

function stringAt(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end);
  return raw.includes("\\") ? JSON.parse(text.slice(start, end + 1)) : raw;
}

function pathOf(frames: readonly Frame[]): string {
  return frames.map((frame) => String(frame.at)).join(".");
}
