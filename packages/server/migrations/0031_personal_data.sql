-- What is personal in a stored answer lies beside it, sealed under the key of the person it is about; the body has
-- null in its places. The person is of the organization whose customer or card it is: the platform's keys are
-- answered about them, too. Older answers keep their bodies whole until they are pruned.
alter table idempotency_keys
  add column subject_organization_id id,
  add column subject_id id,
  add column personal bytea,
  add constraint idempotency_keys_personal check (
    (subject_organization_id is null) = (personal is null) and (subject_id is null) = (personal is null));
