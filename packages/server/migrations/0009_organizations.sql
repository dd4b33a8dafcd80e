create table organizations (
  id id primary key,
  name text not null,
  mode text not null check (mode in ('sandbox', 'live')),
  status text not null check (status in ('active', 'suspended', 'closed')),
  external_id text unique,
  version bigint not null check (version > 0),
  created_at timestamptz(3) not null
);
