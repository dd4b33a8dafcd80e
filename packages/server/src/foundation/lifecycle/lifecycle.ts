/**
 * A life cycle as data: its states and its moves. The state type, the check of a move, the SQL
 * constraint, the enum in OpenAPI and the drawing in the docs all come from this one table.
 */
export type Lifecycle<S extends string, M extends string> = {
  readonly states: readonly S[];
  readonly moves: Readonly<Record<M, { readonly from: readonly S[]; readonly to: S | "previous" }>>;
};

/** The state type of a life cycle. */
export type StateOf<L> = L extends Lifecycle<infer S, string> ? S : never;

/** The names of the moves of a life cycle. */
export type MoveOf<L> = L extends Lifecycle<string, infer M> ? M : never;

/**
 * Declares a life cycle.
 *
 * @throws Error when a move names a state that is not in the list.
 */
export function lifecycle<const S extends string, const M extends string>(
  states: readonly S[],
  moves: Readonly<Record<M, { from: readonly NoInfer<S>[]; to: NoInfer<S> | "previous" }>>,
): Lifecycle<S, M> {
  for (const [name, move] of Object.entries<{ from: readonly S[]; to: S | "previous" }>(moves)) {
    const to = move.to === "previous" ? [] : [move.to];
    for (const state of [...move.from, ...to]) {
      if (!states.includes(state)) {
        throw new Error(`Move ${name} names the unknown state ${state}.`);
      }
    }
  }
  return { states, moves };
}

/** Whether a move is allowed from a state. */
export function canMove<S extends string, M extends string>(
  cycle: Lifecycle<S, M>,
  move: M,
  from: S,
): boolean {
  return cycle.moves[move].from.includes(from);
}

/** The life cycle as a Mermaid state diagram, for the docs. */
export function drawLifecycle(cycle: Lifecycle<string, string>): string {
  const lines = Object.entries(cycle.moves).flatMap(([name, move]) =>
    move.from.map((from) =>
      move.to === "previous"
        ? `  ${from} --> before_${from}: ${name}`
        : `  ${from} --> ${move.to}: ${name}`,
    ),
  );
  return ["stateDiagram-v2", ...lines].join("\n");
}
