-- Published lists of people and entities, as they were loaded. Versions count over all sources, in the order of their
-- loading: a source's newest is in force, and the newest of all says what a customer was last screened against.
create table screening_lists (
  version bigint primary key check (version > 0),
  source text not null check (source in ('ofac_sdn', 'eu_consolidated', 'un_consolidated', 'pep')),
  published_on date,
  sha256 bytea not null check (length(sha256) = 32),
  entries integer not null check (entries >= 0),
  loaded_at timestamptz(3) not null,
  loaded_by text not null
);
create index screening_lists_source on screening_lists (source, version);

-- Entries of the lists in force; those of older versions go as the newer one comes.
create table screening_entries (
  list_version bigint not null,
  source_id text not null,
  entry jsonb not null,
  primary key (list_version, source_id)
);
