/** From asking to the answer, on one clock, ms. */
export type Span = { readonly begun: number; readonly ended: number };

/** What one thing was, change by change, in the order of its versions. */
export type History<S> = {
  /** At first, and after each change: one more than there are changes. */
  readonly states: readonly S[];
  /** When each change was asked for and answered. */
  readonly changes: readonly Span[];
};

/**
 * Whether something that was decided within a span can have been decided in a state that makes it right: one
 * that is not older than any change answered before it was asked for, nor newer than any that was asked for
 * after its answer.
 */
export function canHaveSeen<S>(
  { states, changes }: History<S>,
  { begun, ended }: Span,
  isRight: (state: S) => boolean,
): boolean {
  const first = changes.findLastIndex((change) => change.ended < begun) + 1;
  const next = changes.findIndex((change) => change.begun > ended);
  const last = next === -1 ? changes.length : next;
  return states.slice(first, last + 1).some(isRight);
}

/** The first change that was answered before one with a lower version was asked for; null: there is none. */
export function firstOutOfOrder({ changes }: History<unknown>): number | null {
  let latestBegun = Number.NEGATIVE_INFINITY;
  for (const [index, { begun, ended }] of changes.entries()) {
    if (ended < latestBegun) return index;
    latestBegun = Math.max(latestBegun, begun);
  }
  return null;
}
