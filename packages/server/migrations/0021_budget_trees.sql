-- Sub-budgets. A parent never changes, so the way up to the root is kept: root first.
alter table budgets
  add column ancestor_ids text[] not null default '{}',
  add column limits jsonb not null default '[]';
alter table budgets
  add check (cardinality(ancestor_ids) = depth - 1),
  add check (parent_id is not distinct from ancestor_ids[depth - 1]),
  add check (jsonb_typeof(limits) = 'array');
-- Down the tree, level by level.
create index budgets_children on budgets (organization_id, parent_id, id) where parent_id is not null;

-- What cards spent from a budget and from its descendants, by the instant of each authorization: in quarters
-- of an hour, where the days of every time zone begin; in whole days of UTC, so that a year is few rows; and
-- in all. It is counted whether or not there is a limit, so a new limit knows what was spent before it.
create table budget_spending (
  organization_id id not null,
  budget_id id not null,
  span text not null check (span in ('quarter_hour', 'day', 'all')),
  starts_at timestamptz(3) not null,
  amount bigint not null check (amount >= 0),
  count bigint not null check (count >= 0),
  primary key (organization_id, budget_id, span, starts_at),
  foreign key (organization_id, budget_id) references budgets (organization_id, id)
-- Each is changed many times while its time is now.
) with (fillfactor = 70);

-- The rule that tops a budget up by itself; a budget has one or none.
create table budget_refills (
  organization_id id not null,
  budget_id id not null,
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
  primary key (organization_id, budget_id),
  foreign key (organization_id, budget_id) references budgets (organization_id, id),
  check ((status = 'stopped') = (stopped_reason is not null)),
  check ((status = 'stopped') = (stopped_at is not null))
);

-- What moved on one budget, newest first, from either side of a transfer.
create index transfers_from_budget on transfers (organization_id, from_id, id) where from_type = 'budget';
create index transfers_to_budget on transfers (organization_id, to_id, id) where to_type = 'budget';
