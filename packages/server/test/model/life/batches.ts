import { issue } from "./cards.ts";
import type { LifeState } from "./state.ts";
import type { Of, Outcome, VerbsOf } from "./terms.ts";

/** Cards that are asked for by many at once, and issued by and by. */
export const batchVerbs = (life: LifeState): VerbsOf<"batch" | "cancelBatch"> => ({
  batch: ({ batch, rows }) => {
    life.batches.set(
      batch,
      rows.map((asked) => ({ asked, outcome: null })),
    );
    return "done";
  },
  cancelBatch: (operation) => cancelBatch(life, operation),
});

/** What became of a row that was given up. */
export const CANCELLED = "cancelled";

function cancelBatch(life: LifeState, { batch }: Of<"cancelBatch">): Outcome {
  const rows = life.batches.get(batch) ?? [];
  if (rows.some(({ outcome }) => outcome === CANCELLED)) return "done";
  const pending = rows.filter(({ outcome }) => outcome === null);
  if (pending.length === 0) return "card_batch_completed";
  life.happens("batch cancelled");
  for (const row of pending) row.outcome = CANCELLED;
  return "done";
}

/** Issues what batches ask for, the older first, each row by itself. @returns whether there was any */
export function workOffBatches(life: LifeState): boolean {
  const pending = [...life.batches.values()].flat().filter(({ outcome }) => outcome === null);
  for (const row of pending) {
    row.outcome = issue(life, row.asked);
    life.happens(row.outcome === "done" ? "row issued" : "row failed");
  }
  return pending.length > 0;
}
