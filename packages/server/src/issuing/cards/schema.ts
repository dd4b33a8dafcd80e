import { type Static, Type } from "typebox";
import type { Problem } from "../../foundation/errors/errors.ts";
import { fromJsonAmount, toJsonAmount } from "../../foundation/money/money.ts";
import { about, personal, personalFieldsOf } from "../../foundation/route/personal.ts";
import {
  amount,
  amountShown,
  countryCode,
  currencyCode,
  idText,
  metadata,
  nullable,
  object,
  oneOf,
  positiveAmount,
  text,
  timestamp,
} from "../../foundation/route/schemas.ts";
import type { Balances } from "../../records/ledger/model.ts";
import { balancesSchema, showBalances } from "../../records/ledger/schema.ts";
import { noteSchema } from "../transfers/schema.ts";
import {
  type BillingAddress,
  blockers,
  type Card,
  cardLifecycle,
  cardModels,
  freezers,
  type IssueRequest,
  liveRestrictions,
  maskedNumber,
  type Price,
  type Restriction,
  replacementReasons,
  restrictionKinds,
  statusOf,
  statusReasonOf,
} from "./model.ts";
import { autoTopUpSchema, showAutoTopUp } from "./schema/topups.ts";

/** Longest label, and longest name as a request may send it, in characters. */
export const MAX_LABEL = 200;
const MAX_NAME = 255;

const addressLine = text(200);

/** An address as a request gives it. */
export const billingAddress = object({
  line1: addressLine,
  line2: Type.Optional(nullable(addressLine)),
  city: text(100),
  region: Type.Optional(nullable(text(100))),
  postalCode: Type.Optional(nullable(text(20))),
  country: countryCode,
});

const billingAddressShown = object({
  line1: Type.String(),
  line2: nullable(Type.String()),
  city: Type.String(),
  region: nullable(Type.String()),
  postalCode: nullable(Type.String()),
  country: countryCode,
});

export const email = Type.String({ format: "email", maxLength: 254 });
export const phone = Type.String({ pattern: "^\\+[1-9]\\d{6,14}$", description: "E.164." });
export const label = text(MAX_LABEL, { description: "A text of your own." });
export const externalId = text(255, {
  description: "Your own id; unique, good in paths as external:…, and never free again.",
});

/**
 * What a card is issued from. Nothing is required here: what is missing or does not go with the
 * program is a condition that preflight lists with all others (PRODUCT §5).
 */
export const issueSchema = object({
  typeId: Type.Optional(idText("The card program.")),
  customerId: Type.Optional(idText("The cardholder as a customer.")),
  firstName: Type.Optional(Type.String({ maxLength: MAX_NAME })),
  lastName: Type.Optional(Type.String({ maxLength: MAX_NAME })),
  initialBalance: Type.Optional(amount),
  currency: Type.Optional(currencyCode),
  budgetId: Type.Optional(idText("Of a budget card: the budget it spends from.")),
  label: Type.Optional(label),
  externalId: Type.Optional(externalId),
  metadata: Type.Optional(metadata),
  cardholder: Type.Optional(object({ email: Type.Optional(email), phone: Type.Optional(phone) })),
  billingAddress: Type.Optional(billingAddress),
});

export type IssueBody = Static<typeof issueSchema>;

/** The request that a body makes. */
export function readIssue(body: IssueBody): IssueRequest {
  const { initialBalance, billingAddress: address, ...rest } = body;
  return {
    ...rest,
    ...(initialBalance === undefined ? {} : { initialBalance: fromJsonAmount(initialBalance) }),
    ...(address === undefined ? {} : { billingAddress: readAddress(address) }),
  };
}

/** The address that a body gives. */
export function readAddress(address: Static<typeof billingAddress>): BillingAddress {
  const { line2 = null, region = null, postalCode = null } = address;
  return { ...address, line2, region, postalCode };
}

export const priceSchema = object({
  currency: currencyCode,
  lines: Type.Array(
    object({ kind: oneOf(["issuance_fee", "initial_balance"] as const), amount: amountShown }),
  ),
  total: amountShown,
});

export const problemSchema = object({
  code: Type.String(),
  field: nullable(Type.String()),
  message: Type.String(),
  remedy: nullable(Type.String()),
});

