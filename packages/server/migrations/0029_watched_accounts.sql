-- Rules that bring money to an account look for those with less than a threshold. As it is marked here, they are
-- found by what is low, not by looking at the balance of every account that has a rule.
alter table ledger_accounts add column watched_below bigint check (watched_below > 0);
alter table ledger_accounts add column low boolean not null
  generated always as (watched_below is not null
    and credits_posted - debits_posted - debits_pending < watched_below) stored;
create index ledger_accounts_low on ledger_accounts (organization_id, type, owner_id) where low;

update ledger_accounts a set watched_below = t.threshold
  from card_auto_top_ups t
  where a.organization_id = t.organization_id and a.type = 'card' and a.owner_id = t.account_card_id;
update ledger_accounts a set watched_below = r.threshold
  from budget_refills r
  where a.organization_id = r.organization_id and a.type = 'budget' and a.owner_id = r.budget_id;

-- Rules that wait for the organization's money; the others are found by their accounts.
create index card_auto_top_ups_stopped on card_auto_top_ups (organization_id, account_card_id)
  where stopped_reason = 'insufficient_organization_balance';
