import { type Route, writeRoute } from "../../../foundation/route/route.ts";
import { idParams } from "../../../foundation/route/schemas.ts";
import { setLegalHold } from "../actions/retention.ts";
import { readRetained, workForCustomer } from "../actions.ts";
import { retainedSchema, showRetained } from "../schema/retained.ts";
import { customerSchema, legalHoldSchema, showCustomer } from "../schema.ts";

const read = writeRoute({
  id: "readRetainedIdentity",
  method: "GET",
  path: "/customers/{id}/retained",
  summary: "Read what the law keeps of a deleted customer",
  description:
    "Who the customer was and the names on its cards; null where nothing is kept: the customer is not deleted, or its retention is over. Each read is in the audit log.",
  tag: "Customers",
  audience: "platform",
  scope: "compliance:read",
  params: idParams,
  reply: retainedSchema,
  status: 200,
  errors: ["not_found"],
  handle: async ({ params: { id }, work }) => {
    const own = await workForCustomer(work, id);
    return showRetained(own.organizationId, id, await readRetained(own, id));
  },
});

const holding = {
  path: "/customers/{id}/legal-hold",
  tag: "Customers",
  audience: "platform",
  scope: "customers:review",
  params: idParams,
  reply: customerSchema,
  status: 200,
  errors: ["not_found"],
} as const;

const hold = writeRoute({
  ...holding,
  id: "setLegalHold",
  method: "POST",
  summary: "Put a customer under a legal hold",
  description:
    "While it lasts nothing that is kept of the customer is erased, however long its deletion is past. Its cards and its status are not touched. Given again, the new reason replaces the old one.",
  body: legalHoldSchema,
  handle: async ({ params: { id }, body: { reason }, work }) =>
    showCustomer(await setLegalHold(await workForCustomer(work, id), id, reason)),
});

const lift = writeRoute({
  ...holding,
  id: "liftLegalHold",
  method: "DELETE",
  summary: "Lift a customer's legal hold",
  description: "What is kept is erased once its retention is over, at once where it is.",
  handle: async ({ params: { id }, work }) =>
    showCustomer(await setLegalHold(await workForCustomer(work, id), id, null)),
});

/** What is kept of deleted customers, and what keeps it longer. */
export const retainedRoutes: readonly Route[] = [read, hold, lift];
