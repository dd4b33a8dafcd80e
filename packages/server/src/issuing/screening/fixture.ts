/** What tests of this module and of those that screen share. */
import { createHash } from "node:crypto";
import { inWork, testKeys } from "../../../test/harness/work.ts";
import type { Database } from "../../foundation/database/database.ts";
import { PLATFORM } from "../../foundation/ids/ids.ts";
import { type Loaded, loadList } from "./actions/load.ts";
import type { ListedEntry, ListSource } from "./model.ts";

/** A listed person, invented. */
export const listed = (
  sourceId: string,
  name: string,
  more: Partial<ListedEntry> = {},
): ListedEntry => ({
  source: "ofac_sdn",
  sourceId,
  kind: "person",
  names: [{ text: name, quality: "strong" }],
  births: [],
  nationalities: [],
  programmes: ["TEST"],
  remarks: null,
  ...more,
});

export async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

/** Loads a list of these entries, whatever was in force. */
export const load = (
  database: Database,
  entries: readonly ListedEntry[],
  source: ListSource = "ofac_sdn",
  allowShrink = true,
): Promise<Loaded> =>
  inWork(database, PLATFORM, testKeys(), (work) =>
    loadList(work, {
      source,
      publishedOn: null,
      sha256: createHash("sha256").update(JSON.stringify(entries)).digest(),
      loadedBy: "tester",
      entries: each(entries.map((entry) => ({ ...entry, source }))),
      allowShrink,
    }),
  );
