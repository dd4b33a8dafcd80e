import { batchRoute, type Lane, type Route, readRoute } from "../../../foundation/route/route.ts";
import { type IssueCommand, issueCards, preflight } from "../actions/issue.ts";
import type { CardInFull } from "../actions/read.ts";
import {
  cardSchema,
  issueSchema,
  preflightSchema,
  readIssue,
  showCard,
  showPreflight,
} from "../schema.ts";

const tag = "Cards";

const check = readRoute({
  id: "preflightCard",
  method: "POST",
  path: "/cards/preflight",
  summary: "Check whether a card could be issued",
  description:
    "Takes the body of issuing, writes nothing, and answers with the price and every condition that is not met. For the same facts issuing succeeds exactly when `eligible` is true.",
  tag,
  audience: "organization",
  scope: "cards:read",
  body: issueSchema,
  reply: preflightSchema,
  errors: [],
  handle: async ({ body, reading }) => showPreflight(await preflight(reading, readIssue(body))),
});

/** Cards to issue, decided together in order of arrival; each is whole or not at all. */
const lane: Lane = {
  name: "cards.issue",
  decide: (commands) => issueCards(commands as readonly IssueCommand[]),
};

const issue = batchRoute({
  id: "issueCard",
  method: "POST",
  path: "/cards",
  summary: "Issue a card",
  description:
    "Number, card, fee, initial balance and event: all or nothing. A refusal lists every unmet condition in `errors[]`, each with its remedy.",
  tag,
  audience: "organization",
  scope: "cards:write",
  body: issueSchema,
  reply: cardSchema,
  status: 201,
  errors: ["card_not_issuable", "number_range_exhausted"],
  lane,
  command: ({ body, work }): IssueCommand => ({ work, request: readIssue(body) }),
  result: (issued) => {
    const { card, money, now } = issued as CardInFull;
    return showCard(card, money, now);
  },
});

export const issueRoutes: readonly Route[] = [check, issue];
