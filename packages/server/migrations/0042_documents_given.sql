-- A document that a person gave in its verification session counts once that is submitted: until then it
-- carries the session.
alter table documents add column session_id id,
  add foreign key (organization_id, session_id) references verification_sessions (organization_id, id);
create index documents_session on documents (organization_id, session_id) where session_id is not null;

-- A session that was submitted can end after that, and stays one that was submitted.
alter table verification_sessions drop constraint verification_sessions_check2,
  add constraint verification_sessions_submitted_at_check check (
    case status when 'submitted' then submitted_at is not null
      when 'replaced' then true when 'revoked' then true
      else submitted_at is null end);
