-- Programs belong to the platform (organization_id = org_platform).
create table programs (
  organization_id id not null,
  id id not null,
  name text not null,
  model text not null check (model in ('card', 'budgetCard')),
  brand text not null,
  bin text not null check (bin ~ '^(\d{6}|\d{8})$'),
  pan_length integer not null check (pan_length between 13 and 19),
  -- The digits between the BIN and the check digit, first and last that may be issued.
  range_from bigint not null check (range_from >= 0),
  range_to bigint not null check (range_to >= range_from),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  status text not null check (status in ('active', 'inactive', 'retired')),
  -- The program that replacements of a retired program go into.
  successor_id id,
  availability text not null check (availability in ('all', 'listed')),
  time_zone text not null,
  validity_months integer not null check (validity_months between 1 and 240),
  initial_card_status text not null check (initial_card_status in ('active', 'blocked')),
  requires_customer boolean not null,
  requires_access boolean not null,
  access_grant text not null check (access_grant in ('manual', 'automatic')),
  minimum_level text check (minimum_level in ('minimum', 'basic', 'advanced')),
  customer_types text[],
  allowed_nationalities text[],
  restricted_nationalities text[] not null,
  allowed_residences text[],
  restricted_residences text[] not null,
  cards_per_customer integer check (cards_per_customer > 0),
  -- How long existing cards go on working when their customer needs_information.
  information_days integer not null check (information_days between 0 and 365),
  minimum_initial_balance bigint not null check (minimum_initial_balance >= 0),
  maximum_initial_balance bigint check (maximum_initial_balance >= minimum_initial_balance),
  maximum_balance bigint check (maximum_balance >= 0),
  minimum_transfer bigint not null check (minimum_transfer > 0),
  fee_issuance bigint not null check (fee_issuance between 0 and 1000000000000),
  fee_replacement bigint not null check (fee_replacement between 0 and 1000000000000),
  fee_monthly bigint not null check (fee_monthly between 0 and 1000000000000),
  fee_top_up bigint not null check (fee_top_up between 0 and 1000000000000),
  fee_fx_basis_points bigint not null check (fee_fx_basis_points between 0 and 10000),
  version bigint not null check (version > 0),
  created_at timestamptz(3) not null,
  primary key (organization_id, id),
  foreign key (organization_id, successor_id) references programs (organization_id, id),
  check (successor_id is null or status = 'retired'),
  check (requires_customer or not (requires_access or minimum_level is not null
    or customer_types is not null or cards_per_customer is not null
    or allowed_nationalities is not null or cardinality(restricted_nationalities) > 0
    or allowed_residences is not null or cardinality(restricted_residences) > 0))
);

-- Global: which organizations may use a program that is not for all.
create table program_availability (
  program_id id not null,
  organization_id id not null,
  primary key (program_id, organization_id)
);
