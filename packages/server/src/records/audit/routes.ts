import { DEFAULT_LIMIT, decodeCursor, pageFrom } from "../../foundation/route/cursor.ts";
import { type Route, readRoute } from "../../foundation/route/route.ts";
import { listAudit } from "./actions.ts";
import { auditPage, auditQuery, showAudit } from "./schema.ts";

/** The audit log (PRODUCT §9). */
export const auditRoutes: readonly Route[] = [
  readRoute({
    id: "listAuditLog",
    path: "/audit-log",
    summary: "List what was done, by whom",
    description: [
      "Every action by one of your keys, done or refused, newest first. Append-only, and linked into",
      "the same hash chain as your journal.",
    ].join(" "),
    tag: "Audit log",
    audience: "any",
    scope: "audit:read",
    query: auditQuery,
    reply: auditPage,
    errors: [],
    async handle({ query, reading }) {
      const { cursor, limit = DEFAULT_LIMIT, ...filter } = query;
      const page = await listAudit(reading, filter, { after: decodeCursor(cursor), limit });
      return pageFrom(page, (entry) => entry.id, showAudit);
    },
  }),
];
