-- Programs belong to the platform (organization_id = org_platform).
create table programs (
  organization_id id not null,
  id id not null,
  name text not null,
  model text not null check (model in ('card', 'budgetCard')),
  brand text not null,
  bin text not null check (bin ~ '^(\d{6}|\d{8})$'),
  pan_length integer not null check (pan_length between 13 and 19),
  range_from bigint not null check (range_from >= 0),
  range_to bigint not null check (range_to >= range_from),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  status text not null check (status in ('active', 'inactive', 'retired')),
  availability text not null check (availability in ('all', 'listed')),
  time_zone text not null,
  validity_months integer not null check (validity_months between 1 and 240),
  initial_card_status text not null check (initial_card_status in ('active', 'blocked')),
  requires_customer boolean not null,
  requires_access boolean not null,
  minimum_level text check (minimum_level in ('minimum', 'basic', 'advanced')),
  customer_types text[],
  allowed_nationalities text[],
  restricted_nationalities text[] not null,
  allowed_residences text[],
  restricted_residences text[] not null,
  cards_per_customer integer check (cards_per_customer > 0),
  minimum_initial_balance bigint not null check (minimum_initial_balance >= 0),
  maximum_initial_balance bigint check (maximum_initial_balance >= minimum_initial_balance),
  maximum_balance bigint check (maximum_balance >= 0),
  minimum_transfer bigint not null check (minimum_transfer > 0),
  fees jsonb not null,
  version bigint not null check (version > 0),
  created_at timestamptz(3) not null,
  primary key (organization_id, id)
);

-- Global: which organizations may use a program that is not for all.
create table program_availability (
  program_id id not null,
  organization_id id not null,
  primary key (program_id, organization_id)
);
