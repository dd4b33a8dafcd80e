import {
  DEFAULT_LIMIT,
  decodeCursor,
  decodeNumber,
  pageFrom,
} from "../../../foundation/route/cursor.ts";
import { type Route, readRoute, writeRoute } from "../../../foundation/route/route.ts";
import { idParams, object, pageOf, pageQuery } from "../../../foundation/route/schemas.ts";
import { readingOf } from "../../organizations/actions.ts";
import { listedOrganization } from "../../organizations/rules.ts";
import { changeCard } from "../actions/change.ts";
import {
  type CardInFull,
  getCard,
  listCards,
  listStatusHistory,
  organizationOfCard,
} from "../actions/read.ts";
import { readUsability } from "../actions/usability.ts";
import { cardChangesSchema, readChanges } from "../schema/change.ts";
import { showStatusChange, statusChangeSchema } from "../schema/history.ts";
import { cardListSchema } from "../schema/list.ts";
import { showUsability, usabilitySchema } from "../schema/usability.ts";
import { cardSchema, showCard } from "../schema.ts";

const tag = "Cards";

const show = ({ card, money, now }: CardInFull) => showCard(card, money, now);

const list = readRoute({
  id: "listCards",
  path: "/cards",
  summary: "List cards",
  description: "A platform key sees those of every organization, or of the one named.",
  tag,
  audience: "any",
  scope: "cards:read",
  query: cardListSchema,
  reply: pageOf(cardSchema),
  errors: ["organization_not_found"],
  handle: async ({ query: { limit, cursor, ...filter }, caller, reading }) => {
    const organizationId = listedOrganization(caller, filter.organizationId) ?? null;
    const page = { after: decodeCursor(cursor), limit: limit ?? DEFAULT_LIMIT };
    const rows = await listCards(reading, organizationId, filter, page);
    return pageFrom(rows, ({ card }) => card.id, show);
  },
});

const get = readRoute({
  id: "getCard",
  path: "/cards/{id}",
  summary: "Read a card",
  description: "Masked: no endpoint of this resource returns a card number or CVC.",
  tag,
  audience: "any",
  scope: "cards:read",
  params: idParams,
  reply: cardSchema,
  errors: ["not_found"],
  handle: async ({ params, caller, reading }) =>
    show(await getCard(await readingOf(caller, reading, organizationOfCard, params.id), params.id)),
});

const change = writeRoute({
  id: "changeCard",
  method: "PATCH",
  path: "/cards/{id}",
  summary: "Change a card's label, metadata, contact or billing address",
  description:
    "null clears. Texts of metadata that are not named stay; an address is replaced as a whole.",
  tag,
  audience: "organization",
  scope: "cards:write",
  params: idParams,
  body: cardChangesSchema,
  reply: cardSchema,
  status: 200,
  errors: ["not_found", "card_deleted"],
  handle: async ({ params, body, work }) =>
    show(await changeCard(work, params.id, readChanges(body))),
});

const history = readRoute({
  id: "listCardStatusHistory",
  path: "/cards/{id}/status-history",
  summary: "List a card's status changes",
  tag,
  audience: "any",
  scope: "cards:read",
  params: idParams,
  query: object(pageQuery),
  reply: pageOf(statusChangeSchema),
  errors: ["not_found"],
  handle: async ({ params, query: { limit, cursor }, caller, reading }) => {
    const changes = await listStatusHistory(
      await readingOf(caller, reading, organizationOfCard, params.id),
      params.id,
      { after: decodeNumber(cursor), limit: limit ?? DEFAULT_LIMIT },
    );
    return pageFrom(changes, ({ version }) => version, showStatusChange);
  },
});

const usability = readRoute({
  id: "getCardUsability",
  path: "/cards/{id}/usability",
  summary: "See whether a card can be used, and what stops it",
  description:
    "By channel, with everything that is in the way at once: status and restrictions, organization, customer, budget and funds, each with who can cure it and how. Of a deleted card only that is told.",
  tag,
  audience: "any",
  scope: "cards:read",
  params: idParams,
  reply: usabilitySchema,
  errors: ["not_found"],
  handle: async ({ params, caller, reading }) => {
    const own = await readingOf(caller, reading, organizationOfCard, params.id);
    return showUsability(await readUsability(own, params.id));
  },
});

export const readRoutes: readonly Route[] = [list, get, change, history, usability];
