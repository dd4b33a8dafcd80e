import { arraysOf, type Sql, statement } from "../../foundation/database/sql.ts";
import { assert } from "../../foundation/errors/errors.ts";
import type { CardId, OrganizationId } from "../../foundation/ids/ids.ts";
import type { Reference } from "../../foundation/route/schemas.ts";
import { accountId } from "../../records/ledger/model.ts";
import type { AutoTopUp } from "./model/topups.ts";
import { type Card, cardAccount, type Restriction } from "./model.ts";

/** `share`: its facts stay true until COMMIT. `change`: for changing them. */
export type LockStrength = "share" | "change";

/** Each column and the property it fills, in the order of the values of `insert`. */
const columns = {
  organization_id: "organizationId",
  id: "id",
  external_id: "externalId",
  model: "model",
  program_id: "programId",
  customer_id: "customerId",
  budget_id: "budgetId",
  account_id: "accountId",
  account_card_id: "accountCardId",
  replaces: "replaces",
  replaced_by: "replacedBy",
  former_external_id: "formerExternalId",
  currency: "currency",
  brand: "brand",
  first_six: "firstSix",
  last_four: "lastFour",
  pan_length: "panLength",
  pan_sequence: "panSequence",
  expiry_month: "expiryMonth",
  expiry_year: "expiryYear",
  expires_at: "expiresAt",
  previous_expiry_month: "previousExpiryMonth",
  previous_expiry_year: "previousExpiryYear",
  previous_expires_at: "previousExpiresAt",
  expired_at: "expiredAt",
  status: "storedStatus",
  first_name: "firstName",
  last_name: "lastName",
  legal_name: "legalName",
  email: "email",
  phone: "phone",
  billing_address: "billingAddress",
  label: "label",
  metadata: "metadata",
  legal_hold_reason: "legalHoldReason",
  legal_hold_at: "legalHoldAt",
  number_first: "numberFirst",
  number_last: "numberLast",
  fee_anchor_at: "feeAnchorAt",
  fee_months: "feeMonths",
  next_fee_at: "nextFeeAt",
  version: "version",
  created_at: "createdAt",
  deleted_at: "deletedAt",
  deleted_reason: "deletedReason",
} as const;

/** The live restrictions come as JSON, where an instant is a text. */
type ReadRestriction = Omit<Restriction, "createdAt" | "endsAt"> & {
  readonly createdAt: string;
  readonly endsAt: string | null;
};

/** So does the rule of automatic top-up, with its amounts as texts too. */
type ReadTopUp = {
  readonly [P in keyof AutoTopUp]: AutoTopUp[P] extends bigint | Date
    ? string
    : AutoTopUp[P] extends bigint | Date | null
      ? string | null
      : AutoTopUp[P];
};

/** A card as it is read: see `select`. */
export type Row = Omit<
  Card,
  "cardholder" | "restrictions" | "autoTopUp" | "previousExpiry" | "legalHold"
> &
  Card["cardholder"] & {
    readonly legalHoldReason: string | null;
    readonly legalHoldAt: Date | null;
    readonly accountId: string | null;
    readonly previousExpiryMonth: number | null;
    readonly previousExpiryYear: number | null;
    readonly previousExpiresAt: Date | null;
    readonly restrictions: readonly ReadRestriction[];
    readonly autoTopUp: ReadTopUp | null;
  };

/** What is read of a card `c`, with the restrictions that nobody has lifted. */
export const selected = `
  ${Object.entries(columns)
    .map(([column, property]) => `c.${column} as "${property}"`)
    .join(", ")},
  (select coalesce(jsonb_agg(jsonb_build_object('id', r.id, 'kind', r.kind, 'owner', r.owner,
      'reason', r.reason, 'note', r.note, 'actor', jsonb_build_object('kind', r.actor_kind,
      'id', r.actor_id), 'createdAt', r.created_at, 'endsAt', r.ends_at) order by r.id), '[]')
    from card_restrictions r
    where r.organization_id = c.organization_id and r.card_id = c.id and r.lifted_at is null
  ) as restrictions,
  case when c.replaced_by is null and c.deleted_at is null then (
    select jsonb_build_object('threshold', t.threshold::text, 'amount', t.amount::text,
      'monthlyCap', t.monthly_cap::text, 'timeZone', t.time_zone, 'status', t.status,
      'stoppedReason', t.stopped_reason, 'stoppedAt', t.stopped_at,
      'monthStartsAt', t.month_starts_at, 'monthAmount', t.month_amount::text,
      'restsUntil', t.rests_until)
    from card_auto_top_ups t
    where t.organization_id = c.organization_id and t.account_card_id = c.account_card_id
  ) end as "autoTopUp"`;
const select = `select ${selected} from cards c`;

