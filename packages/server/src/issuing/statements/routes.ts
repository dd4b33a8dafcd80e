import { Type } from "typebox";
import type { Reading } from "../../foundation/database/work.ts";
import { type StreamFormat, streamFormatNames } from "../../foundation/route/formats.ts";
import { type Route, readRoute, type Streamed, streamRoute } from "../../foundation/route/route.ts";
import {
  currencyCode,
  idParams,
  idText,
  instantOf,
  object,
} from "../../foundation/route/schemas.ts";
import type { AsOf } from "../../records/ledger/actions.ts";
import { asOfQuery, balancesSchema, showBalances } from "../../records/ledger/schema.ts";
import { cardAccount } from "../cards/model.ts";
import { readingOfOne } from "../organizations/actions.ts";
import { balancesOf, findBudgetAccount, findCard, spendsFrom } from "./actions/subjects.ts";
import { openStatement, readLines, type Subject } from "./actions.ts";
import { statementErrors } from "./errors.ts";
import { statementWriters } from "./schema/write.ts";
import { cardBalancesSchema, fileNameOf, periodQuery, statementSchema } from "./schema.ts";

const tag = "Statements";

const about = [
  "Everything that was posted in a period [`from`, `to`) that is over, oldest first:",
  "opening + movements = closing, for `posted` and for `owed`. Periods go by `recordedAt`, so the same",
  "period is for ever the same statement. Holds move nothing and are no lines. It is sent while it is",
  "read, whatever its length; a PDF has at most 5,000 lines.",
].join(" ");

type Asked = { readonly from?: string; readonly to?: string };

const bound = (text: string | undefined) => (text === undefined ? undefined : instantOf(text));

/** Opens a statement, and writes it as it is pulled. */
async function streamStatement(
  reading: Reading,
  subject: Subject,
  { from, to }: Asked,
  format: StreamFormat,
): Promise<Streamed> {
  const period = { from: bound(from), to: bound(to) };
  const statement = await openStatement(reading, subject, period);
  const pieces = statementWriters[format](statement, readLines(reading, statement));
  return { fileName: fileNameOf(statement), pieces };
}

const common = {
  tag,
  audience: "any",
  scope: "funds:read",
  formats: streamFormatNames,
  reply: statementSchema,
} as const;

const periodErrors = ["as_of_in_future", "statement_too_long"] as const;

const ofCard = streamRoute({
  ...common,
  id: "getCardStatement",
  path: "/cards/{id}/statements",
  summary: "Read a card's statement",
  description: `${about} A card that was replaced shares its account with its replacement.`,
  params: idParams,
  query: periodQuery,
  errors: ["not_found", "budget_card_without_account", ...periodErrors],
  handle: async ({ params, query, caller, reading: from, format }) => {
    const { reading, named: card } = await findCard(caller, from, params.id);
    if (card.budgetId !== null) throw statementErrors.refusal("budget_card_without_account");
    const subject = { subject: "card", subjectId: card.id, account: cardAccount(card) } as const;
    return streamStatement(reading, subject, query, format);
  },
});

const ofBudget = streamRoute({
  ...common,
  id: "getBudgetStatement",
  path: "/budgets/{id}/statements",
  summary: "Read a budget's statement",
  description: about,
  params: idParams,
  query: periodQuery,
  errors: ["not_found", ...periodErrors],
  handle: async ({ params, query, caller, reading: from, format }) => {
    const { reading, named: account } = await findBudgetAccount(caller, from, params.id);
    const subject = { subject: "budget", subjectId: account.ownerId, account } as const;
    return streamStatement(reading, subject, query, format);
  },
});

const ofOrganization = streamRoute({
  ...common,
  id: "getStatement",
  path: "/statements",
  summary: "Read your organization's statement in one currency",
  description: `${about} Movements of what is owed are on the statements of its cards and budgets.`,
  query: {
    ...periodQuery,
    currency: currencyCode,
    organizationId: Type.Optional(idText("For platform keys: whose statement.")),
  },
  errors: ["organization_not_found", ...periodErrors],
  handle: async ({ query, caller, reading: from, format }) => {
    const reading = await readingOfOne(caller, from, query.organizationId);
    const subjectId = reading.organizationId;
    const account = {
      type: "organization_available",
      ownerId: subjectId,
      currency: query.currency,
    } as const;
    return streamStatement(reading, { subject: "organization", subjectId, account }, query, format);
  },
});

const asOf = ({ at, sequence }: { at?: string; sequence?: number }): AsOf => ({
  at: at === undefined ? undefined : new Date(at),
  sequence: sequence === undefined ? undefined : BigInt(sequence),
});

const balanceErrors = ["not_found", "as_of_in_future", "as_of_not_reached"] as const;
const whenText =
  "Now, or as it was recorded up to an instant (`at`) or a sequence: the answer about the past never changes.";

const cardBalances = readRoute({
  id: "getCardBalances",
  path: "/cards/{id}/balances",
  summary: "Read a card's balances, also as of the past",
  description: `${whenText} A budget card has none of its own: \`budget\` says what it can spend.`,
  tag,
  audience: "any",
  scope: "cards:read",
  params: idParams,
  query: object(asOfQuery),
  reply: cardBalancesSchema,
  errors: balanceErrors,
  handle: async ({ params, query, caller, reading: from }) => {
    const { reading, named: card } = await findCard(caller, from, params.id);
    const balances = showBalances(await balancesOf(reading, spendsFrom(card), asOf(query)));
    const { budgetId: id } = card;
    if (id === null) return { balances, budget: null };
    return { balances: null, budget: { id, available: balances.available } };
  },
});

const budgetBalances = readRoute({
  id: "getBudgetBalances",
  path: "/budgets/{id}/balances",
  summary: "Read a budget's balances, also as of the past",
  description: whenText,
  tag,
  audience: "any",
  scope: "budgets:read",
  params: idParams,
  query: object(asOfQuery),
  reply: object({ balances: balancesSchema }),
  errors: balanceErrors,
  handle: async ({ params, query, caller, reading: from }) => {
    const { reading, named } = await findBudgetAccount(caller, from, params.id);
    return { balances: showBalances(await balancesOf(reading, named, asOf(query))) };
  },
});

/** Statements, and balances as of the past, which are where statements open and close. */
export const statementRoutes: readonly Route[] = [
  ofCard,
  ofBudget,
  ofOrganization,
  cardBalances,
  budgetBalances,
];
