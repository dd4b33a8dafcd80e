import { type Condition, listRows, type RowPage } from "../../../foundation/database/list.ts";
import type { Sql } from "../../../foundation/database/sql.ts";
import { assert } from "../../../foundation/errors/errors.ts";
import { nowOf, organizationsNow } from "../../../records/sequencer/clauses.ts";
import { customersNamed } from "../../customers/clauses.ts";
import type { Card, CardStatus, RestrictionKind } from "../model.ts";
import type { SearchTerms } from "../rules/search.ts";
import type { CardFilter } from "../schema/list.ts";
import { type Row, selected, toCard } from "../store.ts";

/** Whose cards a list is of: of one organization with its now, or of all (null). */
export type CardOwner = { readonly organizationId: string; readonly now: Date } | null;

/** Which cards a list is of. */
export type CardsWanted = Omit<CardFilter, "search"> & { readonly terms: SearchTerms | null };

/** A card at its organization's now, by which the list has judged its status. */
export type CardAt = { readonly card: Card; readonly now: Date };

const nowOfCard = nowOf("c.organization_id");
const selects = {
  ofOne: `select ${selected} from cards c`,
  // Judged and shown by one clock: that of the statement.
  ofAll: `select ${selected}, ${nowOfCard} as "listedAt" from cards c`,
};

/** One page, newest first. */
export async function listPage(
  sql: Sql,
  owner: CardOwner,
  wanted: CardsWanted,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<RowPage<CardAt>> {
  const { status, terms } = wanted;
  const { rows, more } = await listRows<Row & { readonly listedAt?: Date }>(sql, {
    select: owner === null ? selects.ofAll : selects.ofOne,
    conditions: [
      ["c.organization_id", "=", owner?.organizationId],
      ...(status === undefined ? [] : [statusCondition(status, owner)]),
      ...(terms === null ? [] : [searchCondition(terms, owner)]),
      ["c.model", "=", wanted.model],
      ["c.program_id", "=", wanted.typeId],
      ["c.customer_id", "=", wanted.customerId],
      ["c.budget_id", "=", wanted.budgetId],
      ["c.last_four", "=", wanted.lastFour],
      ["c.label", "=", wanted.label],
      ["c.external_id", "=", wanted.externalId],
      ["c.created_at", ">=", wanted.from],
      ["c.created_at", "<", wanted.to],
    ],
    key: "c.id",
    ...page,
  });
  const found = rows.map(({ listedAt, ...row }) => {
    const now = listedAt ?? owner?.now;
    assert(now !== undefined, "Every card was judged by a clock.");
    return { card: toCard(row), now };
  });
  return { rows: found, more };
}

/**
 * The precedence of `statusOf` as a condition on a row, by its organization's now: what is stored may wait
 * for its job.
 */
function statusCondition(status: CardStatus, owner: CardOwner): Condition {
  return (put) => {
    if (status === "deleted") return "c.status = 'deleted'";
    // A value, where there is one: the planner then knows how many cards it is about.
    const now = owner === null ? nowOfCard : `${put(owner.now)}::timestamptz`;
    const live = (kinds: readonly RestrictionKind[]) => `exists (select from card_restrictions r
      where r.organization_id = c.organization_id and r.card_id = c.id and r.lifted_at is null
        and r.kind in (${kinds.map((kind) => `'${kind}'`).join(", ")})
        and (r.ends_at is null or r.ends_at > ${now}))`;
    if (status === "expired") {
      // Recorded or not yet: an index for each.
      return `c.status <> 'deleted' and (
        (c.expired_at is not null and c.expires_at <= ${now})
        or (c.expired_at is null and c.expires_at <= ${now}))`;
    }
    return `c.expires_at > ${now} and ${conditions[status](live)}`;
  };
}

type Live = (kinds: readonly RestrictionKind[]) => string;

/** Of a card that is neither deleted nor expired; the stored status is never weaker than the shown one. */
const conditions: Record<Exclude<CardStatus, "deleted" | "expired">, (live: Live) => string> = {
  active: (live) => `(c.status = 'active'
    or (c.status in ('frozen', 'blocked') and not ${live(["freeze", "block"])}))`,
  frozen: (live) =>
    `c.status in ('frozen', 'blocked') and ${live(["freeze"])} and not ${live(["block"])}`,
  blocked: (live) => `c.status = 'blocked' and ${live(["block"])}`,
};

/**
 * Each part begins with the organization, as the indexes do. The ids are found first, as an array: else the
 * planner walks over all cards in the order of the list, in the hope of meeting enough.
 */
function searchCondition(terms: SearchTerms, owner: CardOwner): Condition {
  return (put) => {
    const owners =
      owner === null
        ? `any(array(select o.organization_id from ${organizationsNow} o))`
        : put(owner.organizationId);
    const within = (column: string) => `${column} = ${owners}`;
    const lowered = (patterns: readonly string[]) => patterns.map((one) => `lower(${put(one)})`);
    const [texts, names] = [lowered(terms.texts), lowered(terms.names)];
    const begins = (column: string, patterns: readonly string[]) =>
      patterns.map((one) => `lower(${column}) like ${one}`);
    const any = [
      ...(terms.lastFour === null ? [] : [`s.last_four = ${put(terms.lastFour)}`]),
      ...begins("s.label", texts),
      ...begins("s.external_id", texts),
      ...begins("s.last_name", names),
      ...begins("s.first_name || ' ' || s.last_name", names),
      ...begins("s.legal_name", names),
      `s.customer_id = any(array${customersNamed(within, names)})`,
    ];
    const parts = any.map((one) => `(${within("s.organization_id")} and ${one})`);
    return `c.id = any(array(select s.id from cards s where ${parts.join(" or ")}))`;
  };
}
