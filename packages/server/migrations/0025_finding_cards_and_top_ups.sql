-- Search by the beginning of an external id, in any case, as by that of a label or a name.
create index cards_external_search on cards (organization_id, lower(external_id) text_pattern_ops)
  where external_id is not null;
-- A customer's name may have changed since the card was issued.
create index customers_last_name on customers (organization_id, lower(last_name) text_pattern_ops)
  where last_name is not null;
create index customers_name on customers (organization_id, lower(first_name || ' ' || last_name) text_pattern_ops)
  where last_name is not null;
create index customers_legal_name on customers (organization_id, lower(legal_name) text_pattern_ops)
  where legal_name is not null;
-- Lists by status: what restrictions alone make of a card, and those whose expiry has been recorded.
create index cards_status on cards (organization_id, status, id);
create index cards_expired on cards (organization_id, id) where status <> 'deleted' and expired_at is not null;
-- Cards of a program that near their expiry, for automatic renewal.
create index cards_renewing on cards (organization_id, program_id, expires_at) where status <> 'deleted';

-- The rule that tops a card up by itself. It belongs to the account, named after the first card of a chain, so
-- that it passes to a replacement.
create table card_auto_top_ups (
  organization_id id not null,
  account_card_id id not null,
  threshold bigint not null check (threshold > 0),
  amount bigint not null check (amount > 0),
  monthly_cap bigint check (monthly_cap > 0),
  time_zone text not null,
  status text not null check (status in ('active', 'stopped')),
  stopped_reason text,
  stopped_at timestamptz(3),
  -- Which calendar month month_amount counts.
  month_starts_at timestamptz(3) not null,
  month_amount bigint not null check (month_amount >= 0),
  -- The cap is reached: it is not looked at before this.
  rests_until timestamptz(3),
  primary key (organization_id, account_card_id),
  foreign key (organization_id, account_card_id) references cards (organization_id, id),
  check ((status = 'stopped') = (stopped_reason is not null)),
  check ((status = 'stopped') = (stopped_at is not null))
);
