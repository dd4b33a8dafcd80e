import { auditSource } from "../../records/audit/actions.ts";
import { journalSource } from "../../records/ledger/actions.ts";
import type { RecordSource } from "../../records/sequencer/model.ts";

/** Every kind of record that the sequencer links. A module's line comes with the module. */
export const recordSources: readonly RecordSource[] = [journalSource, auditSource];
