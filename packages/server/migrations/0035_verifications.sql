-- How the customers of an organization are reviewed, where the platform said something else than the default.
create table verification_settings (
  organization_id id not null primary key,
  provider text not null check (provider in ('manual', 'sandbox', 'sumsub', 'persona')),
  delegated text not null check (delegated in ('refused', 'reviewed', 'accepted')),
  version bigint not null check (version > 0)
);

-- One row for each review of a customer.
create table verifications (
  organization_id id not null,
  id id not null,
  customer_id id not null,
  level text not null check (level in ('minimum', 'basic', 'advanced')),
  provider text not null check (provider in ('manual', 'sandbox', 'sumsub', 'persona')),
  status text not null check (status in ('queued', 'claimed', 'submitted', 'decided', 'cancelled')),
  -- The customer's version that is reviewed: at opening, then as it was claimed or submitted.
  customer_version bigint not null check (customer_version > 0),
  claimed_by text,
  claimed_at timestamptz(3),
  -- What the provider calls it.
  provider_reference text,
  -- What the organization attested of a verification of its own.
  delegated jsonb,
  outcome text check (outcome in ('approved', 'rejected', 'needs_information')),
  reasons text[] not null,
  decided_by text check (decided_by in ('reviewer', 'provider', 'operator', 'simulation', 'rule')),
  decided_at timestamptz(3),
  version bigint not null check (version > 0),
  created_at timestamptz(3) not null,
  -- The traffic with a provider outside, in real time; not counted by the version.
  attempts integer not null default 0,
  next_attempt_at timestamptz(3),
  last_error text,
  heard_at timestamptz(3),
  primary key (organization_id, id),
  foreign key (organization_id, customer_id) references customers (organization_id, id),
  check ((status = 'claimed') = (claimed_by is not null)),
  check ((status = 'claimed') = (claimed_at is not null)),
  check (status <> 'submitted' or provider_reference is not null),
  check ((status = 'decided') = (outcome is not null)),
  check ((status = 'decided') = (decided_by is not null)),
  check ((status = 'decided') = (decided_at is not null))
);
create index verifications_by_id on verifications (id);
-- At most one open review of a customer.
create unique index verifications_open on verifications (organization_id, customer_id)
  where status in ('queued', 'claimed', 'submitted');
create index verifications_due on verifications (next_attempt_at) where next_attempt_at is not null;
create index verifications_reference on verifications (provider, provider_reference)
  where provider_reference is not null;
create index verifications_by_status on verifications (status, id);

create index customers_in_review on customers (organization_id, id)
  where coalesce(status_before_hold, status) in ('pending', 'update_requested');
