import { nowOf } from "../../../records/sequencer/clauses.ts";

const now = nowOf("c.organization_id");

const stands = (kind: "freeze" | "block"): string =>
  `exists (select 1 from card_restrictions r where r.organization_id = c.organization_id
     and r.card_id = c.id and r.kind = '${kind}' and r.lifted_at is null
     and (r.ends_at is null or r.ends_at > ${now}))`;

/**
 * The precedence of `statusOf` over a row `c` of cards, by its organization's now: also of a card that has
 * expired, or whose restriction has ended, where nobody has recorded it yet.
 */
export const shownStatus = `(case when c.status = 'deleted' then 'deleted'
  when c.expires_at <= ${now} then 'expired'
  when c.status = 'active' then 'active'
  when ${stands("block")} then 'blocked'
  when ${stands("freeze")} then 'frozen'
  else 'active' end)`;
