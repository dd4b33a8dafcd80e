create table customers (
  organization_id id not null,
  id id not null,
  external_id text,
  type text not null check (type in ('individual', 'business')),
  level text not null check (level in ('minimum', 'basic', 'advanced')),
  status text not null check (status in ('needs_information', 'pending', 'active', 'update_requested',
    'rejected', 'on_hold', 'deleted')),
  status_at timestamptz(3) not null,
  -- Of a hold: why, and the status that its release goes back to.
  hold_reason text,
  status_before_hold text check (status_before_hold in ('needs_information', 'pending', 'active',
    'update_requested', 'rejected')),
  -- Of a rejection or a request for information, also while it is under a hold.
  reasons text[],
  asked text[],
  can_resubmit boolean,
  first_name text,
  last_name text,
  legal_name text,
  birth_date date,
  nationality text check (nationality ~ '^[A-Z]{3}$'),
  national_id text,
  residence_country text check (residence_country ~ '^[A-Z]{3}$'),
  residence_line1 text,
  residence_line2 text,
  residence_city text,
  residence_region text,
  residence_postal_code text,
  email text,
  phone text check (phone ~ '^\+[1-9][0-9]{6,14}$'),
  version bigint not null check (version > 0),
  created_at timestamptz(3) not null,
  primary key (organization_id, id),
  unique (organization_id, external_id),
  check ((status = 'on_hold') = (status_before_hold is not null)),
  check ((status = 'on_hold') = (hold_reason is not null)),
  check ((coalesce(status_before_hold, status) in ('rejected', 'needs_information'))
    = (reasons is not null)),
  check ((coalesce(status_before_hold, status) = 'needs_information') = (asked is not null)),
  check ((coalesce(status_before_hold, status) = 'rejected') = (can_resubmit is not null)),
  check (type = 'individual' or (first_name is null and last_name is null and birth_date is null)),
  check (type = 'business' or legal_name is null),
  check (residence_country is not null or (residence_line1 is null and residence_line2 is null
    and residence_city is null and residence_region is null and residence_postal_code is null))
);
create index customers_by_id on customers (id);

create table customer_status_history (
  organization_id id not null,
  customer_id id not null,
  version bigint not null,
  -- 'create', or the move of the life cycle.
  move text not null,
  from_status text,
  to_status text not null,
  -- Where a hold stays on top: the status beneath it after the move.
  beneath_status text,
  reasons text[] not null,
  note text,
  actor_kind text not null,
  actor_id text not null,
  at timestamptz(3) not null,
  primary key (organization_id, customer_id, version),
  foreign key (organization_id, customer_id) references customers (organization_id, id)
);
create trigger append_only before update or delete or truncate on customer_status_history
  for each statement execute function refuse_change();

-- A customer's access to one product: cards of one program.
create table access_requests (
  organization_id id not null,
  id id not null,
  customer_id id not null,
  product text not null check (product in ('cards')),
  program_id id not null,
  status text not null check (status in ('requested', 'granted', 'rejected', 'revoked')),
  reasons text[] not null,
  decided_at timestamptz(3),
  version bigint not null check (version > 0),
  created_at timestamptz(3) not null,
  primary key (organization_id, id),
  foreign key (organization_id, customer_id) references customers (organization_id, id),
  check ((status = 'requested') = (decided_at is null))
);
create index access_requests_by_id on access_requests (id);
create index access_requests_customer on access_requests (organization_id, customer_id, program_id, id);
-- At most one that is open or granted, for a customer and a program.
create unique index access_requests_live on access_requests (organization_id, customer_id, program_id)
  where status in ('requested', 'granted');
