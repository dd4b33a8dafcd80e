import { type Static, type TSchema, Type } from "typebox";
import { assert } from "../errors/errors.ts";

/**
 * Which fields of what is shown are about a person, and about whom: said once, in its schema. Events,
 * stored answers, the audit log and OpenAPI go by it.
 */

const FIELD = "x-personal";
const SUBJECT = "x-subject";

/** Marks a field as personal data of the person whom the object around it is about. */
export const personal = <T extends TSchema>(schema: T) =>
  Type.Unsafe<Static<T>>({ ...schema, [FIELD]: true });

/**
 * An option of an object's schema: it is about the person named by the first of these fields that is
 * not null; the organization stands in `organizationId`.
 */
export const about = (...fields: readonly string[]) => ({ [SUBJECT]: fields });

/** Where a reply has personal data, and where it says whose; dotted paths. */
export type PersonalPlaces = {
  readonly organization: string;
  /** The person's id stands in the first of these that is not null. */
  readonly subject: readonly string[];
  readonly fields: readonly string[];
};

type Found = { readonly path: readonly string[]; readonly schema: Schema };
type Schema = { readonly [keyword: string]: unknown };

/** Paths of the personal fields of an object's schema; `[]` stands for each item of an array. */
export const personalFieldsOf = (schema: TSchema): readonly string[] =>
  find(schema, FIELD).map(({ path }) => path.join("."));

/**
 * Where personal data stands in a reply; null where it has none.
 *
 * @throws Fault where it is not, by its schema, about one person of one organization.
 */
export function personalPlacesOf(schema: TSchema): PersonalPlaces | null {
  const fields = personalFieldsOf(schema);
  if (fields.length === 0) return null;
  const [one] = find(schema, SUBJECT);
  assert(one !== undefined, "A reply is about one person.");
  const at = (name: string) => [...one.path, name].join(".");
  assert(!one.path.includes("[]"), "A reply is about one person.");
  assert(
    fields.every((field) => field.startsWith(at(""))) && !fields.some((f) => f.includes("[]")),
    "Personal data stands in what is about a person.",
  );
  const subject = (one.schema[SUBJECT] as readonly string[]).map(at);
  return { organization: at("organizationId"), subject, fields };
}

/** All places with a keyword, the outermost of those that lie in each other. */
function find(schema: unknown, keyword: string, path: readonly string[] = []): Found[] {
  if (!isObject(schema)) return [];
  if (keyword in schema) return [{ path, schema }];
  const { properties = {}, items, anyOf = [] } = schema;
  return [
    ...Object.entries(properties as Schema).flatMap(([name, inner]) =>
      find(inner, keyword, [...path, name]),
    ),
    ...(anyOf as readonly unknown[]).flatMap((inner) => find(inner, keyword, path)),
    ...find(items, keyword, [...path, "[]"]),
  ];
}

type Shown = Readonly<Record<string, unknown>>;

/** The values at those of some dotted paths where there is one. */
export function valuesAt(shown: Shown, paths: readonly string[]): Record<string, unknown> {
  const found = paths.map((path) => [path, valueAt(shown, path)] as const);
  return Object.fromEntries(found.filter(([, value]) => value !== undefined && value !== null));
}

/** The value at a dotted path; undefined where there is none. */
export const valueAt = (shown: unknown, path: string): unknown =>
  path
    .split(".")
    .reduce<unknown>((value, name) => (isObject(value) ? value[name] : undefined), shown);

/** A copy with other values at some dotted paths; what is beside them is shared. */
export const replaceAll = (
  shown: Shown,
  paths: readonly string[],
  replacement: (path: string) => unknown,
): Shown =>
  paths.reduce((result, path) => replaceAt(result, path.split("."), replacement(path)), shown);

function replaceAt(shown: Shown, [name = "", ...rest]: readonly string[], value: unknown): Shown {
  const inner = shown[name];
  const replaced = rest.length > 0 && isObject(inner) ? replaceAt(inner, rest, value) : value;
  return { ...shown, [name]: replaced };
}

function isObject(value: unknown): value is Shown {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
