-- How the jobs run: for people who look, and so that processes take turns. No job needs it to be right:
-- what is due is told by the rows that it is about, and looked at again under their locks. Real time.
create table job_runs (
  name text collate "C" primary key check (length(name) between 1 and 100),
  -- Who runs it now, and until when it is theirs; null between two passes.
  holder text check (length(holder) between 1 and 100),
  leased_until timestamptz(3),
  -- Somebody asked for a look while it was running.
  is_wanted boolean not null default false,
  last_started_at timestamptz(3),
  last_finished_at timestamptz(3),
  -- The end of the last pass in which nothing failed.
  last_succeeded_at timestamptz(3),
  -- The beginning of the last pass that left nothing due.
  clear_at timestamptz(3),
  -- What the last pass did that did something.
  last_done bigint not null default 0 check (last_done >= 0),
  last_done_at timestamptz(3),
  failures_in_a_row integer not null default 0 check (failures_in_a_row >= 0),
  -- A code or a name, without data.
  last_error text check (length(last_error) between 1 and 100),
  check ((holder is null) = (leased_until is null)),
  check ((last_done_at is null) = (last_done = 0))
);
