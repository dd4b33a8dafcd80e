-- Replaced cards: one account for the whole chain, named after its first card.
alter table cards
  add column account_card_id id,
  -- The card that this one replaced, and the one that replaced it.
  add column replaces id,
  add column replaced_by id,
  -- The external id that went over to the replacement.
  add column former_external_id text,
  -- Of a renewed card: what was printed before, which stays good to its last day.
  add column previous_expiry_month integer check (previous_expiry_month between 1 and 12),
  add column previous_expiry_year integer,
  add column previous_expires_at timestamptz(3),
  -- When it was recorded that the card has expired; null: not yet, or renewed since.
  add column expired_at timestamptz(3);
update cards set account_card_id = id where model = 'card';
alter table cards
  add check ((model = 'card') = (account_card_id is not null)),
  add check ((previous_expires_at is null) = (previous_expiry_month is null)),
  add check ((previous_expires_at is null) = (previous_expiry_year is null)),
  add check (previous_expires_at < expires_at),
  add check (replaced_by is null or status = 'deleted'),
  add foreign key (organization_id, account_card_id) references cards (organization_id, id),
  add foreign key (organization_id, replaces) references cards (organization_id, id),
  add foreign key (organization_id, replaced_by) references cards (organization_id, id)
    deferrable initially deferred;
-- A card is replaced once.
create unique index cards_replaces on cards (organization_id, replaces) where replaces is not null;
-- The card that is answerable for an account: the last of the chain.
create unique index cards_of_account on cards (organization_id, account_card_id)
  where replaced_by is null and account_card_id is not null;
-- What is due: expiry that nobody has recorded, restrictions that have ended.
create index cards_expiring on cards (organization_id, expires_at) where status <> 'deleted' and expired_at is null;
create index card_restrictions_ending on card_restrictions (organization_id, ends_at)
  where lifted_at is null and ends_at is not null;
-- Search by the beginning of a label or a name, in any case.
create index cards_label on cards (organization_id, lower(label) text_pattern_ops) where label is not null;
create index cards_last_name on cards (organization_id, lower(last_name) text_pattern_ops);
create index cards_name on cards (organization_id, lower(first_name || ' ' || last_name) text_pattern_ops);
create index cards_legal_name on cards (organization_id, lower(legal_name) text_pattern_ops);
