-- What is personal in a stored answer lies beside it, sealed under the key of the person it is about; the body has
-- null in its places. The person is of the organization whose customer or card it is: the platform's keys are
-- answered about them, too. Older answers keep their bodies whole until they are pruned.
alter table idempotency_keys
  add column subject_organization_id id,
  add column subject_id id,
  add column personal bytea,
  add constraint idempotency_keys_personal check (
    (subject_organization_id is null) = (personal is null) and (subject_id is null) = (personal is null));

-- Two keys a person: what the law keeps after deletion is under `retained`, all else under `other`. The keys there
-- are so far become `retained`; what they sealed are copies, which open until the person's `other` key is destroyed.
alter table subject_keys add column purpose text not null default 'retained'
  check (purpose in ('retained', 'other'));
alter table subject_keys alter column purpose drop default;
alter table subject_keys drop constraint subject_keys_pkey;
alter table subject_keys add primary key (organization_id, subject_id, purpose);

-- What is kept of a deleted customer and the names on its cards, sealed under its `retained` key; in clear nothing of
-- it is left in the rows.
alter table customers add column retained bytea check (retained is null or status = 'deleted');
alter table cards drop constraint cards_check4;
alter table cards add constraint cards_names check (status = 'deleted' or legal_name is not null
  or (first_name is not null and last_name is not null));

-- How long what the law keeps is kept after a customer's end; a legal hold keeps it beyond that.
alter table programs add column retention_years integer not null default 5
  check (retention_years between 1 and 30);
alter table customers
  add column retain_until timestamptz(3),
  add column legal_hold_reason text,
  add column legal_hold_at timestamptz(3),
  add column erased_at timestamptz(3),
  add constraint customers_retain_until check (retain_until is null or status = 'deleted'),
  add constraint customers_legal_hold check ((legal_hold_reason is null) = (legal_hold_at is null)),
  add constraint customers_erased
    check (erased_at is null or (retained is null and retain_until is not null));
create index customers_to_erase on customers (organization_id, retain_until)
  where retain_until is not null and erased_at is null;
