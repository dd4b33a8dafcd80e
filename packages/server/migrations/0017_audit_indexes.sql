-- The log is asked for who did something, for one kind of action, and for a time. Rows come nearly in the
-- order of time, so a summary of their blocks is enough for it, and costs next to nothing to keep.
create index audit_log_actor on audit_log (organization_id, actor_id, id);
create index audit_log_action on audit_log (organization_id, action, id);
create index audit_log_at on audit_log using brin (at) with (pages_per_range = 32);
