-- To whom a program that grants access by itself grants it; null: to everybody who asks.
alter table programs add column access_rule jsonb,
  add constraint programs_access_rule check (access_rule is null or access_grant = 'automatic');

-- Who decided: an operator's key, or the program's rule. Of earlier decisions it is not known.
alter table access_requests
  add column decided_by_kind text check (decided_by_kind in ('key', 'system')),
  add column decided_by_id text,
  add constraint access_requests_decided_by check ((decided_by_kind is null) = (decided_by_id is null)
    and (decided_by_id is null or status <> 'requested'));
create index access_requests_open on access_requests (organization_id, id) where status = 'requested';

-- Countries whose nationals or residents get no cards, for a time; they belong to the platform
-- (organization_id = org_platform). Never rewritten: ended, and replaced by another.
create table compliance_rules (
  organization_id id not null,
  id id not null,
  -- null: every program.
  program_id id,
  subject text not null check (subject in ('nationality', 'residence')),
  countries text[] not null check (cardinality(countries) between 1 and 249),
  effective_from timestamptz(3) not null,
  effective_to timestamptz(3) check (effective_to >= effective_from),
  reason_code text not null check (reason_code ~ '^[a-z][a-z0-9_]{0,63}$'),
  note text,
  -- How long cards that exist go on working once their customer is affected.
  wind_down_days integer not null check (wind_down_days between 0 and 365),
  actor_kind text not null,
  actor_id text not null,
  version bigint not null check (version > 0),
  created_at timestamptz(3) not null,
  primary key (organization_id, id),
  foreign key (organization_id, program_id) references programs (organization_id, id)
);

-- Cards that end because a country is restricted: told at once, blocked when it is due.
create table card_wind_downs (
  organization_id id not null,
  id id not null,
  card_id id not null,
  subject text not null check (subject in ('nationality', 'residence')),
  -- null: the card program's own lists.
  rule_id id,
  reason_code text not null,
  status text not null check (status in ('announced', 'blocked', 'lifted')),
  due_at timestamptz(3) not null check (due_at >= announced_at),
  announced_at timestamptz(3) not null,
  blocked_at timestamptz(3) check (blocked_at >= due_at),
  lifted_at timestamptz(3),
  version bigint not null check (version > 0),
  primary key (organization_id, id),
  foreign key (organization_id, card_id) references cards (organization_id, id),
  check (status <> 'announced' or blocked_at is null),
  check (status <> 'blocked' or blocked_at is not null),
  check ((status = 'lifted') = (lifted_at is not null))
);
create unique index card_wind_downs_open on card_wind_downs (organization_id, card_id, subject)
  where status <> 'lifted';
create index card_wind_downs_due on card_wind_downs (organization_id, due_at) where status = 'announced';
create index card_wind_downs_card on card_wind_downs (organization_id, card_id, id);

create index customers_nationality on customers (organization_id, nationality) where status <> 'deleted';
create index customers_residence on customers (organization_id, residence_country) where status <> 'deleted';
