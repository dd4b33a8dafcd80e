import { type Route, writeRoute } from "../../../foundation/route/route.ts";
import { idParams } from "../../../foundation/route/schemas.ts";
import { readRetained, workForCustomer } from "../actions.ts";
import { retainedSchema, showRetained } from "../schema/retained.ts";

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

/** What is kept of deleted customers. */
export const retainedRoutes: readonly Route[] = [read];
