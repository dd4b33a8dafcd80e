import type { Day } from "../model.ts";

/** Where the XML forms say when they were made, at their beginning: OFAC by month/day/year, the others by ISO 8601. */
const american = /<Publish_Date>(\d\d)\/(\d\d)\/(\d{4})<\/Publish_Date>/;
const iso = /\b(?:dateGenerated|generationDate)="(\d{4}-\d\d-\d\d)/;

/**
 * When a list was made, as the beginning of its file says.
 *
 * @returns null where it does not say: no CSV form does.
 */
export function publishedOn(beginning: string): Day | null {
  const [, month, day, year] = american.exec(beginning) ?? [];
  if (year !== undefined) return `${year}-${month}-${day}`;
  return iso.exec(beginning)?.[1] ?? null;
}
