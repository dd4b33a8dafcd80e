-- Every action by a person, a key or the platform itself, done or refused. Sealed in the same chain as
-- the journal.
create table audit_log (
  organization_id id not null,
  id id not null,
  at timestamptz(3) not null,
  actor_kind text not null check (actor_kind in ('key', 'system')),
  actor_id text not null,
  action text not null,
  object_organization_id id not null,
  object_id id,
  result text not null check (result in ('done', 'refused')),
  status integer not null,
  code text,
  -- json, not jsonb: its text is hashed into the chain as it was written.
  changes json not null,
  request_id id not null,
  ip text,
  primary key (organization_id, id)
);
create index audit_log_object on audit_log (organization_id, object_id, id);
create trigger append_only before update or delete or truncate on audit_log
  for each statement execute function refuse_change();
