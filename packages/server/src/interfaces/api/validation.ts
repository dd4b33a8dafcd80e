import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import addFormats from "ajv-formats";
import type { TSchema } from "typebox";
import type { Problem } from "../../foundation/errors/errors.ts";
import { generalErrors, type Refusal } from "../../foundation/errors/errors.ts";
import { object } from "../../foundation/route/schemas.ts";
import { fieldErrors } from "./errors.ts";
import { MAX_PROBLEMS } from "./json.ts";

/** The three parts of a request that schemas describe. */
export type Part = "params" | "query" | "body";

/** Finds what is wrong with one part; coerces params and query in place. */
export type PartCheck = (value: unknown) => readonly Problem[];

/** A part that a route does not have takes no field at all. */
const nothing = object({});

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const DATE_TIME =
  /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/** Whether a text is a day that the calendar has, from the year 1 on. */
export function isDate(text: string): boolean {
  const [, year = "", month = "", day = ""] = DATE.exec(text) ?? [];
  if (year === "" || year === "0000") return false;
  const days = new Date(Date.UTC(2000 + (Number(year) % 400), Number(month), 0)).getUTCDate();
  return Number(month) >= 1 && Number(month) <= 12 && Number(day) >= 1 && Number(day) <= days;
}

/**
 * Whether a text is an RFC 3339 instant of a real day, without leap second. In UTC too its year has four
 * digits: one that has more cannot be written again, and what holds it could not be read.
 */
function isDateTime(text: string): boolean {
  if (!isDate(DATE_TIME.exec(text)?.[1] ?? "")) return false;
  return new Date(text).getUTCFullYear() <= 9999;
}

const strict = { allErrors: true, removeAdditional: false, strictTypes: false } as const;
const bodies = withFormats(new Ajv({ ...strict, coerceTypes: false }));
const texts = withFormats(new Ajv({ ...strict, coerceTypes: true, useDefaults: true }));

function withFormats(ajv: Ajv): Ajv {
  addFormats.default(ajv);
  ajv.addFormat("date", { type: "string", validate: isDate });
  ajv.addFormat("date-time", { type: "string", validate: isDateTime });
  return ajv;
}

/** Compiles the check of one part of a route. */
export function compileCheck(part: Part, schema: TSchema = nothing): PartCheck {
  const validate = (part === "body" ? bodies : texts).compile(schema);
  const wholeNumbers = part === "body" ? [] : integersOf(schema);
  return (value) => {
    const problems = part === "body" ? [] : textProblems(value as Texts, wholeNumbers);
    return problems.length > 0 ? problems : schemaProblems(validate, value, part);
  };
}

type Texts = Readonly<Record<string, unknown>>;

/** Names of a query's integers: `1e3` and `0x10` are numbers to ajv's coercion, but not to us. */
function integersOf(schema: TSchema): string[] {
  const { properties = {} } = schema as { properties?: Record<string, { type?: string }> };
  return Object.keys(properties).filter((name) => properties[name]?.type === "integer");
}

function textProblems(values: Texts, wholeNumbers: readonly string[]): Problem[] {
  const problems: Problem[] = [];
  for (const [name, value] of Object.entries(values)) {
    if (typeof value !== "string") continue;
    if (value.includes("\u0000")) problems.push(fieldErrors.problem("field_nul", name));
    else if (!value.isWellFormed()) problems.push(fieldErrors.problem("field_unicode", name));
    else if (wholeNumbers.includes(name) && !/^(0|-?[1-9]\d{0,15})$/.test(value)) {
      problems.push(fieldErrors.problem("field_number", name));
    }
  }
  return problems;
}

function schemaProblems(validate: ValidateFunction, value: unknown, part: Part): Problem[] {
  if (validate(value)) return [];
  const errors = withoutNullBranches(validate.errors ?? []);
  const lines = new Map<string, Problem>();
  for (const error of errors.slice(0, MAX_PROBLEMS)) {
    const problem = describe(error, part);
    const key = `${problem.code} ${problem.field}`;
    if (!lines.has(key)) lines.set(key, problem);
  }
  return [...lines.values()];
}

