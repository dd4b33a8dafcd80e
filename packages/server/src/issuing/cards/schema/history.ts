import { type Static, Type } from "typebox";
import { nullable, object, oneOf, timestamp } from "../../../foundation/route/schemas.ts";
import { actorKinds } from "../../../records/audit/model.ts";
import { cardLifecycle, type StatusChange } from "../model.ts";

/** One line of a card's status history. */
export const statusChangeSchema = object({
  version: Type.Integer({ description: "The card's version that the change made." }),
  action: Type.String({ description: "issue, freeze, unfreeze, block, unblock or delete." }),
  from: nullable(oneOf(cardLifecycle.states)),
  to: oneOf(cardLifecycle.states),
  reason: nullable(Type.String()),
  note: nullable(Type.String()),
  actor: object({ kind: oneOf(actorKinds), id: Type.String() }),
  at: timestamp,
});

export function showStatusChange(change: StatusChange): Static<typeof statusChangeSchema> {
  return {
    ...change,
    version: Number(change.version),
    actor: { kind: change.actor.kind, id: change.actor.id },
    at: change.at.toISOString(),
  };
}
