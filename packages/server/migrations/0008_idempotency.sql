-- An answer as it was given, stored in the transaction of its work. No row means: not done.
create table idempotency_keys (
  organization_id id not null,
  key text collate "C" not null check (length(key) between 1 and 255),
  route text not null,
  fingerprint bytea not null check (octet_length(fingerprint) = 32),
  status integer not null check (status between 200 and 499),
  body text not null,
  created_at timestamptz(3) not null,
  primary key (organization_id, key)
);
create index idempotency_keys_age on idempotency_keys (created_at);
