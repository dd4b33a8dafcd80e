import { type Static, Type } from "typebox";
import { toJsonAmount } from "../../foundation/money/money.ts";
import {
  amountShown,
  currencyCode,
  nullable,
  object,
  oneOf,
  timestamp,
} from "../../foundation/route/schemas.ts";
import {
  type AccountType,
  accountId,
  accountTypes,
  type MovementKind,
  movementKinds,
} from "../../records/ledger/model.ts";
import { balancesSchema, showBalances } from "../../records/ledger/schema.ts";
import { feeKinds } from "../transfers/model.ts";
import { type Statement, type StatementLine, statementSubjects, type Totals } from "./model.ts";

const id = (description: string) => nullable(Type.String({ description }));
const owed = (description: string) =>
  nullable(Type.Integer({ description: `${description} null on an organization's statement.` }));
const sum = (description: string) => Type.String({ pattern: "^\\d{1,38}$", description });

/** A line of a statement as the outside sees it. */
export const lineSchema = object(
  {
    sequence: Type.Integer({ description: "Its place in the organization's hash chain." }),
    recordedAt: timestamp,
    journalId: Type.String(),
    kind: oneOf(Object.keys(movementKinds) as MovementKind[]),
    feeKind: nullable(oneOf(feeKinds)),
    direction: oneOf(["debit", "credit"], {
      description: "debit takes from the account, or adds to what is owed.",
    }),
    amount: amountShown,
    postedChange: Type.Integer({ description: "What it adds to posted; may be negative." }),
    owedChange: owed("What it adds to owed; may be negative."),
    posted: Type.Integer({ description: "Posted after it." }),
    owed: owed("Owed after it."),
    counterpart: object({
      type: oneOf(Object.keys(accountTypes) as AccountType[]),
      id: Type.String({ description: "The card, budget or organization." }),
    }),
    transferId: id("The transfer it is of."),
    holdId: id("Of a capture: its hold."),
    cardId: id("The card it is about."),
    budgetId: id("The budget it is about."),
    note: nullable(Type.String({ description: "The note of its transfer." })),
  },
  { title: "StatementLine" },
);

const subjectSchema = object({ type: oneOf(statementSubjects), id: Type.String() });

const headSchema = {
  organizationId: Type.String(),
  subject: subjectSchema,
  accountId: Type.String({ description: "Its account in the ledger." }),
  currency: currencyCode,
  period: object({
    from: nullable({ ...timestamp, description: "Included; null: from the beginning." }),
    to: { ...timestamp, description: "Not included." },
  }),
};

/** A statement as JSON. */
export const statementSchema = object(
  {
    ...headSchema,
    opening: balancesSchema,
    lines: Type.Array(lineSchema),
    totals: object({
      lines: Type.Integer(),
      debits: sum("What the debits come to. Minor units, as a text of digits."),
      credits: sum("What the credits come to."),
    }),
    closing: balancesSchema,
  },
  { title: "Statement" },
);

/** Query of every statement. */
export const periodQuery = {
  from: Type.Optional({
    ...timestamp,
    description: "Recorded at this instant or later; without it from the beginning.",
  }),
  to: Type.Optional({
    ...timestamp,
    description: "Recorded before this instant, which has passed; without it until now.",
  }),
};

/** What a card can spend, on its own account or its budget's. */
export const cardBalancesSchema = object({
  balances: nullable(balancesSchema),
  budget: nullable(object({ id: Type.String(), available: amountShown })),
});

/** What a statement is saved as, without extension: of what, and for which days. */
export function fileNameOf({ subjectId, account, period: { from, to } }: Statement): string {
  const days = [from, to].map((at) => at?.toISOString().slice(0, 10) ?? "beginning");
  return ["statement", subjectId, account.currency, ...days].join("-");
}

type Shown<K extends keyof Static<typeof statementSchema>> = Static<typeof statementSchema>[K];

/** What stands above the lines. */
export function showHead(statement: Statement): {
  [K in keyof typeof headSchema | "opening"]: Shown<K>;
} {
  const { organizationId, subject, subjectId, account, period, opening } = statement;
  return {
    organizationId,
    subject: { type: subject, id: subjectId },
    accountId: accountId(account),
    currency: account.currency,
    period: { from: period.from?.toISOString() ?? null, to: period.to.toISOString() },
    opening: showBalances(opening),
  };
}

/** Model → reply. */
export function showLine(
  { subject }: Statement,
  { sequence, recordedAt, amount, change, after, ...line }: StatementLine,
): Static<typeof lineSchema> {
  const shown = (each: bigint) => (subject === "organization" ? null : toJsonAmount(each));
  return {
    sequence: Number(sequence),
    recordedAt: recordedAt.toISOString(),
    journalId: line.journalId,
    kind: line.kind,
    feeKind: line.feeKind,
    direction: line.direction,
    amount: toJsonAmount(amount),
    postedChange: toJsonAmount(change.posted),
    owedChange: shown(change.owed),
    posted: toJsonAmount(after.posted),
    owed: shown(after.owed),
    counterpart: line.counterpart,
    transferId: line.transferId,
    holdId: line.holdId,
    cardId: line.cardId,
    budgetId: line.budgetId,
    note: line.note,
  };
}

/** What stands below the lines. */
export function showFoot(
  { closing }: Statement,
  { lines, debits, credits }: Totals,
): { totals: Shown<"totals">; closing: Shown<"closing"> } {
  return {
    totals: { lines, debits: String(debits), credits: String(credits) },
    closing: showBalances(closing),
  };
}
