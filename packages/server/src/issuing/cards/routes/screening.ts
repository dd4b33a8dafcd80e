import { Type } from "typebox";
import { type Route, readRoute } from "../../../foundation/route/route.ts";
import { object } from "../../../foundation/route/schemas.ts";
import { readCustomersScreened } from "../../customers/actions/screening.ts";
import { readCardsScreened } from "../actions/screening.ts";

/** How long counting everybody may take, ms. */
const COUNT_TIMEOUT_MS = 60_000;

const counts = object({
  total: Type.Integer({ description: "Those that are to be screened." }),
  behind: Type.Integer({ description: "Of these, screened against older lists, or never." }),
});

const progress = readRoute({
  id: "readScreeningProgress",
  path: "/screening-progress",
  summary: "See how far screening against the newest lists is",
  description:
    "Over all organizations. Whoever is created or changed is screened at once; behind are those that the jobs customers.rescreen and cards.rescreen have still to look at.",
  tag: "Screening",
  audience: "platform",
  scope: "compliance:read",
  longReadMs: COUNT_TIMEOUT_MS,
  reply: object({
    customers: counts,
    cards: Type.Object(counts.properties, {
      additionalProperties: false,
      description: "Those without a customer, screened by the name on them.",
    }),
  }),
  errors: [],
  handle: async ({ reading: { sql } }) => ({
    customers: await readCustomersScreened(sql),
    cards: await readCardsScreened(sql),
  }),
});

/** What the platform sees of screening over customers and cards. */
export const screeningProgressRoutes: readonly Route[] = [progress];
