import { type Static, Type } from "typebox";
import { toJsonAmount } from "../../foundation/money/money.ts";
import {
  amountShown,
  currencyCode,
  idText,
  nullable,
  object,
  oneOf,
  pageOf,
  pageQuery,
  timestamp,
} from "../../foundation/route/schemas.ts";
import {
  type Account,
  type AccountType,
  accountTypes,
  type Balances,
  effects,
  type Law,
  laws,
  type MovementKind,
  movementKinds,
  type Numbers,
} from "./model.ts";

const keys = <K extends string>(table: Readonly<Record<K, unknown>>) => Object.keys(table) as K[];

/** Balances as every resource with money shows them. Minor units; available = posted − held. */
export const balancesSchema = object({
  currency: currencyCode,
  posted: amountShown,
  held: amountShown,
  available: amountShown,
  owed: amountShown,
});

/** Balances for an answer. */
export function showBalances(balances: Balances): Static<typeof balancesSchema> {
  return {
    currency: balances.currency,
    posted: toJsonAmount(balances.posted),
    held: toJsonAmount(balances.held),
    available: toJsonAmount(balances.available),
    owed: toJsonAmount(balances.owed),
  };
}

/** A sum of a whole account's life; it may grow beyond what a JSON number holds exactly. */
const sum = (description: string) => Type.String({ pattern: "^-?\\d{1,38}$", description });

const numbersSchema = {
  debitsPending: sum("Debits that are held and not posted. Minor units, as a text of digits."),
  debitsPosted: sum("Every debit ever posted."),
  creditsPending: sum("Credits that are held and not posted."),
  creditsPosted: sum("Every credit ever posted."),
};

const showNumbers = (numbers: Numbers) => ({
  debitsPending: String(numbers.debitsPending),
  debitsPosted: String(numbers.debitsPosted),
  creditsPending: String(numbers.creditsPending),
  creditsPosted: String(numbers.creditsPosted),
});

const sequenceText = (description: string) =>
  Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description });

/** As of when a balance is asked for; at most one of the two. */
export const asOfQuery = {
  at: Type.Optional({ ...timestamp, description: "As it was recorded up to this instant." }),
  sequence: Type.Optional(sequenceText("As it was right after this sequence.")),
};

const whose = {
  organizationId: Type.Optional(
    idText("For platform keys: whose books; without it the platform's own."),
  ),
};

/** Of a list of the books: whose, and nothing more. */
export const whoseQuery = object(whose);

/** A ledger account as the outside sees it. */
export const accountSchema = object(
  {
    id: Type.String(),
    type: oneOf(keys<AccountType>(accountTypes)),
    ownerId: Type.String({ description: "The card, budget or organization." }),
    currency: currencyCode,
    ...numbersSchema,
    posted: sum("What stands on the account's normal side."),
    held: sum("What is pending against it."),
    available: sum("posted less held; of a receivable, what is owed."),
    owed: sum("What the organization owes beside it; on its own account, in all."),
    version: Type.Integer({ description: "Rows of the journal it has." }),
    closed: Type.Boolean(),
  },
  { title: "LedgerAccount" },
);

export const accountPage = pageOf(accountSchema);

export const accountQuery = object({
  ...pageQuery,
  ...asOfQuery,
  type: Type.Optional(oneOf(keys<AccountType>(accountTypes))),
  ownerId: Type.Optional(idText("The card, budget or organization.")),
  currency: Type.Optional(currencyCode),
  ...whose,
});

/** Model → reply. */
export function showAccount(account: Account, balances: Balances): Static<typeof accountSchema> {
  const { id, type, ownerId, currency, version, closed } = account;
  return {
    id,
    type,
    ownerId,
    currency,
    ...showNumbers(account),
    posted: String(balances.posted),
    held: String(balances.held),
    available: String(balances.available),
    owed: String(balances.owed),
    version: Number(version),
    closed,
  };
}

const entrySide = object({
  accountId: Type.String(),
  version: Type.Integer({ description: "Which row of the account this is; without a gap." }),
  ...numbersSchema,
});

