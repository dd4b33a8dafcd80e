-- What a journal row is about, beside its debit entry: lists of entries go by sequence, and only here a
-- filter and the order are one index.
alter table ledger_entries
  add column kind text,
  add column card_id id,
  add column budget_id id;

alter table ledger_entries disable trigger append_only;
update ledger_entries e set kind = j.kind, card_id = j.card_id, budget_id = j.budget_id
from journal j
where e.side = 'debit' and j.organization_id = e.organization_id and j.id = e.journal_id;
alter table ledger_entries enable trigger append_only;

alter table ledger_entries
  add constraint ledger_entries_debit_says_what check (
    (side = 'debit') = (kind is not null)
    and (side = 'debit' or (card_id is null and budget_id is null)));
create index ledger_entries_kind on ledger_entries (organization_id, kind, sequence)
  where kind is not null;
create index ledger_entries_card on ledger_entries (organization_id, card_id, sequence)
  where card_id is not null;
create index ledger_entries_budget on ledger_entries (organization_id, budget_id, sequence)
  where budget_id is not null;

-- Few of the receivables that stand beside cards and budgets ever owe anything. It changes once, so
-- the index costs a write nothing.
alter table ledger_accounts add column has_owed boolean not null
  generated always as (type = 'receivable' and debits_posted > 0) stored;
create index ledger_accounts_has_owed on ledger_accounts (organization_id, id) where has_owed;
