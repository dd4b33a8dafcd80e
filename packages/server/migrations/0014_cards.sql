create table cards (
  organization_id id not null,
  id id not null,
  -- Also a deleted card keeps its external id, which is never free again.
  external_id text,
  model text not null check (model in ('card', 'budgetCard')),
  program_id id not null,
  customer_id id,
  budget_id id,
  account_id id,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  brand text not null,
  first_six text not null check (first_six ~ '^\d{6}$'),
  last_four text not null check (last_four ~ '^\d{4}$'),
  pan_length integer not null check (pan_length between 13 and 19),
  pan_sequence integer not null check (pan_sequence between 0 and 99),
  expiry_month integer not null check (expiry_month between 1 and 12),
  expiry_year integer not null,
  -- The first instant after the last day of that month in the program's time zone.
  expires_at timestamptz(3) not null,
  -- What the live restrictions and deleted_at make of it; that it is expired is a matter of the hour.
  status text not null check (status in ('active', 'frozen', 'blocked', 'deleted')),
  first_name text,
  last_name text,
  legal_name text,
  email text,
  phone text,
  billing_address jsonb,
  label text,
  metadata jsonb not null,
  version bigint not null check (version > 0),
  created_at timestamptz(3) not null,
  deleted_at timestamptz(3),
  deleted_reason text,
  primary key (organization_id, id),
  unique (organization_id, external_id),
  foreign key (organization_id, customer_id) references customers (organization_id, id),
  foreign key (organization_id, budget_id) references budgets (organization_id, id),
  foreign key (organization_id, account_id) references ledger_accounts (organization_id, id),
  check ((model = 'card') = (account_id is not null)),
  check ((model = 'budgetCard') = (budget_id is not null)),
  check ((status = 'deleted') = (deleted_at is not null)),
  check ((deleted_at is null) = (deleted_reason is null)),
  check (legal_name is not null or (first_name is not null and last_name is not null))
);
-- For a platform key, which names a card by its id alone.
create index cards_by_id on cards (id);
create index cards_customer on cards (organization_id, customer_id, id) where customer_id is not null;
create index cards_budget on cards (organization_id, budget_id, id) where budget_id is not null;
create index cards_last_four on cards (organization_id, last_four, id);

-- What stops a card. It works when none is left (lifted_at is null).
create table card_restrictions (
  organization_id id not null,
  id id not null,
  card_id id not null,
  kind text not null check (kind in ('freeze', 'block')),
  owner text not null check (owner in ('organization', 'cardholder', 'platform', 'rule', 'compliance')),
  reason text not null,
  note text,
  actor_kind text not null check (actor_kind in ('key', 'system')),
  actor_id text not null,
  created_at timestamptz(3) not null,
  -- When it is lifted by itself; null: only when somebody lifts it.
  ends_at timestamptz(3),
  lifted_at timestamptz(3),
  lifted_by text,
  primary key (organization_id, id),
  foreign key (organization_id, card_id) references cards (organization_id, id),
  check ((kind = 'freeze') = (owner in ('organization', 'cardholder'))),
  check ((lifted_at is null) = (lifted_by is null))
);
-- One live restriction for each owner; a rule may have several causes.
create unique index card_restrictions_live on card_restrictions (organization_id, card_id, kind, owner)
  where lifted_at is null and owner <> 'rule';
create index card_restrictions_card on card_restrictions (organization_id, card_id)
  where lifted_at is null;

create table card_status_history (
  organization_id id not null,
  card_id id not null,
  version bigint not null,
  action text not null,
  from_status text,
  to_status text not null,
  reason text,
  note text,
  actor_kind text not null check (actor_kind in ('key', 'system')),
  actor_id text not null,
  at timestamptz(3) not null,
  primary key (organization_id, card_id, version),
  foreign key (organization_id, card_id) references cards (organization_id, id)
);
create trigger append_only before update or delete or truncate on card_status_history
  for each statement execute function refuse_change();
