create table cards (
  organization_id id not null,
  id id not null,
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
  pan_sequence integer not null check (pan_sequence between 0 and 99),
  expiry_month integer not null check (expiry_month between 1 and 12),
  expiry_year integer not null,
  expires_at timestamptz(3) not null,
  status text not null check (status in ('active', 'frozen', 'blocked', 'deleted')),
  status_reason text,
  first_name text not null,
  last_name text not null,
  email text,
  phone text,
  billing_address jsonb,
  label text,
  metadata jsonb not null,
  version bigint not null check (version > 0),
  created_at timestamptz(3) not null,
  deleted_at timestamptz(3),
  primary key (organization_id, id),
  unique (organization_id, external_id),
  foreign key (organization_id, customer_id) references customers (organization_id, id),
  foreign key (organization_id, budget_id) references budgets (organization_id, id),
  foreign key (organization_id, account_id) references ledger_accounts (organization_id, id),
  check ((model = 'card') = (account_id is not null)),
  check ((model = 'budgetCard') = (budget_id is not null)),
  check ((status = 'deleted') = (deleted_at is not null))
);
create index cards_by_id on cards (id);
create index cards_customer on cards (organization_id, customer_id, id) where customer_id is not null;
create index cards_budget on cards (organization_id, budget_id, id) where budget_id is not null;
create index cards_last_four on cards (organization_id, last_four, id);

-- What stops a card. It works when none is left (lifted_at is null, ends_at not yet).
create table card_restrictions (
  organization_id id not null,
  id id not null,
  card_id id not null,
  kind text not null check (kind in ('freeze', 'block')),
  owner text not null check (owner in ('organization', 'cardholder', 'platform', 'rule', 'compliance')),
  reason text not null,
  note text,
  actor_kind text not null,
  actor_id text not null,
  created_at timestamptz(3) not null,
  ends_at timestamptz(3),
  lifted_at timestamptz(3),
  lifted_by text,
  primary key (organization_id, id),
  foreign key (organization_id, card_id) references cards (organization_id, id)
);
create index card_restrictions_live on card_restrictions (organization_id, card_id) where lifted_at is null;

create table card_status_history (
  organization_id id not null,
  card_id id not null,
  version bigint not null,
  action text not null,
  from_status text,
  to_status text not null,
  reason text,
  note text,
  actor_kind text not null,
  actor_id text not null,
  at timestamptz(3) not null,
  primary key (organization_id, card_id, version),
  foreign key (organization_id, card_id) references cards (organization_id, id)
);
create trigger append_only before update or delete or truncate on card_status_history
  for each statement execute function refuse_change();
