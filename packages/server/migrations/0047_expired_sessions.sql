-- What was given in a session whose time is over, and that nobody submitted, is to be erased.
create index verification_sessions_given on verification_sessions (organization_id, expires_at)
  where status = 'started' and draft is not null;
