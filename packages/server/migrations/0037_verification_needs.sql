-- Which kinds of a customer's documents stand: what its verification level needs can be met by them.
alter table customers add column evidence text[] not null default '{}';
alter table customers alter column evidence drop default;
update customers c set evidence = array(
  select distinct d.kind from documents d
  where d.organization_id = c.organization_id and d.customer_id = c.id and d.status in ('uploaded', 'accepted')
    and not d.checks @> '[{"check": "expiry", "result": "failed"}]')
where c.status <> 'deleted';

-- Why a document was rejected.
alter table documents add column reasons text[] not null default '{}'
  check (reasons = '{}' or status = 'rejected');
alter table documents alter column reasons drop default;
