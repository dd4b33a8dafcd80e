import type { RecordSource } from "../../sequencer/model.ts";
import { readColumns, readIds, sealJournal } from "../store/sealing.ts";

/** The journal as the sequencer sees it: what is hashed, and what happens when rows are linked. */
export const journalSource: RecordSource = {
  kind: "journal",
  format: 1,
  columns: readColumns,
  sealed: sealJournal,
  idsAfter: readIds,
};
