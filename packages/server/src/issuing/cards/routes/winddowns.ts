import { Type } from "typebox";
import { DEFAULT_LIMIT, decodeCursor, pageFrom } from "../../../foundation/route/cursor.ts";
import { type Route, readRoute } from "../../../foundation/route/route.ts";
import { idText, object, oneOf, pageOf, pageQuery } from "../../../foundation/route/schemas.ts";
import { listedOrganization } from "../../organizations/rules.ts";
import { listWindDowns } from "../actions/winddowns.ts";
import { windDownLifecycle } from "../model/winddowns.ts";
import { showWindDown, windDownSchema } from "../schema/winddowns.ts";

const list = readRoute({
  id: "listWindDowns",
  path: "/wind-downs",
  summary: "List cards that end because of a country",
  description:
    "Announced with the date on which the card is blocked, blocked since, or lifted because the cause is gone. The money of such a card can be withdrawn at any time. The platform sees those of every organization, or of the one named.",
  tag: "Compliance",
  audience: "any",
  scope: "cards:read",
  query: object({
    ...pageQuery,
    status: Type.Optional(oneOf(windDownLifecycle.states)),
    cardId: Type.Optional(idText("Only of this card.")),
    ruleId: Type.Optional(idText("Only those that this compliance rule began.")),
    organizationId: Type.Optional(idText("Only those of this organization.")),
  }),
  reply: pageOf(windDownSchema),
  errors: ["organization_not_found"],
  handle: async ({ query: { limit = DEFAULT_LIMIT, cursor, ...query }, caller, reading }) => {
    const organizationId = listedOrganization(caller, query.organizationId);
    const page = { after: decodeCursor(cursor), limit };
    const rows = await listWindDowns(reading.sql, { ...query, organizationId }, page);
    return pageFrom(rows, ({ id }) => id, showWindDown);
  },
});

export const windDownRoutes: readonly Route[] = [list];
