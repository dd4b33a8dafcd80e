import { readFileSync } from "node:fs";
import type { EntryKind, ListedBirth, ListedEntry, Subject } from "../../model.ts";

/** A subject of whom a person has said which listed entry it is, or that it is none of them. */
export type Labelled = {
  readonly set: "tune" | "held";
  readonly entryId: string | null;
  readonly how: string;
  readonly subject: Subject;
};

const rowsOf = (file: string): string[][] =>
  readFileSync(new URL(file, import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .slice(1)
    .map((line) => line.split("\t"));

/** The invented list that the labelled pairs are about. */
export const labelledEntries = (): ListedEntry[] =>
  rowsOf("listed.tsv").map(([sourceId = "", kind, name = "", also, birth, nationality]) => ({
    source: "pep",
    sourceId,
    kind: kind as EntryKind,
    names: [name, also ?? ""]
      .filter((text) => text !== "")
      .map((text) => ({ text, quality: "strong" })),
    births: birthsOf(birth ?? ""),
    nationalities: nationality ? [nationality] : [],
    programmes: [],
    remarks: null,
  }));

function birthsOf(text: string): ListedBirth[] {
  if (text === "") return [];
  if (text.startsWith("~")) return [{ kind: "approximate", year: Number(text.slice(1)) }];
  if (text.length === 4) return [{ kind: "year", year: Number(text) }];
  return [{ kind: "exact", day: text }];
}

/** The labelled pairs: two thirds to set the numbers of the score by, a third held out. */
export const labelledPairs = (): Labelled[] =>
  rowsOf("pairs.tsv").map(
    ([set, label, id = "", how = "", kind, name = "", birth, nationality]) => ({
      set: set as Labelled["set"],
      entryId: label === "same" ? id : null,
      how,
      subject: {
        name,
        kind: kind as EntryKind,
        ...(birth ? { birthDate: birth } : {}),
        ...(nationality ? { nationality } : {}),
      },
    }),
  );
