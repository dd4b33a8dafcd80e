create table customers (
  organization_id id not null,
  id id not null,
  external_id text,
  type text not null check (type in ('individual', 'business')),
  level text not null check (level in ('minimum', 'basic', 'advanced')),
  status text not null check (status in ('needs_information', 'pending', 'active', 'update_requested',
    'rejected', 'on_hold', 'deleted')),
  status_reason text,
  status_before_hold text,
  can_resubmit boolean,
  first_name text,
  last_name text,
  legal_name text,
  birth_date date,
  nationality text check (nationality ~ '^[A-Z]{3}$'),
  residence_country text check (residence_country ~ '^[A-Z]{3}$'),
  residence jsonb,
  national_id text,
  email text,
  phone text,
  version bigint not null check (version > 0),
  created_at timestamptz(3) not null,
  primary key (organization_id, id),
  unique (organization_id, external_id),
  check ((status = 'on_hold') = (status_before_hold is not null))
);
create index customers_by_id on customers (id);

create table customer_status_history (
  organization_id id not null,
  customer_id id not null,
  version bigint not null,
  move text not null,
  from_status text,
  to_status text not null,
  reason text,
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
  program_id id not null,
  status text not null check (status in ('requested', 'granted', 'rejected', 'revoked')),
  reason text,
  version bigint not null check (version > 0),
  created_at timestamptz(3) not null,
  primary key (organization_id, id),
  foreign key (organization_id, customer_id) references customers (organization_id, id)
);
create index access_requests_by_id on access_requests (id);
create index access_requests_customer on access_requests (organization_id, customer_id, program_id, id);
-- At most one that is open or granted, for a customer and a program.
create unique index access_requests_live on access_requests (organization_id, customer_id, program_id)
  where status in ('requested', 'granted');