/**
 * Of a value that may be null or a text, ajv reports the broken text, "must be null" and "must match
 * one"; only the first says anything.
 */
function withoutNullBranches(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const isNull = (error: ErrorObject) =>
    error.keyword === "type" && error.params.type === "null" && error.schemaPath.includes("Of/");
  const branches = errors.filter((error) => !isNull(error));
  const useful = branches.filter(({ keyword }) => keyword !== "anyOf" && keyword !== "oneOf");
  return useful.length > 0 ? useful : branches;
}

type Code = keyof typeof fieldErrors.entries;

/** ajv's keyword to our code, and what it says; never with the value that was sent. */
const keywords: Readonly<
  Record<string, readonly [Code, (params: Record<string, unknown>) => string]>
> = {
  additionalProperties: ["field_unknown", () => "There is no such field here."],
  unevaluatedProperties: ["field_unknown", () => "There is no such field here."],
  propertyNames: ["field_unknown", () => "The name is not acceptable."],
  required: ["field_required", () => "The field is missing."],
  type: ["field_type", ({ type }) => `Must be of type ${type}.`],
  minimum: ["field_range", ({ limit }) => `Must be at least ${limit}.`],
  maximum: ["field_range", ({ limit }) => `Must be at most ${limit}.`],
  exclusiveMinimum: ["field_range", ({ limit }) => `Must be more than ${limit}.`],
  exclusiveMaximum: ["field_range", ({ limit }) => `Must be less than ${limit}.`],
  multipleOf: ["field_range", ({ multipleOf }) => `Must be a multiple of ${multipleOf}.`],
  minLength: ["field_length", ({ limit }) => `Must have at least ${limit} characters.`],
  maxLength: ["field_length", ({ limit }) => `Must have at most ${limit} characters.`],
  minItems: ["field_count", ({ limit }) => `Must have at least ${limit} items.`],
  maxItems: ["field_count", ({ limit }) => `Must have at most ${limit} items.`],
  minProperties: ["field_count", ({ limit }) => `Must have at least ${few(limit)}.`],
  maxProperties: ["field_count", ({ limit }) => `Must have at most ${limit} fields.`],
  uniqueItems: ["field_count", () => "Each item may occur once."],
  enum: ["field_value", ({ allowedValues }) => `Must be one of: ${list(allowedValues)}.`],
  const: ["field_value", ({ allowedValue }) => `Must be ${allowedValue}.`],
  pattern: ["field_format", ({ pattern }) => `Must match ${pattern}.`],
  format: ["field_format", ({ format }) => `Must be a valid ${format}.`],
};

const few = (count: unknown) => (count === 1 ? "one field" : `${count} fields`);
const list = (values: unknown) => (Array.isArray(values) ? values.join(", ") : String(values));

/** Longest field path in an answer; it may hold names that the caller made up. */
const MAX_FIELD_LENGTH = 200;

function describe(error: ErrorObject, part: Part): Problem {
  const [code, say] = keywords[error.keyword] ?? ["field_value", () => "The value does not fit."];
  const params = error.params as Record<string, unknown>;
  const extra = params.additionalProperty ?? params.missingProperty ?? params.propertyName;
  const path = error.instancePath.split("/").slice(1).map(unescapePointer);
  if (extra !== undefined) path.push(String(extra));
  if (path.length === 0 && part === "body") {
    const isNoObject = error.keyword === "type";
    const message = isNoObject ? "The body must be a JSON object." : say(params);
    return { ...fieldErrors.problem(code), message };
  }
  return fieldErrors.problem(code, path.join(".").slice(0, MAX_FIELD_LENGTH), say(params));
}

const unescapePointer = (text: string) => text.replaceAll("~1", "/").replaceAll("~0", "~");

/** The refusal that names every broken field. */
export function malformed(problems: readonly Problem[]): Refusal {
  const fields = problems.flatMap(({ field }) => (field === undefined ? [] : [field]));
  const detail =
    fields.length === 0
      ? (problems[0]?.message ?? "The request is malformed.")
      : `${problems.length} ${problems.length === 1 ? "field is" : "fields are"} not acceptable.`;
  return generalErrors.refusal("invalid_request", detail, { problems });
}
