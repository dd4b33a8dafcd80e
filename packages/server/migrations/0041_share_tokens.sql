-- By which a customer is imported at the provider that has verified it already: sealed under the customer's key,
-- and erased with the submission. Whoever has it may have the person's data.
alter table verifications add column share_token bytea check (share_token is null or status = 'queued');

-- Nobody looks for a verification by what the provider calls it: webhooks name it by our id.
drop index verifications_reference;