/** Whether a card could be issued, everything that is in the way, and what it would cost. */
export const preflightSchema = object({
  eligible: Type.Boolean(),
  unmet: Type.Array(problemSchema),
  price: nullable(priceSchema),
});

/** Model → reply. */
export function showPreflight(checked: {
  readonly unmet: readonly Problem[];
  readonly price: Price | null;
}): Static<typeof preflightSchema> {
  const { unmet, price } = checked;
  return {
    eligible: unmet.length === 0,
    unmet: unmet.map(showProblem),
    price: price === null ? null : showPrice(price),
  };
}

/** A line of `errors[]` with all its fields. */
export function showProblem(problem: Problem): Static<typeof problemSchema> {
  const { code, field = null, message, remedy = null } = problem;
  return { code, field, message, remedy };
}

export function showPrice({ currency, lines, total }: Price): Static<typeof priceSchema> {
  return {
    currency,
    lines: lines.map((line) => ({ kind: line.kind, amount: toJsonAmount(line.amount) })),
    total: toJsonAmount(total),
  };
}

const restrictionSchema = object({
  id: idText("Id of the restriction."),
  kind: oneOf(Object.keys(restrictionKinds) as (keyof typeof restrictionKinds)[]),
  owner: oneOf(
    Object.values(restrictionKinds).flatMap(({ owners }): Restriction["owner"][] => [...owners]),
    { description: "Who can lift it." },
  ),
  reason: Type.String(),
  note: nullable(Type.String()),
  createdAt: timestamp,
  endsAt: nullable(timestamp),
});

/** A card as the API shows it: never its number or CVC. */
export const cardSchema = object(
  {
    id: idText("Id of the card."),
    organizationId: idText("The organization whose card it is."),
    externalId: nullable(Type.String()),
    model: oneOf(cardModels),
    typeId: idText("Its card program."),
    customerId: nullable(idText("The customer it was issued to.")),
    budgetId: nullable(idText("The budget a budget card spends from.")),
    replaces: nullable(idText("The card that this one replaced; they share one account.")),
    replacedBy: nullable(idText("The card that replaced this one.")),
    formerExternalId: nullable(
      Type.String({ description: "The externalId that went over to its replacement." }),
    ),
    maskedNumber: Type.String({ description: "First six and last four digits." }),
    firstSix: Type.String(),
    lastFour: Type.String(),
    brand: Type.String(),
    expiryMonth: Type.Integer(),
    expiryYear: Type.Integer(),
    expiresAt: Type.String({ format: "date-time", description: "It works until this instant." }),
    panSequence: Type.Integer({ description: "Grows by one with each renewal." }),
    previousExpiry: nullable(
      object(
        { month: Type.Integer(), year: Type.Integer(), expiresAt: timestamp },
        { description: "Of a renewed card: what was printed before; good until then, too." },
      ),
    ),
    currency: currencyCode,
    status: oneOf(cardLifecycle.states),
    statusReason: nullable(Type.String()),
    restrictions: Type.Array(restrictionSchema, {
      description: "All that stops it; the card works when none is left.",
    }),
    balances: nullable(balancesSchema),
    budget: nullable(
      object(
        { id: idText("The budget."), available: amountShown },
        { description: "Of a budget card." },
      ),
    ),
    autoTopUp: nullable(autoTopUpSchema),
    label: nullable(Type.String()),
    metadata,
    cardholder: object({
      firstName: personal(nullable(Type.String())),
      lastName: personal(nullable(Type.String())),
      legalName: personal(nullable(Type.String({ description: "Of a business." }))),
      email: personal(nullable(Type.String())),
      phone: personal(nullable(Type.String())),
    }),
    billingAddress: personal(nullable(billingAddressShown)),
    legalHold: nullable(
      object(
        { reason: Type.String(), since: timestamp },
        {
          description:
            "Of a card without a customer: while it lasts nothing that is kept of its holder is erased. Otherwise the customer has it.",
        },
      ),
    ),
    version: Type.Integer({ description: "Grows by one with each change; money does not count." }),
    createdAt: timestamp,
    deletedAt: nullable(timestamp),
  },
  // Of a card without a customer, it is the card that has a key.
  about("customerId", "id"),
);
export type CardShown = Static<typeof cardSchema>;

/**
 * Fields of a reply that are about a person: in events they are encrypted under that person's key.
 */
