import { DEFAULT_LIMIT, decodeCursor, pageFrom } from "../../foundation/route/cursor.ts";
import { type Route, readRoute } from "../../foundation/route/route.ts";
import { pageOf } from "../../foundation/route/schemas.ts";
import { readingOfOne } from "../organizations/actions.ts";
import { listDebts } from "./actions.ts";
import { receivableSchema, receivablesQuery, showReceivable } from "./schema.ts";

/** What cards and budgets owe (PRODUCT §3). */
export const receivableRoutes: readonly Route[] = [
  readRoute({
    id: "listReceivables",
    path: "/receivables",
    summary: "List what cards and budgets owe, and how it was settled",
    description: [
      "A forced debit takes what is available; the rest is owed by the organization, beside the card or",
      "budget, and paid from each credit that follows. Listed is every card and budget that ever owed",
      "anything, as it is recorded; or as it was up to an instant (`at`) or a sequence.",
    ].join(" "),
    tag: "Receivables",
    audience: "any",
    scope: "funds:read",
    query: receivablesQuery,
    reply: pageOf(receivableSchema),
    errors: ["organization_not_found", "as_of_in_future", "as_of_not_reached"],
    handle: async ({ query, caller, reading: from }) => {
      const { limit = DEFAULT_LIMIT, cursor, organizationId, at, sequence, ...filter } = query;
      const reading = await readingOfOne(caller, from, organizationId);
      const asOf = {
        at: at === undefined ? undefined : new Date(at),
        sequence: sequence === undefined ? undefined : BigInt(sequence),
      };
      const page = { after: decodeCursor(cursor), limit };
      const found = await listDebts(reading, filter, asOf, page);
      return pageFrom(found, ({ id }) => id, showReceivable);
    },
  }),
];
