-- Orders to issue many cards; a job works them off in groups.
create table card_batches (
  organization_id id not null,
  id id not null,
  external_id text,
  status text not null check (status in ('accepted', 'processing', 'completed', 'cancelled')),
  size integer not null check (size between 1 and 1000),
  issued integer not null check (issued >= 0),
  failed integer not null check (failed >= 0),
  cancelled integer not null check (cancelled >= 0),
  -- What all rows cost by the terms of the day, and what the cards issued so far did: by currency.
  price jsonb not null,
  charged jsonb not null,
  -- The key that pending rows are sealed under, wrapped; null: nothing is pending.
  key_id text,
  wrapped_key bytea,
  actor_kind text not null check (actor_kind in ('key', 'system')),
  actor_id text not null,
  version bigint not null check (version > 0),
  created_at timestamptz(3) not null,
  completed_at timestamptz(3),
  primary key (organization_id, id),
  unique (organization_id, external_id),
  check (issued + failed + cancelled <= size),
  check ((status in ('completed', 'cancelled')) = (issued + failed + cancelled = size)),
  check ((status in ('completed', 'cancelled')) = (completed_at is not null)),
  check ((completed_at is null) = (wrapped_key is not null)),
  check ((key_id is null) = (wrapped_key is null))
);

create table card_batch_rows (
  organization_id id not null,
  batch_id id not null,
  number integer not null check (number between 1 and 1000),
  status text not null check (status in ('pending', 'issued', 'failed', 'cancelled')),
  -- The request, sealed; erased with the decision.
  sealed bytea,
  card_id id,
  errors jsonb,
  primary key (organization_id, batch_id, number),
  foreign key (organization_id, batch_id) references card_batches (organization_id, id),
  foreign key (organization_id, card_id) references cards (organization_id, id),
  check ((status = 'pending') = (sealed is not null)),
  check ((status = 'issued') = (card_id is not null)),
  check ((status = 'failed') = (errors is not null))
);
-- What is due: nothing where nothing is pending.
create index card_batch_rows_pending on card_batch_rows (organization_id, batch_id, number) where status = 'pending';
-- A card comes from one row.
create unique index card_batch_rows_card on card_batch_rows (organization_id, card_id) where card_id is not null;
