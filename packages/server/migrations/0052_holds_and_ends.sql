-- What is kept of a card without a customer may be under a legal hold, as a customer's is; the hold of a card that has
-- one is its customer's.
alter table cards
  add column legal_hold_reason text,
  add column legal_hold_at timestamptz(3),
  add constraint cards_legal_hold check ((legal_hold_reason is null) = (legal_hold_at is null)
    and (legal_hold_reason is null or customer_id is null));

-- A deleted customer has no access to anything, and nobody decides about it any more. Of those that were deleted before,
-- this is told by no event, so their versions stay.
alter table access_requests drop constraint access_requests_status_check,
  add constraint access_requests_status_check
    check (status in ('requested', 'granted', 'rejected', 'revoked', 'ended'));
update access_requests a set status = 'ended', reasons = array['The customer was deleted.'],
  decided_at = c.status_at, decided_by_kind = 'system', decided_by_id = 'customer_deletion'
  from customers c where c.organization_id = a.organization_id and c.id = a.customer_id
    and c.status = 'deleted' and a.status in ('requested', 'granted');

-- Why a link ended is told of its session: the end of its organization is a reason of its own. Where it was a customer's or
-- an organization's doing, the session has ended with the link.
alter table private_links drop constraint private_links_ended_reason_check,
  add constraint private_links_ended_reason_check
    check (ended_reason in ('replaced', 'revoked', 'organization_closed'));
update private_links l set ended_reason = 'organization_closed'
  from verification_sessions s where s.organization_id = l.organization_id and s.id = l.id
    and s.status in ('waiting', 'started', 'submitted') and l.ended_reason = 'revoked';
