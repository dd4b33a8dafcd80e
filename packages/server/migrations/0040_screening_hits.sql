-- Whether one person proposes and another decides on a hit; told by the setting at each start.
create table screening_settings (
  single boolean primary key default true check (single),
  four_eyes boolean not null
);

-- Entries that may be a customer or a cardholder. What was compared lies sealed under the subject's retained key; once
-- that is destroyed, which entry it was is gone, too.
create table screening_hits (
  organization_id id not null,
  id id not null,
  subject_kind text not null check (subject_kind in ('customer', 'card')),
  subject_id id not null,
  -- Of a customer that is a business: the director or owner who may be listed; null: itself.
  person_id id,
  source text not null check (source in ('ofac_sdn', 'eu_consolidated', 'un_consolidated', 'pep')),
  source_id text,
  list_version bigint not null,
  entry_hash bytea check (length(entry_hash) = 32),
  score integer not null check (score between 0 and 10000),
  sealed bytea,
  status text not null check (status in ('open', 'confirm_proposed', 'clear_proposed', 'confirmed',
    'cleared')),
  proposed_by text,
  proposed_at timestamptz(3),
  proposed_reasons text[],
  proposed_note text,
  decided_by text,
  decided_at timestamptz(3),
  decided_reasons text[],
  decided_note text,
  version bigint not null check (version > 0),
  created_at timestamptz(3) not null,
  primary key (organization_id, id),
  check ((source_id is null) = (sealed is null) and (source_id is null) = (entry_hash is null)),
  check ((proposed_by is null) = (proposed_at is null)
    and (proposed_by is null) = (proposed_reasons is null)),
  check (status not in ('confirm_proposed', 'clear_proposed') or proposed_by is not null),
  check (status <> 'open' or proposed_by is null),
  check ((status in ('confirmed', 'cleared')) = (decided_by is not null)),
  check ((decided_by is null) = (decided_at is null)
    and (decided_by is null) = (decided_reasons is null))
);
create index screening_hits_by_id on screening_hits (id);
create index screening_hits_subject on screening_hits (organization_id, subject_id);
-- One that waits for a decision, for a subject and an entry.
create unique index screening_hits_waiting on screening_hits
  (organization_id, subject_id, coalesce(person_id, ''), source, source_id)
  where status in ('open', 'confirm_proposed', 'clear_proposed');
create index screening_hits_queue on screening_hits (status, id)
  where status in ('open', 'confirm_proposed', 'clear_proposed');

-- Up to which version of the lists a customer was screened; 0: never.
alter table customers add column screened_version bigint not null default 0;
create index customers_to_screen on customers (organization_id, screened_version)
  where status <> 'deleted';

-- As of a customer, of a card that has none: what is screened is the name on it.
alter table cards add column screened_version bigint not null default 0;
create index cards_to_screen on cards (organization_id, screened_version)
  where customer_id is null and status <> 'deleted';
