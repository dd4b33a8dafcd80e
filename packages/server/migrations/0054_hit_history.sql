-- Each move of a hit of screening: what was proposed and taken back, or decided and reopened, is not forgotten.
create table screening_hit_history (
  organization_id id not null,
  hit_id id not null,
  version bigint not null check (version > 0),
  -- 'find', 'renew' where the facts have changed meanwhile, 'carry' to another card, or the move of the life cycle.
  move text not null,
  from_status text,
  to_status text not null,
  reasons text[] not null,
  note text,
  actor_kind text not null,
  actor_id text not null,
  at timestamptz(3) not null,
  primary key (organization_id, hit_id, version),
  foreign key (organization_id, hit_id) references screening_hits (organization_id, id),
  check ((version = 1) = (from_status is null))
);
create trigger append_only before update or delete or truncate on screening_hit_history
  for each statement execute function refuse_change();

-- What is still known of hits found before: that they were, and who proposed and decided what stands.
insert into screening_hit_history
  select organization_id, id, 1, 'find', null, 'open', '{}', null, 'system', 'screening', created_at
  from screening_hits;
insert into screening_hit_history
  select organization_id, id,
    version - case when decided_by is null then 0 else 1 end,
    case when status in ('confirm_proposed', 'confirmed') then 'proposeConfirm' else 'proposeClear' end,
    'open',
    case when status in ('confirm_proposed', 'confirmed') then 'confirm_proposed' else 'clear_proposed' end,
    proposed_reasons, proposed_note, 'key', proposed_by, proposed_at
  from screening_hits where proposed_by is not null;
insert into screening_hit_history
  select organization_id, id, version,
    case status when 'confirmed' then 'confirm' else 'clear' end,
    case
      when proposed_by is null then 'open'
      when status = 'confirmed' then 'confirm_proposed'
      else 'clear_proposed'
    end,
    status, decided_reasons, decided_note, 'key', decided_by, decided_at
  from screening_hits where decided_by is not null;
