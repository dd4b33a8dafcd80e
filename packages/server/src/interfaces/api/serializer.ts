import type { TSchema } from "typebox";

type Schema = { readonly [key: string]: unknown };

const isSchema = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const mapValues = (schemas: Schema, change: (schema: Schema) => Schema): Schema =>
  Object.fromEntries(
    Object.entries(schemas).map(([name, value]) => [name, isSchema(value) ? change(value) : value]),
  );

/**
 * A reply schema as fast-json-stringify serves us best. Of "this or null" it would validate each value
 * against both and fail on a field too many; as one nullable schema it drops the field and is five
 * times faster.
 */
export function forSerializer(schema: TSchema): Schema {
  return change(schema as unknown as Schema);
}

function change(schema: Schema): Schema {
  const merged = nullableOf(schema) ?? schema;
  const { properties, items, patternProperties, anyOf, allOf, ...rest } = merged;
  return {
    ...rest,
    ...(isSchema(properties) ? { properties: mapValues(properties, change) } : {}),
    ...(isSchema(patternProperties)
      ? { patternProperties: mapValues(patternProperties, change) }
      : {}),
    ...(isSchema(items) ? { items: change(items) } : {}),
    ...(Array.isArray(anyOf) ? { anyOf: anyOf.map(change) } : {}),
    ...(Array.isArray(allOf) ? { allOf: allOf.map(change) } : {}),
  };
}

/** `anyOf: [X, null]` as X with `nullable`; null for every other schema. */
function nullableOf({ anyOf, ...rest }: Schema): Schema | null {
  if (!Array.isArray(anyOf) || anyOf.length !== 2) return null;
  const [other] = anyOf.filter((branch: Schema) => branch.type !== "null") as Schema[];
  const hasNull = anyOf.some((branch: Schema) => branch.type === "null");
  return hasNull && typeof other?.type === "string" ? { ...rest, ...other, nullable: true } : null;
}
