create table api_keys (
  organization_id id not null,
  id id not null,
  name text not null,
  mode text not null check (mode in ('sandbox', 'live')),
  hint text not null,
  scopes text[] not null,
  ip_allow_list text[] not null,
  rotated_from id,
  expires_at timestamptz(3),
  last_used_at timestamptz(3),
  revoked_at timestamptz(3),
  version bigint not null check (version > 0),
  created_at timestamptz(3) not null,
  primary key (organization_id, id),
  -- A key is replaced once.
  unique (organization_id, rotated_from),
  foreign key (organization_id, rotated_from) references api_keys (organization_id, id)
);

-- Global: from the hash of a secret to its key. A revoked key's row stays; api_keys says it is revoked.
create table api_key_hash (
  hash bytea primary key check (octet_length(hash) = 32),
  organization_id id not null,
  key_id id not null,
  foreign key (organization_id, key_id) references api_keys (organization_id, id)
);