/** A row of the journal as the outside sees it. */
export const entrySchema = object(
  {
    id: Type.String(),
    sequence: Type.Integer({ description: "Its place in the organization's hash chain." }),
    recordedAt: timestamp,
    createdAt: timestamp,
    kind: oneOf(keys<MovementKind>(movementKinds)),
    effect: oneOf(effects),
    currency: currencyCode,
    amount: amountShown,
    released: Type.Integer({ description: "What a capture takes from its hold. Minor units." }),
    debit: entrySide,
    credit: entrySide,
    holdId: nullable(Type.String()),
    transferId: nullable(Type.String()),
    cardId: nullable(Type.String()),
    budgetId: nullable(Type.String()),
    reverses: nullable(Type.String({ description: "The row that this one mirrors." })),
  },
  { title: "LedgerEntry" },
);

export const entryPage = pageOf(entrySchema);

export const entryQuery = object({
  ...pageQuery,
  accountId: Type.Optional(idText("Rows that debit or credit this account.")),
  transferId: Type.Optional(idText("Rows of this transfer.")),
  holdId: Type.Optional(idText("Rows that move this hold.")),
  cardId: Type.Optional(idText("Rows about this card.")),
  budgetId: Type.Optional(idText("Rows about this budget.")),
  kind: Type.Optional(oneOf(keys<MovementKind>(movementKinds))),
  from: Type.Optional({ ...timestamp, description: "Recorded at this instant or later." }),
  to: Type.Optional({ ...timestamp, description: "Recorded before this instant." }),
  fromSequence: Type.Optional(sequenceText("This sequence or a later one.")),
  toSequence: Type.Optional(sequenceText("This sequence or an earlier one.")),
  ...whose,
});

/** What an entry shows; the actions give it. */
type ShownEntry = {
  readonly id: string;
  readonly sequence: bigint;
  readonly recordedAt: Date;
  readonly createdAt: Date;
  readonly kind: MovementKind;
  readonly effect: (typeof effects)[number];
  readonly currency: string;
  readonly amount: bigint;
  readonly released: bigint;
  readonly debit: ShownSide;
  readonly credit: ShownSide;
  readonly holdId: string | null;
  readonly transferId: string | null;
  readonly cardId: string | null;
  readonly budgetId: string | null;
  readonly reverses: string | null;
};

type ShownSide = {
  readonly accountId: string;
  readonly version: bigint;
  readonly numbers: Numbers;
};

const showSide = ({ accountId, version, numbers }: ShownSide) => ({
  accountId,
  version: Number(version),
  ...showNumbers(numbers),
});

/** Model → reply. */
export function showEntry(entry: ShownEntry): Static<typeof entrySchema> {
  return {
    ...entry,
    sequence: Number(entry.sequence),
    recordedAt: entry.recordedAt.toISOString(),
    createdAt: entry.createdAt.toISOString(),
    amount: toJsonAmount(entry.amount),
    released: toJsonAmount(entry.released),
    debit: showSide(entry.debit),
    credit: showSide(entry.credit),
  };
}

/** The state of an organization's books as the outside sees it. */
export const invariantsSchema = object(
  {
    holds: Type.Boolean({ description: "Whether every law holds." }),
    head: object(
      {
        sequence: Type.Integer(),
        link: Type.String({ description: "SHA-256 of the last record's link, in hex." }),
        block: Type.Integer(),
        recordedAt: nullable(timestamp),
      },
      { description: "Where the hash chain ends. Keep it: `ledger:verify --head` checks it." },
    ),
    laws: Type.Array(
      object({
        law: oneOf(keys<Law>(laws)),
        meaning: Type.String(),
        holds: Type.Boolean(),
        breach: nullable(
          object({
            id: Type.String({ description: "The first bad row, account, hold or currency." }),
            wrong: Type.String(),
          }),
        ),
      }),
    ),
  },
  { title: "LedgerInvariants" },
);

type ShownInvariants = {
  readonly head: {
    readonly sequence: bigint;
    readonly link: Uint8Array;
    readonly block: bigint;
    readonly recordedAt: Date | null;
  };
  readonly laws: readonly {
    readonly law: Law;
    readonly breach: { readonly id: string; readonly wrong: string } | null;
  }[];
};

/** Model → reply. */
export function showInvariants(found: ShownInvariants): Static<typeof invariantsSchema> {
  const { sequence, link, block, recordedAt } = found.head;
  return {
    holds: found.laws.every(({ breach }) => breach === null),
    head: {
      sequence: Number(sequence),
      link: Buffer.from(link).toString("hex"),
      block: Number(block),
      recordedAt: recordedAt?.toISOString() ?? null,
    },
    laws: found.laws.map(({ law, breach }) => ({
      law,
      meaning: laws[law],
      holds: breach === null,
      breach,
    })),
  };
}
