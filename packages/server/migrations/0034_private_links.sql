-- Private links: a person without an account comes by one to a page of its own. Of link and session only the
-- hashes of their secrets are here. All times are real ones: a sandbox's clock does not move them.
create table private_links (
  organization_id id not null,
  id id not null,
  kind text not null check (kind in ('verification')),
  object_id id not null,
  link_hash bytea not null check (length(link_hash) = 32),
  expires_at timestamptz(3) not null,
  -- Spent by the exchange, which gives the bearer of the session.
  spent_at timestamptz(3),
  bearer_hash bytea check (length(bearer_hash) = 32),
  session_expires_at timestamptz(3),
  ended_at timestamptz(3),
  ended_reason text check (ended_reason in ('replaced', 'revoked')),
  created_at timestamptz(3) not null,
  primary key (organization_id, id),
  check ((spent_at is null) = (bearer_hash is null)),
  check ((spent_at is null) = (session_expires_at is null)),
  check ((ended_at is null) = (ended_reason is null))
);
-- Looked up by 256 random bits before anybody knows whose they are.
create index private_links_link on private_links (link_hash);
create index private_links_bearer on private_links (bearer_hash) where bearer_hash is not null;
-- At most one of a kind and object is alive.
create unique index private_links_alive on private_links (organization_id, kind, object_id)
  where ended_at is null;

-- A customer's own way through its verification: what it has given and not submitted yet.
create table verification_sessions (
  organization_id id not null,
  -- Of its private link, too.
  id id not null,
  customer_id id not null,
  status text not null check (status in ('waiting', 'started', 'submitted', 'replaced', 'revoked')),
  return_url text,
  -- Of the link; once that is spent, of the session.
  expires_at timestamptz(3) not null,
  started_at timestamptz(3),
  submitted_at timestamptz(3),
  -- Details that are not submitted, sealed under the customer's key.
  draft bytea,
  consent_version text,
  consent_language text,
  consented_at timestamptz(3),
  version bigint not null check (version > 0),
  created_at timestamptz(3) not null,
  primary key (organization_id, id),
  foreign key (organization_id, customer_id) references customers (organization_id, id),
  foreign key (organization_id, id) references private_links (organization_id, id),
  check ((consented_at is null) = (consent_version is null)),
  check ((consented_at is null) = (consent_language is null)),
  check ((status = 'submitted') = (submitted_at is not null)),
  check (status <> 'submitted' or (consented_at is not null and draft is null))
);
create index verification_sessions_customer on verification_sessions (organization_id, customer_id, id);

-- Who acts may be a person in a session.
alter table audit_log drop constraint audit_log_actor_kind_check,
  add constraint audit_log_actor_kind_check check (actor_kind in ('key', 'session', 'system'));
