import { arraysOf, type Sql, statement } from "../../../foundation/database/sql.ts";
import { assert } from "../../../foundation/errors/errors.ts";
import type { OrganizationId } from "../../../foundation/ids/ids.ts";
import type { Due, DuePage } from "../../../foundation/job/job.ts";
import {
  availableAccountOf,
  availableOn,
  lowAccounts,
  owedBeside,
  postedOn,
} from "../../../records/ledger/clauses.ts";
import { nowOf } from "../../../records/sequencer/clauses.ts";
import { ruleArrayTypes, ruleColumns } from "../../budgets/clauses.ts";
import { customerStands } from "../../customers/clauses.ts";
import { isActive } from "../../organizations/clauses.ts";
import { fundingTerms } from "../../programs/clauses.ts";
import { type AutoTopUp, NO_MONEY_LEFT } from "../model/topups.ts";
import type { Card } from "../model.ts";
import { servedStandings } from "../rules/funds.ts";

/** Each column and the property it fills, of the card or of its rule. */
const names = Object.keys(ruleColumns) as (keyof typeof ruleColumns)[];
const keys = ["organization_id", "account_card_id"] as const;
const columns = [...keys, ...names];

const write = statement(
  "cards.writeTopUp",
  `insert into card_auto_top_ups (${columns.join(", ")})
   select * from unnest(${arraysOf(columns, ruleArrayTypes)})
   on conflict (organization_id, account_card_id) do update
     set ${names.map((name) => `${name} = excluded.${name}`).join(", ")}`,
);

/** The card that has an account, as a rule is found by it. */
type Key = Pick<Card, "organizationId" | "accountCardId">;

/** A rule of a card. */
export type RuleOfCard = { readonly card: Key; readonly rule: AutoTopUp };

/** Writes rules, new or over those there are; the caller has locked the cards. */
export async function writeTopUps(sql: Sql, rules: readonly RuleOfCard[]): Promise<void> {
  if (rules.length === 0) return;
  const isFundable = rules.every(({ card }) => card.accountCardId !== null);
  assert(isFundable, "Only a card with an account has such a rule.");
  await sql.query(write, [
    rules.map(({ card }) => card.organizationId),
    rules.map(({ card }) => card.accountCardId),
    ...names.map((name) => rules.map(({ rule }) => rule[ruleColumns[name]])),
  ]);
}

const remove = statement(
  "cards.removeTopUp",
  "delete from card_auto_top_ups where organization_id = $1 and account_card_id = $2",
);

export async function removeTopUp(sql: Sql, card: Key): Promise<void> {
  await sql.query(remove, [card.organizationId, card.accountCardId]);
}

const lastOfAccounts = statement(
  "cards.lastOfAccounts",
  `select c.id from cards c where c.organization_id = $1 and c.account_card_id = any($2::text[])
     and c.replaced_by is null order by c.id`,
);

/** The cards that answer for accounts now. Takes no lock. */
export async function findHolders(
  sql: Sql,
  organizationId: OrganizationId,
  accountCardIds: readonly string[],
): Promise<string[]> {
  const rows = await sql.query<{ id: string }>(lastOfAccounts, [organizationId, accountCardIds]);
  return rows.map(({ id }) => id);
}

const now = nowOf("t.organization_id");
const holder = { organizationId: "c.organization_id", id: "c.customer_id" };

// Rules of accounts that are low, and those that wait for the organization's money.
const looked = `(
  select organization_id, owner_id as account_card_id from ${lowAccounts("card")} low
  where (organization_id, owner_id) > ($1, $2)
  union
  select organization_id, account_card_id from card_auto_top_ups
  where stopped_reason = '${NO_MONEY_LEFT}' and (organization_id, account_card_id) > ($1, $2))`;

// A balance does not tell since when it is low, so what is due is due now.
const findDue = statement(
  "cards.findDueTopUps",
  `select t.organization_id as "organizationId", t.account_card_id as id, ${now} as "dueAt"
   from ${looked} looked join card_auto_top_ups t using (organization_id, account_card_id)
   join cards c on c.organization_id = t.organization_id and c.account_card_id = t.account_card_id
     and c.replaced_by is null
   join ${fundingTerms} p on p.id = c.program_id
   where ((t.status = 'active' and (t.rests_until is null or t.rests_until <= ${now})
         and ${availableOn("t.organization_id", "c.account_id")} < t.threshold
         and (p.maximum_balance is null or p.maximum_balance - p.minimum_transfer
           >= ${postedOn("t.organization_id", "c.account_id")}
             - ${owedBeside("t.organization_id", "t.account_card_id", "c.currency")}))
       or (t.stopped_reason = '${NO_MONEY_LEFT}'
         and ${availableOn("t.organization_id", availableAccountOf("t.organization_id", "c.currency"))}
           >= t.amount + p.fee_top_up))
     and c.status <> 'deleted' and c.expires_at > ${now} and ${isActive("t.organization_id")}
     and (c.status <> 'blocked' or not exists (select from card_restrictions r
       where r.organization_id = c.organization_id and r.card_id = c.id and r.kind = 'block'
         and r.lifted_at is null and (r.ends_at is null or r.ends_at > ${now})))
     and (c.customer_id is null
       or ${customerStands(holder, servedStandings, "p.information_days", now)})
   order by t.organization_id, t.account_card_id limit $3`,
);

/** Rules that would top up now, or go on, by the card that their account is named after. */
export function findDueTopUps(sql: Sql, { after, limit }: DuePage): Promise<Due[]> {
  return sql.query<Due>(findDue, [after?.organizationId ?? "", after?.id ?? "", limit]);
}
