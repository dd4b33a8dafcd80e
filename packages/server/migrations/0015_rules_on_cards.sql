-- A rule has at most one live restriction on a card for each reason.
create unique index card_restrictions_live_of_rules on card_restrictions (organization_id, card_id, reason)
  where lifted_at is null and owner = 'rule';
