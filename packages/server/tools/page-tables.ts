import { publishedCodes } from "../src/interfaces/api/codes.ts";
import { issueCodes } from "../src/issuing/cards/errors.ts";
import { cardLifecycle } from "../src/issuing/cards/model.ts";
import { type CardVerb, cardVerbs } from "../src/issuing/cards/rules/status.ts";
import { transferKinds } from "../src/issuing/transfers/model.ts";
import {
  type AccountType,
  accountTypes,
  kindOf,
  laws,
  type MovementKind,
  movementKinds,
  natureOf,
} from "../src/records/ledger/model.ts";

type Table = { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] };

const words = (name: string) => name.replaceAll("_", " ");
const keys = <K extends string>(table: Readonly<Record<K, unknown>>) => Object.keys(table) as K[];
const list = (types: readonly string[]) => types.map(words).join(", ");

/** What is done to a card, in the words of a guide; null: no request does it. */
const verbWords: Readonly<Record<CardVerb, string | null>> = {
  authorize: "a new purchase",
  settle: "what settles, reverses or refunds an earlier purchase",
  topUp: "top-up",
  withdraw: "withdraw",
  delete: "delete",
  freeze: "freeze",
  unfreeze: "unfreeze",
  block: "block (the platform)",
  unblock: "unblock (the platform)",
  replace: "replace",
  renew: "renew",
  reveal: null,
  setPin: null,
  change: "change label, metadata, contact, rules",
  read: "read anything",
};

const statuses = cardLifecycle.states;

/** The tables of pages, by the name of their place in them. */
const tables: Readonly<Record<string, Table>> = {
  "account types": {
    head: ["account", "kind", "normal side", "never beyond its limit", "receivable beside it"],
    rows: keys<AccountType>(accountTypes).map((type) => {
      const { kind, normal, limited, owes } = natureOf({ type });
      return [words(type), kind, normal, limited ? "yes" : "", owes ? "yes" : ""];
    }),
  },
  "movement kinds": {
    head: ["movement", "effect", "debit", "credit", "also on a closed account"],
    rows: keys<MovementKind>(movementKinds).flatMap((kind) => {
      const { effect, between, onClosed } = kindOf(kind);
      const name = [`\`${kind}\``, effect];
      const last = onClosed ? "yes" : "";
      if (between.length === 0) return [[...name, "the mirror of what it reverses", "", last]];
      return between.map(([debits, credits]) => [...name, list(debits), list(credits), last]);
    }),
  },
  "transfer kinds": {
    head: ["transfer", "what it is", "reversed by hand by"],
    rows: Object.entries(transferKinds).map(([kind, { meaning, reversibleBy }]) => {
      const sandbox = "the platform; in a sandbox also the organization";
      const who = reversibleBy === "sandbox" ? sandbox : reversibleBy;
      return [`\`${kind}\``, meaning, who === null ? "nobody" : who];
    }),
  },
  "conditions of issuing": {
    head: ["code", "what it means", "what to do"],
    rows: issueCodes.map((code) => {
      const found = publishedCodes().find((each) => each.code === code);
      if (found === undefined) throw new Error(`${code} is in no error table.`);
      return [`\`${code}\``, `${found.title}.`, found.remedy ?? ""];
    }),
  },
  "what a status allows": {
    head: ["", ...statuses],
    rows: keys<CardVerb>(cardVerbs).flatMap((verb) => {
      const allowed: readonly string[] = cardVerbs[verb].allowed;
      const name = verbWords[verb];
      return name === null
        ? []
        : [[name, ...statuses.map((status) => (allowed.includes(status) ? "yes" : "no"))]];
    }),
  },
  laws: {
    head: ["law", "what must hold"],
    rows: Object.entries(laws).map(([law, meaning]) => [`\`${law}\``, `${meaning}.`]),
  },
};

const PLACE = /(<!-- table: ([a-z ]+) -->\n)[\s\S]*?(<!-- end of table -->)/g;

/**
 * A page of the documentation with its tables as the code has them. A table stands between `<!-- table:
 * name -->` and `<!-- end of table -->`; the rest is written by hand.
 *
 * @throws Error when a page names a table that there is not.
 */
export function withTables(page: string, text: string): string {
  return text.replaceAll(PLACE, (_, start: string, name: string, end: string) => {
    const table = tables[name];
    if (table === undefined) throw new Error(`${page} names no table: ${name}.`);
    const lines = [table.head, table.head.map(() => "---"), ...table.rows];
    return `${start}${lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n")}\n${end}`;
  });
}
