import { Type } from "typebox";
import {
  countryCode,
  date,
  nullable,
  object,
  oneOf,
  type StaticOf,
  text,
  timestamp,
} from "../../foundation/route/schemas.ts";
import {
  entryKinds,
  type ListSource,
  type ListVersion,
  listSources,
  type Match,
  type Subject,
} from "./model.ts";

const source = oneOf(listSources, { description: "The publisher; pep is the platform's own." });

/** The list of one source that is in force. */
export const listSchema = object({
  source,
  version: nullable(
    Type.Integer({ description: "Counts over all sources; null where none was ever loaded." }),
  ),
  publishedOn: nullable(date),
  sha256: nullable(Type.String({ description: "Of the files that it was loaded from." })),
  entries: Type.Integer(),
  loadedAt: nullable(timestamp),
  loadedBy: nullable(Type.String({ description: "Who ran the command." })),
});

export const listsSchema = object({
  data: Type.Array(listSchema, { description: "One line a source, loaded or not." }),
});

export function showLists(lists: readonly ListVersion[]): StaticOf<typeof listsSchema> {
  return {
    data: listSources.map((each) =>
      showList(
        each,
        lists.find((list) => list.source === each),
      ),
    ),
  };
}

const showList = (of: ListSource, list: ListVersion | undefined): StaticOf<typeof listSchema> => ({
  source: of,
  version: list === undefined ? null : Number(list.version),
  publishedOn: list?.publishedOn ?? null,
  sha256: list === undefined ? null : Buffer.from(list.sha256).toString("hex"),
  entries: list?.entries ?? 0,
  loadedAt: list?.loadedAt.toISOString() ?? null,
  loadedBy: list?.loadedBy ?? null,
});

/** Whom to look for. */
export const searchSchema = object({
  name: text(200, { description: "In any script; the order of its parts does not matter." }),
  kind: Type.Optional(oneOf(entryKinds)),
  birthDate: Type.Optional(date),
  nationality: Type.Optional(countryCode),
});

export const readSubject = (body: StaticOf<typeof searchSchema>): Subject => ({ ...body });

const points = Type.Integer({ description: "In basis points; 10,000 is certainty." });

/** One line of an explanation; the points of all lines are the score. */
export const reasonSchema = object({
  part: oneOf(["name", "quality", "birthDate", "nationality"] as const),
  ours: nullable(Type.String()),
  theirs: nullable(Type.String()),
  points,
  why: Type.String(),
});

const born = object({
  kind: oneOf(["exact", "year", "range", "approximate"] as const),
  day: Type.Optional(date),
  year: Type.Optional(Type.Integer()),
  from: Type.Optional(Type.Integer()),
  to: Type.Optional(Type.Integer()),
});

/** An entry of a list, as its publisher wrote it. */
export const entrySchema = object({
  source,
  sourceId: Type.String({ description: "The list's own number or reference." }),
  kind: oneOf(entryKinds),
  names: Type.Array(object({ text: Type.String(), quality: oneOf(["strong", "weak"] as const) })),
  births: Type.Array(born),
  nationalities: Type.Array(Type.String()),
  programmes: Type.Array(Type.String()),
  remarks: nullable(Type.String()),
});

export const matchSchema = object({
  entry: entrySchema,
  name: Type.String({ description: "The name of the entry that fits best." }),
  score: points,
  reasons: Type.Array(reasonSchema),
});

/** What a search found, and in which lists it looked. */
export const foundSchema = object({
  lists: Type.Array(object({ source, version: Type.Integer() })),
  matches: nullable(Type.Array(matchSchema)),
});

export const showMatch = ({
  entry,
  name,
  score,
  reasons,
}: Match): StaticOf<typeof matchSchema> => ({
  entry: {
    ...entry,
    names: entry.names.map((each) => ({ ...each })),
    births: entry.births.map((birth) => ({ ...birth })),
    nationalities: [...entry.nationalities],
    programmes: [...entry.programmes],
  },
  name: name.text,
  score,
  reasons: reasons.map((reason) => ({ ...reason })),
});

export const showFound = (
  lists: readonly ListVersion[],
  matches: readonly Match[],
): StaticOf<typeof foundSchema> => ({
  lists: lists.map((list) => ({ source: list.source, version: Number(list.version) })),
  matches: matches.map(showMatch),
});
