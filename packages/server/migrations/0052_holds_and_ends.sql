-- What is kept of a card without a customer may be under a legal hold, as a customer's is; the hold of a card that has
-- one is its customer's.
alter table cards
  add column legal_hold_reason text,
  add column legal_hold_at timestamptz(3),
  add constraint cards_legal_hold check ((legal_hold_reason is null) = (legal_hold_at is null)
    and (legal_hold_reason is null or customer_id is null));
