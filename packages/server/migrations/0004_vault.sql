create schema vault;

-- Card numbers, each under a data key of its own that is wrapped by a key-encryption key (key_id).
create table vault.card_numbers (
  organization_id id not null,
  card_id id not null,
  version integer not null check (version > 0),
  key_id text not null,
  wrapped_key bytea not null,
  nonce bytea not null check (octet_length(nonce) = 12),
  ciphertext bytea not null,
  created_at timestamptz(3) not null,
  primary key (organization_id, card_id, version)
);

-- Keyed hash of every number ever issued, over all organizations: for look-up, and so that a number is
-- never used again.
create table vault.pan_hash (
  hash bytea primary key check (octet_length(hash) = 32),
  organization_id id not null,
  card_id id not null
);

-- The application stores through these functions, in its own transaction, and can read nothing back.
create function vault.store_card_number(
  p_hash bytea, p_organization_id text, p_card_id text, p_version integer, p_key_id text,
  p_wrapped_key bytea, p_nonce bytea, p_ciphertext bytea, p_created_at timestamptz
) returns boolean language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into vault.pan_hash (hash, organization_id, card_id)
    values (p_hash, p_organization_id, p_card_id) on conflict do nothing;
  if not found then
    return false;
  end if;
  insert into vault.card_numbers
    (organization_id, card_id, version, key_id, wrapped_key, nonce, ciphertext, created_at)
    values (p_organization_id, p_card_id, p_version, p_key_id, p_wrapped_key, p_nonce, p_ciphertext,
      p_created_at);
  return true;
end
$$;

-- Which of these hashes are free.
create function vault.free_hashes(p_hashes bytea[]) returns setof bytea language sql stable
  security definer set search_path = pg_catalog, pg_temp as $$
  select candidate from unnest(p_hashes) as candidate
  where not exists (select from vault.pan_hash where hash = candidate)
$$;

revoke all on function vault.store_card_number, vault.free_hashes from public;

-- Keys of people (a customer, or a card without one), wrapped: what is encrypted under one is gone when
-- it is destroyed; the row stays, so that no later write makes a new key. In the ordinary schema,
-- because a row without the key-encryption key opens nothing.
create table subject_keys (
  organization_id id not null,
  subject_id id not null,
  key_id text,
  wrapped_key bytea,
  created_at timestamptz(3) not null,
  destroyed_at timestamptz(3),
  primary key (organization_id, subject_id),
  check ((key_id is null) = (destroyed_at is not null)),
  check ((wrapped_key is null) = (destroyed_at is not null))
);

-- Global: one-way check values of the keys that this database was used with, so that a start with
-- other keys is refused.
create table installation (
  key_id text primary key,
  check_value bytea not null check (octet_length(check_value) = 16),
  created_at timestamptz(3) not null default now()
);