export function toCard(row: Row): Card {
  const { accountId: _, firstName, lastName, legalName, email, phone, ...rest } = row;
  const { previousExpiryMonth: month, previousExpiryYear: year, previousExpiresAt, ...more } = rest;
  const { legalHoldReason: reason, legalHoldAt: since, ...card } = more;
  const renewed = month !== null && year !== null && previousExpiresAt !== null;
  return {
    ...card,
    previousExpiry: renewed ? { month, year, expiresAt: previousExpiresAt } : null,
    legalHold: reason === null || since === null ? null : { reason, since },
    cardholder: { firstName, lastName, legalName, email, phone },
    restrictions: row.restrictions.map((restriction) => ({
      ...restriction,
      createdAt: new Date(restriction.createdAt),
      endsAt: dateOf(restriction.endsAt),
    })),
    autoTopUp: row.autoTopUp === null ? null : toTopUp(row.autoTopUp),
  };
}

const dateOf = (text: string | null): Date | null => (text === null ? null : new Date(text));

const toTopUp = (read: ReadTopUp): AutoTopUp => ({
  ...read,
  threshold: BigInt(read.threshold),
  amount: BigInt(read.amount),
  monthlyCap: read.monthlyCap === null ? null : BigInt(read.monthlyCap),
  stoppedAt: dateOf(read.stoppedAt),
  monthStartsAt: new Date(read.monthStartsAt),
  monthAmount: BigInt(read.monthAmount),
  restsUntil: dateOf(read.restsUntil),
});

/** A card as a request names it. */
export type Named = { readonly organizationId: OrganizationId; readonly reference: Reference };

/** The key under which sets of cards are given. */
export const keyOf = ({ organizationId, reference }: Named): string =>
  `${organizationId}/${reference.by}/${reference.value}`;

/** Whether a name still is a card's: an external id passes on to the card that replaces it. */
export const isNamed = ({ externalId }: Card, { by, value }: Reference): boolean =>
  by === "id" || externalId === value;

const findAll = statement(
  "cards.findAll",
  `${select} join unnest($1::text[], $2::text[]) as wanted (organization_id, id)
     on c.organization_id = wanted.organization_id and c.id = wanted.id
   union all
   ${select} join unnest($3::text[], $4::text[]) as wanted (organization_id, external_id)
     on c.organization_id = wanted.organization_id and c.external_id = wanted.external_id`,
);

/** The named cards that exist, by `keyOf`. Takes no lock. */
export async function findRows(sql: Sql, named: readonly Named[]): Promise<Map<string, Card>> {
  const rows = await sql.query<Row>(findAll, wantedOf(named));
  return byName(named, rows.map(toCard));
}

/** What of a card never changes, who and what it belongs to, beside the external id that names it. */
export type FixedCard = Pick<
  Card,
  "organizationId" | "id" | "externalId" | "programId" | "customerId" | "accountCardId" | "currency"
>;

const selectFixed = `select c.organization_id as "organizationId", c.id,
  c.external_id as "externalId", c.program_id as "programId", c.customer_id as "customerId",
  c.account_card_id as "accountCardId", c.currency from cards c`;

const findFixed = statement(
  "cards.findFixed",
  `${selectFixed} join unnest($1::text[], $2::text[]) as wanted (organization_id, id)
     on c.organization_id = wanted.organization_id and c.id = wanted.id
   union all
   ${selectFixed} join unnest($3::text[], $4::text[]) as wanted (organization_id, external_id)
     on c.organization_id = wanted.organization_id and c.external_id = wanted.external_id`,
);

/** What never changes of the named cards that exist, by `keyOf`: enough to lock all the rest. */
export async function findFixedRows(
  sql: Sql,
  named: readonly Named[],
): Promise<Map<string, FixedCard>> {
  return byName(named, await sql.query<FixedCard>(findFixed, wantedOf(named)));
}

function wantedOf(named: readonly Named[]): unknown[] {
  const ids = named.filter(({ reference }) => reference.by === "id");
  const externals = named.filter(({ reference }) => reference.by === "externalId");
  return [
    ids.map(({ organizationId }) => organizationId),
    ids.map(({ reference }) => reference.value),
    externals.map(({ organizationId }) => organizationId),
    externals.map(({ reference }) => reference.value),
  ];
}

function byName<C extends FixedCard>(named: readonly Named[], cards: readonly C[]): Map<string, C> {
  const byId = new Map(cards.map((card) => [`${card.organizationId}/id/${card.id}`, card]));
  const byExternal = new Map(
    cards
      .filter(({ externalId }) => externalId !== null)
      .map((card) => [`${card.organizationId}/externalId/${card.externalId}`, card]),
  );
  return new Map(
    named.flatMap((each): [string, C][] => {
      const key = keyOf(each);
      const card = (each.reference.by === "id" ? byId : byExternal).get(key);
      return card === undefined ? [] : [[key, card]];
    }),
  );
}

// Only the row: what a lock waited for is seen by the next statement, which reads card and
// restrictions on a snapshot of its own. In one statement the restrictions would come from before
// the wait.
const lockText = `select c.id from cards c
  join unnest($1::text[], $2::text[]) as wanted (organization_id, id)
    on c.organization_id = wanted.organization_id and c.id = wanted.id
  order by c.id`;
const lockAll = {
  share: statement("cards.lockShare", `${lockText} for share of c`),
  change: statement("cards.lockChange", `${lockText} for no key update of c`),
};

