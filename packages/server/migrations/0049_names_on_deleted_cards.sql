-- A deleted card that has no customer is all that is known of its holder: until when that is kept, and when it was
-- erased. Those that are deleted already are kept as long as their programs say today.
alter table cards
  add column retain_until timestamptz(3),
  add column erased_at timestamptz(3),
  add constraint cards_retain_until check (retain_until is null
    or (status = 'deleted' and customer_id is null)),
  add constraint cards_erased_at check (erased_at is null or retain_until is not null);
update cards c set retain_until = c.deleted_at + make_interval(years => greatest(p.retention_years,
    case when exists (select from screening_hits h where h.organization_id = c.organization_id
      and h.subject_id = c.id and h.source <> 'pep') then 10 else 0 end))
  from programs p where p.id = c.program_id and c.customer_id is null and c.status = 'deleted';
create index cards_to_erase on cards (organization_id, retain_until)
  where retain_until is not null and erased_at is null;
