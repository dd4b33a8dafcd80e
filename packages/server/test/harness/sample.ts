import type { TSchema } from "typebox";

/** The parts of JSON Schema that our bodies use. */
type Schema = {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly minProperties?: number;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly minLength?: number;
  readonly minimum?: number;
  readonly format?: string;
  readonly pattern?: string;
};

/** Texts that fit the patterns and formats of our schemas. */
const texts: readonly string[] = [
  "EUR",
  "DEU",
  "ada@example.com",
  "+4930123456",
  "2030-01-31T00:00:00Z",
  "1990-05-17",
  "99990000",
  "999900",
  "Europe/Berlin",
  "https://example.com/",
  "example",
];

/**
 * A smallest valid value of a schema: required fields only.
 *
 * @param fill values by field name that go before what the schema says.
 */
export function sampleOf(schema: TSchema, fill: Readonly<Record<string, unknown>> = {}): unknown {
  return sample(schema as unknown as Schema, fill);
}

/** A query with what a route requires and these fields, with its question mark; nothing where there is none. */
export function queryOf(
  schema: TSchema | undefined,
  fields: Readonly<Record<string, string>> = {},
): string {
  const required = schema === undefined ? {} : (sampleOf(schema) as Record<string, string>);
  const text = new URLSearchParams({ ...required, ...fields }).toString();
  return text === "" ? "" : `?${text}`;
}

function sample(schema: Schema, fill: Readonly<Record<string, unknown>>): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.anyOf?.[0] !== undefined) return sample(schema.anyOf[0], fill);
  switch (schema.type) {
    case "object":
      return sampleObject(schema, fill);
    case "array":
      return schema.items && (schema.minItems ?? 0) > 0 ? [sample(schema.items, fill)] : [];
    case "integer":
    case "number":
      return Math.max(schema.minimum ?? 1, 1);
    case "boolean":
      return true;
    case "null":
      return null;
    default:
      return sampleText(schema);
  }
}

function sampleObject(schema: Schema, fill: Readonly<Record<string, unknown>>): unknown {
  const all = Object.keys(schema.properties ?? {});
  const named = all.filter((name) => schema.required?.includes(name) || name in fill);
  const more = all.filter((name) => !named.includes(name));
  const names = [
    ...named,
    ...more.slice(0, Math.max(0, (schema.minProperties ?? 0) - named.length)),
  ];
  return Object.fromEntries(
    names.map((name) => {
      const property = schema.properties?.[name] ?? {};
      return [name, name in fill ? fill[name] : sample(property, fill)];
    }),
  );
}

function sampleText({ format, pattern, minLength = 1 }: Schema): string {
  if (format === "date") return "1990-05-17";
  if (format === "date-time") return "2030-01-31T00:00:00Z";
  const fits = (text: string) =>
    text.length >= minLength && (pattern === undefined || new RegExp(pattern, "u").test(text));
  return texts.find(fits) ?? "x".repeat(minLength);
}
