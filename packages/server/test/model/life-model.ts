import { batchVerbs } from "./life/batches.ts";
import { budgetVerbs } from "./life/budgets.ts";
import { cardVerbs } from "./life/cards.ts";
import { fundsVerbs } from "./life/funds.ts";
import { networkVerbs } from "./life/network.ts";
import { ruleVerbs } from "./life/rules.ts";
import { LifeState } from "./life/state.ts";
import type { LifeOperation, Outcome, VerbsOf } from "./life/terms.ts";
import { timeVerbs } from "./life/time.ts";

/**
 * A naive issuer: one organization with its cards, budgets, fees and everything that was ever done to
 * them, kept in plain maps. It shares no code with the real one, and is written to be read beside
 * PRODUCT §3 and §5. Objects have names of its own; money is in a `LedgerModel`.
 */
export class LifeModel extends LifeState {
  readonly #verbs: VerbsOf<LifeOperation["verb"]> = {
    ...fundsVerbs(this),
    ...cardVerbs(this),
    ...budgetVerbs(this),
    ...networkVerbs(this),
    ...ruleVerbs(this),
    ...batchVerbs(this),
    ...timeVerbs(this),
  };

  /** @returns `done`, or the code of the refusal; behind it the conditions that are not met. */
  do(operation: LifeOperation): Outcome {
    const verb = this.#verbs[operation.verb] as (operation: LifeOperation) => Outcome;
    return verb(operation);
  }
}
