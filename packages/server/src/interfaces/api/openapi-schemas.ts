import type { TSchema } from "typebox";
import type { Route } from "../../foundation/route/route.ts";

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

const COMPONENT_NAME = /^[A-Z][A-Za-z0-9]*$/;

/**
 * Gathers the titled schemas of a route table by their titles, so that each is described once.
 *
 * @throws Error when two different schemas have the same title
 */
export function titledSchemas(routes: readonly Route[]): JsonObject {
  const schemas: JsonObject = {};
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const inner of Object.values(value)) visit(inner);
    const { title } = value as { title?: unknown };
    if (typeof title !== "string" || !COMPONENT_NAME.test(title)) return;
    const described = withReferences(value as JsonObject, true);
    const known = schemas[title];
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(described)) {
      throw new Error(`Two different schemas have the title ${title}.`);
    }
    schemas[title] = described;
  };
  for (const { params, query, body, reply } of routes) {
    for (const schema of [params, query, body, reply]) visit(schema);
  }
  return schemas;
}

/** A schema as JSON, with references in place of titled schemas. */
export function plain(schema: TSchema): JsonObject {
  return withReferences(schema as unknown as JsonObject, false) as JsonObject;
}

function withReferences(value: Json, isTop: boolean): Json {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => withReferences(item, false));
  const { title } = value;
  if (!isTop && typeof title === "string" && COMPONENT_NAME.test(title)) {
    return { $ref: `#/components/schemas/${title}` };
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, withReferences(inner, false)]),
  );
}