export const personalFields = personalFieldsOf(cardSchema);

/** What a card can spend: from its own account, or from its budget's. */
export type CardMoney = { readonly own: Balances | null; readonly budgetAvailable: bigint | null };

/** Model → reply, as it is at an instant. */
export function showCard(card: Card, money: CardMoney, now: Date): CardShown {
  const { budgetId } = card;
  return {
    id: card.id,
    organizationId: card.organizationId,
    externalId: card.externalId,
    model: card.model,
    typeId: card.programId,
    customerId: card.customerId,
    budgetId,
    replaces: card.replaces,
    replacedBy: card.replacedBy,
    formerExternalId: card.formerExternalId,
    maskedNumber: maskedNumber(card),
    firstSix: card.firstSix,
    lastFour: card.lastFour,
    brand: card.brand,
    expiryMonth: card.expiryMonth,
    expiryYear: card.expiryYear,
    expiresAt: card.expiresAt.toISOString(),
    panSequence: card.panSequence,
    previousExpiry: showPreviousExpiry(card, now),
    currency: card.currency,
    status: statusOf(card, now),
    statusReason: statusReasonOf(card, now),
    restrictions: liveRestrictions(card, now).map(showRestriction),
    balances: money.own === null ? null : showBalances(money.own),
    budget:
      budgetId === null
        ? null
        : { id: budgetId, available: toJsonAmount(money.budgetAvailable ?? 0n) },
    autoTopUp: card.autoTopUp === null ? null : showAutoTopUp(card.autoTopUp, card.currency, now),
    label: card.label,
    metadata: { ...card.metadata },
    cardholder: { ...card.cardholder },
    billingAddress: card.billingAddress === null ? null : { ...card.billingAddress },
    legalHold: card.legalHold && {
      reason: card.legalHold.reason,
      since: card.legalHold.since.toISOString(),
    },
    version: Number(card.version),
    createdAt: card.createdAt.toISOString(),
    deletedAt: card.deletedAt?.toISOString() ?? null,
  };
}

function showPreviousExpiry({ previousExpiry }: Card, now: Date): CardShown["previousExpiry"] {
  if (previousExpiry === null || previousExpiry.expiresAt <= now) return null;
  const { month, year, expiresAt } = previousExpiry;
  return { month, year, expiresAt: expiresAt.toISOString() };
}

function showRestriction(restriction: Restriction): Static<typeof restrictionSchema> {
  const { id, kind, owner, reason, note, createdAt, endsAt } = restriction;
  return {
    id,
    kind,
    owner,
    reason,
    note,
    createdAt: createdAt.toISOString(),
    endsAt: endsAt?.toISOString() ?? null,
  };
}

/** Money to move between the organization and a card. */
export const cardFundsSchema = object({
  amount: positiveAmount,
  currency: Type.Optional(currencyCode),
  note: Type.Optional(noteSchema),
});

const reason = text(100, { description: "Why; shown as statusReason." });
const why = { reason: Type.Optional(reason), note: Type.Optional(noteSchema) };

/** Why a card is replaced, in the cardholder's case. */
export const replaceSchema = object({
  reason: oneOf(replacementReasons),
  note: Type.Optional(noteSchema),
});

export const renewSchema = object(why);

const endsAt = Type.Optional(
  nullable(
    Type.String({
      format: "date-time",
      description: "When it ends by itself; null: only when it is lifted.",
    }),
  ),
);

/** Whose freeze it is: each of the two has a restriction of its own. */
export const freezeSchema = object({
  requestedBy: Type.Optional(oneOf(freezers, { default: "organization" })),
  endsAt,
  ...why,
});
export const unfreezeSchema = object({
  requestedBy: Type.Optional(oneOf(freezers, { default: "organization" })),
  ...why,
});

const inTheNameOf = Type.Optional(
  oneOf(blockers, {
    default: "platform",
    description: "compliance: the money on the card stays where it is, too.",
  }),
);

export const blockSchema = object({
  reason,
  note: Type.Optional(noteSchema),
  owner: inTheNameOf,
  endsAt,
});

/** The instant of an end; undefined where nothing is said of it. */
export function readEnd(end: string | null | undefined): Date | null | undefined {
  return typeof end === "string" ? new Date(end) : end;
}

export const unblockSchema = object({ ...why, owner: inTheNameOf });
