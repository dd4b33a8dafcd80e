import { generalErrors } from "../../foundation/errors/errors.ts";
import { DEFAULT_LIMIT, decodeCursor, pageFrom } from "../../foundation/route/cursor.ts";
import { type Route, readRoute } from "../../foundation/route/route.ts";
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
} from "./schema.ts";

const common = { tag: "Ledger", audience: "any", scope: "ledger:read" } as const;

const instant = (text: string | undefined) => (text === undefined ? undefined : new Date(text));
const whole = (number: number | undefined) => (number === undefined ? undefined : BigInt(number));

/**
 * The sequence inside a cursor.
 *
 * @throws Refusal `invalid_request` naming `cursor` when it is not one of this list.
 */
function sequenceFrom(cursor: string | undefined): bigint | undefined {
  const text = decodeCursor(cursor);
  if (text === undefined) return undefined;
  if (/^\d{1,18}$/.test(text)) return BigInt(text);
  const detail = "cursor is not a nextCursor of this list.";
  throw generalErrors.refusal("invalid_request", detail, { field: "cursor" });
}

/** The books of the caller's organization (PRODUCT §3). */
export const ledgerRoutes: readonly Route[] = [
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
    errors: ["as_of_in_future", "as_of_not_reached"],
    async handle({ query, reading }) {
      const { cursor, limit = DEFAULT_LIMIT, at, sequence, ...filter } = query;
      const asOf = { at: instant(at), sequence: whole(sequence) };
      const page = { after: decodeCursor(cursor), limit };
      const found = await listAccounts(reading, filter, asOf, page);
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
    errors: [],
    async handle({ query, reading }) {
      const { cursor, limit = DEFAULT_LIMIT, after, until, ...filter } = query;
      const times = { after: instant(after), until: instant(until) };
      const page = { after: sequenceFrom(cursor), limit };
      const found = await listEntries(reading, { ...filter, ...times }, page);
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
      "is the end of the hash chain: kept outside, it finds out even whoever rewrites every table.",
    ].join(" "),
    reply: invariantsSchema,
    errors: [],
    async handle({ reading }) {
      return showInvariants(await invariants(reading.sql, reading.organizationId));
    },
  }),
];
