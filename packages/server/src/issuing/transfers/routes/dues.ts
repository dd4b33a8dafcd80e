import { Type } from "typebox";
import { DEFAULT_LIMIT, decodeCursor, pageFrom } from "../../../foundation/route/cursor.ts";
import { type Route, readRoute, writeRoute } from "../../../foundation/route/route.ts";
import {
  currencyCode,
  idText,
  object,
  oneOf,
  pageOf,
  pageQuery,
  timestamp,
} from "../../../foundation/route/schemas.ts";
import { closeOrganization, workIn } from "../../organizations/actions.ts";
import { closeRoute } from "../../organizations/routes.ts";
import { describeDues, getDueFee, listDueFees, waiveDueFee } from "../actions.ts";
import { dueFeeLifecycle } from "../model/dues.ts";
import { feeKinds } from "../model.ts";
import { dueFeeSchema, showDueFee, waiverSchema } from "../schema/dues.ts";

const tag = "Fees";

const params = object({ id: idText("Id of the due fee.") });

const list = readRoute({
  id: "listDueFees",
  path: "/due-fees",
  summary: "List fees that could not be paid at once",
  description:
    "A fee that the balance does not cover waits here. It is taken from the next deposit, oldest first. A platform key sees those of every organization, or of the one named.",
  tag,
  audience: "any",
  scope: "funds:read",
  query: object({
    ...pageQuery,
    status: Type.Optional(oneOf(dueFeeLifecycle.states)),
    feeKind: Type.Optional(oneOf(feeKinds)),
    currency: Type.Optional(currencyCode),
    cardId: Type.Optional(idText("Only those for this card.")),
    organizationId: Type.Optional(idText("Only those of this organization.")),
    from: Type.Optional(timestamp),
    to: Type.Optional(timestamp),
  }),
  reply: pageOf(dueFeeSchema),
  errors: ["organization_not_found"],
  handle: async ({ query: { limit = DEFAULT_LIMIT, cursor, ...filter }, caller, reading }) =>
    pageFrom(
      await listDueFees(reading.sql, caller, filter, { after: decodeCursor(cursor), limit }),
      ({ id }) => id,
      showDueFee,
    ),
});

const get = readRoute({
  id: "getDueFee",
  path: "/due-fees/{id}",
  summary: "Read a fee that could not be paid at once",
  tag,
  audience: "any",
  scope: "funds:read",
  params,
  reply: dueFeeSchema,
  errors: ["not_found"],
  handle: async ({ params: { id }, caller, reading }) =>
    showDueFee(await getDueFee(reading.sql, caller, id)),
});

const waive = writeRoute({
  id: "waiveDueFee",
  method: "POST",
  path: "/due-fees/{id}/waive",
  summary: "Do without a fee that is due",
  description: "Repeating it changes nothing. A fee that was paid is reversed as a transfer.",
  tag,
  audience: "platform",
  scope: "funds:platform",
  params,
  body: waiverSchema,
  reply: dueFeeSchema,
  status: 200,
  errors: ["not_found", "fee_already_paid"],
  handle: async ({ params: { id }, body, caller, work }) => {
    const { organizationId } = await getDueFee(work.sql, caller, id);
    return showDueFee(await waiveDueFee(await workIn(work, organizationId), id, body.reason));
  },
});

/** Closing an organization stands here, because fees that are due keep it open. */
const close = closeRoute((work) => closeOrganization(work, ({ id }) => describeDues(work.sql, id)));

export const dueFeeRoutes: readonly Route[] = [list, get, waive, close];
