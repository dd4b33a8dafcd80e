import { Type } from "typebox";
import { DEFAULT_LIMIT, decodeCursor, pageFrom } from "../../../foundation/route/cursor.ts";
import { type Route, readRoute, writeRoute } from "../../../foundation/route/route.ts";
import { idText, object, oneOf, pageOf, pageQuery } from "../../../foundation/route/schemas.ts";
import { listBlockOrders, orderBlocks } from "../actions/blocks.ts";
import { blockOrderLifecycle } from "../model/blocks.ts";
import { blockCardsSchema, blockOrderSchema, showBlockOrder } from "../schema/blocks.ts";

const tag = "Card programs";

const params = object({ id: idText("Id of the program.") });

const order = writeRoute({
  id: "blockCardsOfProgram",
  method: "POST",
  path: "/card-programs/{id}/block-cards",
  summary: "Block every card of a program",
  description:
    "Answers at once with the order; the cards are blocked one after the other, and those issued meanwhile too. Issuing goes on unless the program is made inactive. Where such an order runs already it is that one. Cards are unblocked one by one.",
  tag,
  audience: "platform",
  scope: "cards:block",
  params,
  body: blockCardsSchema,
  reply: blockOrderSchema,
  status: 201,
  errors: ["not_found", "organization_not_found"],
  handle: async ({ params: { id }, body, work }) => {
    const { reason, note = null, organizationId = null } = body;
    return showBlockOrder(await orderBlocks(work, id, { reason, note, organizationId }));
  },
});

const list = readRoute({
  id: "listBlockOrders",
  path: "/card-programs/{id}/block-orders",
  summary: "List the orders to block a program's cards",
  tag,
  audience: "platform",
  scope: "programs:read",
  params,
  query: object({ ...pageQuery, status: Type.Optional(oneOf(blockOrderLifecycle.states)) }),
  reply: pageOf(blockOrderSchema),
  errors: ["not_found"],
  handle: async ({ params: { id }, query: { limit = DEFAULT_LIMIT, cursor, status }, reading }) => {
    const page = { after: decodeCursor(cursor), limit };
    const orders = await listBlockOrders(reading.sql, id, status, page);
    return pageFrom(orders, (each) => each.id, showBlockOrder);
  },
});

export const blockRoutes: readonly Route[] = [order, list];
