-- An organization's now = database time + this offset. 0 in live; in a sandbox it only grows.
create table organization_clocks (
  organization_id id primary key,
  offset_ms bigint not null check (offset_ms >= 0)
);

-- Records (journal rows, audit rows) that wait to be linked into their organization's chain. All rows
-- of one statement share a position; ordinal is their order in it. Positions are drawn after the locks
-- of what they are about, so their order respects every object's.
create sequence queue_position;

create table record_queue (
  position bigint not null,
  ordinal integer not null check (ordinal >= 0),
  organization_id id not null,
  kind text not null check (kind in ('journal', 'audit')),
  record_id id not null,
  primary key (position, ordinal)
);

create table record_heads (
  organization_id id primary key,
  sequence bigint not null check (sequence >= 0),
  recorded_at timestamptz(3) not null,
  link bytea not null check (octet_length(link) = 32),
  block bigint not null check (block >= 0)
);

create table record_chain (
  organization_id id not null,
  sequence bigint not null check (sequence > 0),
  kind text not null check (kind in ('journal', 'audit')),
  record_id id not null,
  -- Which columns were hashed, in which order.
  format smallint not null check (format between 1 and 255),
  recorded_at timestamptz(3) not null,
  link bytea not null check (octet_length(link) = 32),
  primary key (organization_id, sequence),
  unique (organization_id, record_id)
);
create index record_chain_time on record_chain (organization_id, recorded_at, sequence);

create table record_blocks (
  organization_id id not null,
  number bigint not null check (number > 0),
  first_sequence bigint not null,
  last_sequence bigint not null,
  count bigint not null,
  head bytea not null check (octet_length(head) = 32),
  primary key (organization_id, number),
  unique (organization_id, first_sequence),
  check (last_sequence >= first_sequence and count = last_sequence - first_sequence + 1)
);

create trigger append_only before update or delete or truncate on record_chain
  for each statement execute function refuse_change();
create trigger append_only before update or delete or truncate on record_blocks
  for each statement execute function refuse_change();
