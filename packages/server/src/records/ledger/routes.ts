import type { Reading } from "../../foundation/database/work.ts";
import {
  DEFAULT_LIMIT,
  decodeCursor,
  decodeNumber,
  pageFrom,
} from "../../foundation/route/cursor.ts";
import { type Caller, type Route, readRoute } from "../../foundation/route/route.ts";
import { instantOf } from "../../foundation/route/schemas.ts";
import { invariants, listAccounts, listEntries } from "./actions.ts";
import {
  accountPage,
  accountQuery,
  entryPage,
  entryQuery,
  invariantsSchema,
  showAccount,
  showEntry,
  showInvariants,
  whoseQuery,
} from "./schema.ts";

/** Longest check of one law in a request, ms. All laws of a million journal rows take 14 s. */
const LAW_TIMEOUT_MS = 120_000;

const common = { tag: "Ledger", audience: "any", scope: "ledger:read" } as const;

const instant = (text: string | undefined) => (text === undefined ? undefined : instantOf(text));
const whole = (number: number | undefined) => (number === undefined ? undefined : BigInt(number));

/** Whose books are read: the caller's own, or for the platform those that it names. */
export type BooksNamed = (
  caller: Caller,
  reading: Reading,
  organizationId: string | undefined,
) => Promise<Reading>;

/**
 * The books of an organization (PRODUCT §3).
 *
 * @param booksNamed knows organizations, which this module does not.
 */
export const ledgerRoutes = (booksNamed: BooksNamed): readonly Route[] => [
  readRoute({
    ...common,
    id: "listLedgerAccounts",
    path: "/ledger/accounts",
    summary: "List ledger accounts with their four numbers",
    description: [
      "Every account keeps debits and credits, pending and posted. Now, or as it was recorded up to an",
      "instant (`at`) or a sequence: the answer about the past never changes.",
    ].join(" "),
    query: accountQuery,
    reply: accountPage,
    errors: ["as_of_in_future", "as_of_not_reached", "organization_not_found"],
    async handle({ query, caller, reading }) {
      const { cursor, limit = DEFAULT_LIMIT, at, sequence, organizationId, ...filter } = query;
      const books = await booksNamed(caller, reading, organizationId);
      const asOf = { at: at === undefined ? undefined : new Date(at), sequence: whole(sequence) };
      const page = { after: decodeCursor(cursor), limit };
      const found = await listAccounts(books, filter, asOf, page);
      return pageFrom(
        found,
        ({ account }) => account.id,
        ({ account, balances }) => showAccount(account, balances),
      );
    },
  }),
  readRoute({
    ...common,
    id: "listLedgerEntries",
    path: "/ledger/entries",
    summary: "List the rows of the journal",
    description: [
      "One row for each movement, newest first, with both accounts right after it. A row appears when",
      "it is sealed into the hash chain, moments after it was written.",
    ].join(" "),
    query: entryQuery,
    reply: entryPage,
    errors: ["organization_not_found"],
    async handle({ query, caller, reading }) {
      const { cursor, limit = DEFAULT_LIMIT, organizationId, ...filter } = query;
      const range = {
        from: instant(filter.from),
        to: instant(filter.to),
        fromSequence: whole(filter.fromSequence),
        toSequence: whole(filter.toSequence),
      };
      const page = { after: decodeNumber(cursor), limit };
      const books = await booksNamed(caller, reading, organizationId);
      const found = await listEntries(books, { ...filter, ...range }, page);
      return pageFrom(found, (entry) => entry.sequence, showEntry);
    },
  }),
  readRoute({
    ...common,
    id: "getLedgerInvariants",
    path: "/ledger/invariants",
    summary: "Check the laws of the books",
    description: [
      "Reads the whole journal and says for each law whether it holds, and what breaks it first. `head`",
      "is the end of the hash chain: kept outside, it finds out even whoever rewrites every table. One check",
      "runs at a time, and a law has two minutes; for longer books there is `npm run ledger:verify`.",
    ].join(" "),
    longReadMs: LAW_TIMEOUT_MS,
    query: whoseQuery,
    reply: invariantsSchema,
    errors: ["organization_not_found"],
    async handle({ query, caller, reading }) {
      const { sql, organizationId } = await booksNamed(caller, reading, query.organizationId);
      return showInvariants(await invariants(sql, organizationId));
    },
  }),
];
