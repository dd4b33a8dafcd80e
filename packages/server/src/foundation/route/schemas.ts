import { type Static, type TProperties, type TSchema, Type } from "typebox";
import { MAX_ID_LENGTH } from "../ids/ids.ts";
import { MAX_MOVEMENT } from "../money/money.ts";

/** Pieces that the schemas of every module share. All objects are closed: an unknown field is an error. */

/** A closed object. */
export const object = <P extends TProperties>(properties: P, options: object = {}) =>
  Type.Object(properties, { additionalProperties: false, ...options });

/** A value that is always present and may be null. */
export const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** One of a fixed list of words. */
export const oneOf = <const W extends string>(words: readonly W[], options: object = {}) =>
  Type.Unsafe<W>({ type: "string", enum: [...words], ...options });

/** An id of any kind; never refused by its format, only by its length. */
export const idText = (what: string) =>
  Type.String({ minLength: 1, maxLength: MAX_ID_LENGTH, description: what });

/** Text for people: bounded, without control characters other than tabs and line ends. */
export const text = (maxLength: number, options: object = {}) =>
  Type.String({
    minLength: 1,
    maxLength,
    pattern: "^[^\\u0000-\\u0008\\u000B\\u000C\\u000E-\\u001F\\u007F]*$",
    ...options,
  });

/** An amount to move, in minor units: 1 to 10^12. */
export const positiveAmount = Type.Integer({
  minimum: 1,
  maximum: Number(MAX_MOVEMENT),
  description: "Amount in minor units of the currency.",
});

/** An amount that may be nothing, in minor units. */
export const amount = Type.Integer({
  minimum: 0,
  maximum: Number(MAX_MOVEMENT),
  description: "Amount in minor units of the currency.",
});

/** An amount in an answer: any exact integer of minor units. */
export const amountShown = Type.Integer({ description: "Minor units of the currency." });

export const currencyCode = Type.String({
  pattern: "^[A-Z]{3}$",
  description: "ISO 4217 code.",
});

/** RFC 3339. Of what the format allows, only what PostgreSQL and JavaScript both read alike. */
export const timestamp = Type.String({
  format: "date-time",
  pattern:
    "^[1-9]\\d{3}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:[0-5]\\d(\\.\\d{1,9})?(Z|[+-](0\\d|1[0-4]):[0-5]\\d)$",
  description: "RFC 3339, UTC.",
});

/**
 * The instant of a timestamp as a bound of a period. Ours are whole milliseconds, so one with finer digits
 * bounds as the next millisecond does: "from" it and "before" it stay what they say.
 */
export function instantOf(text: string): Date {
  const cut = new Date(text);
  const finer = /\.\d{3}\d*[1-9]/.test(text);
  return finer ? new Date(cut.getTime() + 1) : cut;
}

export const date = Type.String({ format: "date", description: "YYYY-MM-DD." });

/** ISO 3166-1 alpha-3. */
export const countryCode = Type.String({
  pattern: "^[A-Z]{3}$",
  description: "ISO 3166-1 alpha-3 code.",
});

/** Up to 50 short texts of the integrator's own. */
export const metadata = Type.Record(
  Type.String({ minLength: 1, maxLength: 40, pattern: "^[A-Za-z0-9_.-]{1,40}$" }),
  Type.String({ maxLength: 500 }),
  {
    maxProperties: 50,
    additionalProperties: false,
    description: "Up to 50 texts of your own, by name.",
  },
);

/** The prefix that marks an external id in a path. */
const EXTERNAL = "external:";

/**
 * `{id}` of a path: the id, or `external:<externalId>` where the object has one, which is as long as an id
 * may be and has the prefix besides.
 */
export const idParams = object({
  id: Type.String({
    minLength: 1,
    maxLength: EXTERNAL.length + MAX_ID_LENGTH,
    description: "The id, or external:<externalId>.",
  }),
});

/** The part of a list's query that every list has. */
export const pageQuery = {
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 100, default: 25, description: "Rows of a page." }),
  ),
  cursor: Type.Optional(
    Type.String({ minLength: 1, maxLength: 500, description: "nextCursor of the page before." }),
  ),
} as const;

/** `{ data, nextCursor }`. */
export const pageOf = <T extends TSchema>(item: T) =>
  object({ data: Type.Array(item), nextCursor: nullable(Type.String()) });

export type Page<T> = { data: T[]; nextCursor: string | null };

/** How a path names an object: by our id, or by the integrator's. */
export type Reference = { readonly by: "id" | "externalId"; readonly value: string };

/** Reads `{id}` of a path. */
export function reference(id: string): Reference {
  return id.startsWith(EXTERNAL)
    ? { by: "externalId", value: id.slice(EXTERNAL.length) }
    : { by: "id", value: id };
}

export type StaticOf<T extends TSchema> = Static<T>;