/** Locks cards in the order of their ids, then reads them; both in one round trip. */
export async function lockRows(
  sql: Sql,
  cards: readonly Pick<Card, "organizationId" | "id">[],
  strength: LockStrength,
): Promise<Map<CardId, Card>> {
  const organizationIds = cards.map(({ organizationId }) => organizationId);
  const ids = cards.map(({ id }) => id);
  const [, rows] = await Promise.all([
    sql.query(lockAll[strength], [organizationIds, ids]),
    sql.query<Row>(findAll, [organizationIds, ids, [], []]),
  ]);
  return new Map(rows.map((row) => [row.id, toCard(row)]));
}

const lastOfAccount = statement(
  "cards.lastOfAccount",
  `${select} where c.organization_id = $1 and c.account_card_id = $2 and c.replaced_by is null`,
);

/** The last card of a chain, which answers for the account that all of it share. */
export async function findLast(sql: Sql, card: Card): Promise<Card> {
  const [row] = await sql.query<Row>(lastOfAccount, [card.organizationId, card.accountCardId]);
  assert(row !== undefined, "Every chain has a last card.");
  return toCard(row);
}

const organizationOf = statement(
  "cards.organizationOf",
  `select organization_id as "organizationId" from cards where id = $1`,
);

/** Whose a card is; null where there is no such card in the whole installation. */
export async function findOrganizationOf(sql: Sql, id: string): Promise<OrganizationId | null> {
  const [row] = await sql.query<{ organizationId: OrganizationId }>(organizationOf, [id]);
  return row?.organizationId ?? null;
}

/** Types of the columns as arrays, where they are not text. */
const arrayTypes: Partial<Record<keyof typeof columns, string>> = {
  pan_length: "integer[]",
  pan_sequence: "integer[]",
  expiry_month: "integer[]",
  expiry_year: "integer[]",
  expires_at: "timestamptz[]",
  previous_expiry_month: "integer[]",
  previous_expiry_year: "integer[]",
  previous_expires_at: "timestamptz[]",
  expired_at: "timestamptz[]",
  billing_address: "jsonb[]",
  metadata: "jsonb[]",
  legal_hold_at: "timestamptz[]",
  number_first: "bigint[]",
  number_last: "bigint[]",
  fee_anchor_at: "timestamptz[]",
  fee_months: "integer[]",
  next_fee_at: "timestamptz[]",
  version: "bigint[]",
  created_at: "timestamptz[]",
  deleted_at: "timestamptz[]",
};
const names = Object.keys(columns) as (keyof typeof columns)[];

const insert = statement(
  "cards.insert",
  `insert into cards (${names.join(", ")}) select * from unnest(${arraysOf(names, arrayTypes)})`,
);

/** Writes new cards as one set. */
export async function insertCards(sql: Sql, cards: readonly Card[]): Promise<void> {
  if (cards.length > 0) await sql.query(insert, valuesOf(names, cards));
}

/** The values of those parameters. */
function valuesOf(
  wanted: readonly (keyof typeof columns)[],
  cards: readonly Card[],
): readonly unknown[][] {
  const rows = cards.map((card): Record<string, unknown> => {
    const { cardholder, billingAddress, metadata, previousExpiry, legalHold, ...rest } = card;
    return {
      ...rest,
      ...cardholder,
      previousExpiryMonth: previousExpiry?.month,
      previousExpiryYear: previousExpiry?.year,
      previousExpiresAt: previousExpiry?.expiresAt,
      legalHoldReason: legalHold?.reason,
      legalHoldAt: legalHold?.since,
      accountId: card.model === "card" ? accountId(cardAccount(card)) : null,
      billingAddress: billingAddress === null ? null : JSON.stringify(billingAddress),
      metadata: JSON.stringify(metadata),
    };
  });
  return wanted.map((name) => rows.map((row) => row[columns[name]]));
}

/** What can change of a card. */
const changing = [
  "external_id",
  "former_external_id",
  "replaced_by",
  "pan_sequence",
  "expiry_month",
  "expiry_year",
  "expires_at",
  "previous_expiry_month",
  "previous_expiry_year",
  "previous_expires_at",
  "expired_at",
  "status",
  "email",
  "phone",
  "billing_address",
  "label",
  "metadata",
  "legal_hold_reason",
  "legal_hold_at",
  "version",
  "deleted_at",
  "deleted_reason",
] as const satisfies readonly (keyof typeof columns)[];
const keyed = ["organization_id", "id", ...changing] as const;

const update = statement(
  "cards.update",
  `update cards c set ${changing.map((name) => `${name} = given.${name}`).join(", ")}
   from unnest(${arraysOf(keyed, arrayTypes)}) as given (${keyed.join(", ")})
   where c.organization_id = given.organization_id and c.id = given.id`,
);

/** Writes what can change of cards over their rows, which the caller has locked. */
export async function updateCards(sql: Sql, cards: readonly Card[]): Promise<void> {
  if (cards.length > 0) await sql.query(update, valuesOf(keyed, cards));
}
