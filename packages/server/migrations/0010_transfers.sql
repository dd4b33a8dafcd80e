-- Funds that moved: one resource per movement of money, with both sides. before and after are the
-- available balance of an ordered side, null for a pooled one. A side's id is its account's owner.
create table transfers (
  organization_id id not null,
  id id not null,
  kind text not null check (kind in ('organization_deposit', 'organization_payout', 'card_top_up',
    'card_withdrawal', 'budget_top_up', 'budget_withdrawal', 'card_sweep', 'fee', 'adjustment',
    'clearing', 'refund', 'network_settlement', 'receivable_recovery', 'provisional_credit',
    'provisional_credit_reversal', 'dispute_credit', 'chargeback_recovery',
    'chargeback_recovery_reversal', 'write_off', 'reversal')),
  status text not null check (status in ('completed', 'reversed')),
  amount bigint not null check (amount > 0),
  currency text not null,
  from_type text not null,
  from_id id not null,
  from_before bigint,
  from_after bigint,
  to_type text not null,
  to_id id not null,
  to_before bigint,
  to_after bigint,
  journal_ids text[] not null check (cardinality(journal_ids) > 0),
  card_id id,
  budget_id id,
  fee_kind text check (fee_kind in ('issuance', 'replacement', 'top_up', 'monthly')),
  related_transfer_id id,
  reverses id,
  reversed_by id,
  actor_kind text not null check (actor_kind in ('key', 'system')),
  actor_id text not null,
  note text,
  reason text,
  version bigint not null check (version > 0),
  created_at timestamptz(3) not null,
  primary key (organization_id, id),
  foreign key (organization_id, reverses) references transfers (organization_id, id),
  check ((kind = 'fee') = (fee_kind is not null)),
  check ((kind = 'reversal') = (reverses is not null)),
  check ((status = 'reversed') = (reversed_by is not null))
);
-- Once only: a second reversal of the same transfer meets this.
create unique index transfers_reverses on transfers (organization_id, reverses)
  where reverses is not null;
create index transfers_card on transfers (organization_id, card_id, id) where card_id is not null;
create index transfers_budget on transfers (organization_id, budget_id, id) where budget_id is not null;
-- For a platform key, which names a transfer by its id alone.
create index transfers_by_id on transfers (id);
