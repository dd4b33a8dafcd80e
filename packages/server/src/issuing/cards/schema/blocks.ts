import { type Static, Type } from "typebox";
import { idText, nullable, object, oneOf, timestamp } from "../../../foundation/route/schemas.ts";
import { actorKinds } from "../../../records/audit/model.ts";
import { type BlockOrder, blockOrderLifecycle } from "../model/blocks.ts";
import { blockSchema } from "../schema.ts";

const { reason, note } = blockSchema.properties;

export const blockCardsSchema = object({
  reason,
  note,
  organizationId: Type.Optional(idText("Only the cards of this organization.")),
});

const count = (description: string) => Type.Integer({ description });

/** An order to block the cards of a program, as the API shows it. */
export const blockOrderSchema = object({
  id: idText("Id of the order."),
  typeId: idText("The program whose cards are blocked."),
  organizationId: nullable(idText("Only the cards of this organization; null: of all.")),
  reason: Type.String(),
  note: nullable(Type.String()),
  status: oneOf(blockOrderLifecycle.states),
  blocked: count("Cards blocked by it so far."),
  total: count("Cards that it found to block when it was given, and those that came since."),
  actor: object({ kind: oneOf(actorKinds), id: Type.String() }),
  version: count("Grows by one with each change of its status."),
  createdAt: timestamp,
  doneAt: nullable(timestamp),
});

/** Model → reply. */
export function showBlockOrder(order: BlockOrder): Static<typeof blockOrderSchema> {
  return {
    id: order.id,
    typeId: order.programId,
    organizationId: order.limitedTo,
    reason: order.reason,
    note: order.note,
    status: order.status,
    blocked: Number(order.blocked),
    total: Number(order.total),
    actor: { kind: order.actor.kind, id: order.actor.id },
    version: Number(order.version),
    createdAt: order.createdAt.toISOString(),
    doneAt: order.doneAt?.toISOString() ?? null,
  };
}
