create table budgets (
  organization_id id not null,
  id id not null,
  external_id text,
  -- Also an archived budget keeps its name and its external id: both are never free again.
  name text not null,
  label text,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  parent_id id,
  depth integer not null check (depth between 1 and 5),
  program_ids text[] not null check (cardinality(program_ids) > 0),
  account_id id not null,
  status text not null check (status in ('active', 'frozen', 'archived')),
  status_reason text,
  version bigint not null check (version > 0),
  created_at timestamptz(3) not null,
  primary key (organization_id, id),
  unique (organization_id, name),
  unique (organization_id, external_id),
  foreign key (organization_id, parent_id) references budgets (organization_id, id),
  foreign key (organization_id, account_id) references ledger_accounts (organization_id, id),
  check ((parent_id is null) = (depth = 1)),
  check ((status = 'active') = (status_reason is null))
);
-- For a platform key, which names a budget by its id alone.
create index budgets_by_id on budgets (id);
