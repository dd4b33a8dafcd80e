-- Applied after every migration, where the two roles exist (see src/foundation/database/roles.ts).
grant usage on schema public to cardwright_app, cardwright_vault;
grant usage on schema vault to cardwright_app, cardwright_vault;
grant usage on all sequences in schema public to cardwright_app;

-- Append-only: no UPDATE, no DELETE.
grant select, insert on
  record_chain, record_blocks, journal, ledger_entries, events, audit_log,
  customer_status_history, card_status_history, screening_lists, screening_hit_history
  to cardwright_app;

-- Changed, never removed.
grant select, insert, update on
  organization_clocks, record_heads, ledger_accounts, ledger_holds, event_heads, api_keys,
  organizations, transfers, due_fees, customers, people, access_requests, documents,
  verifications, verification_settings, compliance_rules, card_wind_downs, programs, budgets, cards,
  card_restrictions, card_block_orders, card_batches, card_batch_rows, subject_keys, job_runs,
  private_links, verification_sessions, screening_hits, screening_settings, customer_settings
  to cardwright_app;

grant select, insert, update on budget_spending to cardwright_app;
grant select, insert, update, delete on budget_refills, card_auto_top_ups to cardwright_app;
grant select, insert on api_key_hash, installation to cardwright_app;
grant select, insert, delete on
  record_queue, event_queue, idempotency_keys, program_availability, screening_entries
  to cardwright_app;
grant select on migrations to cardwright_app;

-- The sequencer vacuums its queues as it empties them, which only an owner may. Owning them it may no
-- more than before, else: the other rights are taken away.
do $$
declare
  queue text;
begin
  grant create on schema public to cardwright_app;
  for queue in select relname from pg_class
    where oid in ('record_queue'::regclass, 'event_queue'::regclass)
      and relowner <> 'cardwright_app'::regrole
  loop
    execute format('alter table %I owner to cardwright_app', queue);
    execute format('revoke update, truncate, references, trigger on %I from cardwright_app', queue);
  end loop;
  revoke create on schema public from cardwright_app;
end
$$;

-- The vault's tables are its own; the application only has its storing functions.
grant select, insert, delete on vault.card_numbers to cardwright_vault;
grant select, insert on vault.pan_hash to cardwright_vault;
grant create on schema vault to cardwright_vault;
alter function vault.store_card_number owner to cardwright_vault;
alter function vault.free_hashes owner to cardwright_vault;
revoke create on schema vault from cardwright_vault;
revoke all on all functions in schema vault from public;
grant execute on all functions in schema vault to cardwright_app;
