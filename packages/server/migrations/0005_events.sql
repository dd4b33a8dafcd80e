-- Events as their transaction wrote them; the sequencer moves them into events with their sequence.
create table event_queue (
  position bigint not null,
  ordinal integer not null check (ordinal >= 0),
  organization_id id not null,
  id id not null,
  type text not null,
  object_id id not null,
  object_version bigint not null check (object_version > 0),
  data json not null,
  subject_id id,
  personal bytea,
  primary key (position, ordinal),
  -- A version announced twice fails the transaction that does it, not the sequencer.
  unique (organization_id, object_id, object_version)
);

create table event_heads (
  organization_id id primary key,
  sequence bigint not null check (sequence > 0),
  recorded_at timestamptz(3) not null
);

-- Personal data is in `personal`, encrypted under the subject's key; `data` holds none. json, not jsonb:
-- an event is shown as it was written, with its fields in the API's order.
create table events (
  organization_id id not null,
  sequence bigint not null check (sequence > 0),
  id id not null,
  type text not null,
  object_id id not null,
  object_version bigint not null check (object_version > 0),
  recorded_at timestamptz(3) not null,
  data json not null,
  subject_id id,
  personal bytea,
  primary key (organization_id, sequence),
  unique (organization_id, id),
  unique (organization_id, object_id, object_version)
);
create trigger append_only before update or delete or truncate on events
  for each statement execute function refuse_change();
