create table organizations (
  id id primary key,
  name text not null,
  mode text not null check (mode in ('sandbox', 'live')),
  status text not null check (status in ('active', 'suspended', 'closed')),
  external_id text unique,
  version bigint not null check (version > 0),
  created_at timestamptz(3) not null
);

-- The platform itself: the organization of programs, platform keys, their events and their audit. Its
-- mode is the installation's, written at each start; live organizations need a live installation.
insert into organizations (id, name, mode, status, version, created_at)
  values ('org_platform', 'Platform', 'sandbox', 'active', 1, now());
