-- Four numbers, never one balance. Ordered accounts are locked by their writers; pooled ones are
-- rolled up by the sequencer from the journal, and their rows are made by it.
create table ledger_accounts (
  organization_id id not null,
  id id not null,
  type text not null check (type in ('organization_available', 'card', 'budget', 'receivable',
    'network_settlement', 'fees', 'external_funding', 'provisional_credit', 'chargeback_receivable',
    'loss')),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  owner_id id not null,
  -- Wider than bigint for pooled accounts: nothing stops a write to those, so they may not overflow.
  debits_pending numeric(38) not null default 0 check (debits_pending >= 0),
  debits_posted numeric(38) not null default 0 check (debits_posted >= 0),
  credits_pending numeric(38) not null default 0 check (credits_pending >= 0),
  credits_posted numeric(38) not null default 0 check (credits_posted >= 0),
  version bigint not null default 0 check (version >= 0),
  -- A closed account takes no movement that a person asks for (its card is deleted, its budget archived).
  closed boolean not null default false,
  -- For the index below: on the sums themselves it would make every write touch every index.
  owing boolean not null
    generated always as (type = 'receivable' and debits_posted > credits_posted) stored,
  created_at timestamptz(3) not null,
  primary key (organization_id, id),
  unique (organization_id, type, owner_id, currency),
  -- No exception: what a forced debit cannot take goes to the receivable (PRODUCT §3).
  constraint ledger_accounts_never_negative check (
    type not in ('organization_available', 'card', 'budget')
    or debits_posted + debits_pending <= credits_posted),
  constraint ledger_accounts_receivable_never_overpaid check (
    type <> 'receivable' or credits_posted + credits_pending <= debits_posted),
  constraint ledger_accounts_ordered_within_bigint check (
    type not in ('organization_available', 'card', 'budget', 'receivable')
    or greatest(debits_pending, debits_posted, credits_pending, credits_posted)
      <= 9223372036854775807)
-- Room for the next version of a row beside it: accounts are changed more often than made.
) with (fillfactor = 60);
-- What an organization owes is read with each of its balances.
create index ledger_accounts_owed on ledger_accounts (organization_id, currency) where owing;

-- What is held: moved only by journal rows that name it.
create table ledger_holds (
  organization_id id not null,
  id id not null,
  debit_account id not null,
  debit_type text not null,
  debit_owner_id id not null,
  credit_account id not null,
  credit_type text not null,
  credit_owner_id id not null,
  currency text not null,
  remaining bigint not null check (remaining between 0 and 1000000000000),
  status text not null check (status in ('open', 'closed')),
  expires_at timestamptz(3),
  card_id id,
  budget_id id,
  version bigint not null check (version > 0),
  created_at timestamptz(3) not null,
  primary key (organization_id, id),
  foreign key (organization_id, debit_account) references ledger_accounts (organization_id, id),
  check (status = 'open' or remaining = 0)
);
create index ledger_holds_open on ledger_holds (organization_id, debit_account) where status = 'open';
create index ledger_holds_card on ledger_holds (organization_id, card_id) where status = 'open';

-- One row per movement, so an unbalanced entry cannot be written. For each ordered side: its version
-- and its four numbers after this row.
create table journal (
  organization_id id not null,
  id id not null,
  kind text not null check (kind in ('deposit', 'payout', 'top_up', 'withdrawal', 'sub_budget_top_up',
    'sub_budget_withdrawal', 'sweep', 'fee', 'hold', 'release', 'capture', 'forced_debit', 'refund',
    'receivable_repaid', 'provisional_credit', 'provisional_credit_reversal', 'dispute_credit',
    'chargeback_recovery', 'chargeback_recovery_reversal', 'write_off', 'network_settlement',
    'adjustment', 'reversal')),
  effect text not null check (effect in ('post', 'hold', 'release', 'capture')),
  debit_account id not null,
  credit_account id not null,
  currency text not null,
  amount bigint not null check (amount between 1 and 1000000000000),
  released bigint not null default 0 check (released between 0 and 1000000000000),
  hold_id id,
  transfer_id id,
  card_id id,
  budget_id id,
  reverses id,
  debit_version bigint,
  debit_debits_pending bigint,
  debit_debits_posted bigint,
  debit_credits_pending bigint,
  debit_credits_posted bigint,
  credit_version bigint,
  credit_debits_pending bigint,
  credit_debits_posted bigint,
  credit_credits_pending bigint,
  credit_credits_posted bigint,
  created_at timestamptz(3) not null,
  primary key (organization_id, id),
  check (debit_account <> credit_account),
  check ((effect = 'post') = (hold_id is null)),
  check (effect in ('capture') or released = 0)
);
create index journal_transfer on journal (organization_id, transfer_id)
  where transfer_id is not null;
create index journal_hold on journal (organization_id, hold_id) where hold_id is not null;
create trigger append_only before update or delete or truncate on journal
  for each statement execute function refuse_change();

-- Written when a journal row is sealed: one row per side with the account's numbers after it, pooled
-- accounts too. It makes balances as of any sequence one index look-up.
create table ledger_entries (
  organization_id id not null,
  sequence bigint not null check (sequence > 0),
  side text not null check (side in ('debit', 'credit')),
  journal_id id not null,
  account_id id not null,
  version bigint not null check (version > 0),
  debits_pending numeric(38) not null,
  debits_posted numeric(38) not null,
  credits_pending numeric(38) not null,
  credits_posted numeric(38) not null,
  primary key (organization_id, sequence, side)
);
create unique index ledger_entries_account on ledger_entries (organization_id, account_id, sequence);
create trigger append_only before update or delete or truncate on ledger_entries
  for each statement execute function refuse_change();
