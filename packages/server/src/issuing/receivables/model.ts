import type { TransferId } from "../../foundation/ids/ids.ts";
import type { Receivable, Recovery } from "../../records/ledger/actions.ts";

/** A payment of what was owed, and the transfer that brought the money for it. */
export type Settlement = Recovery & { readonly settledBy: TransferId | null };

/** A debt with how it was settled. */
export type Debt = Omit<Receivable, "recoveries"> & { readonly recoveries: readonly Settlement[] };
