alter table programs
  -- automatic: cards renew by themselves renewal_days before they expire.
  add column renewal text not null default 'manual' check (renewal in ('manual', 'automatic')),
  add column renewal_days integer not null default 30 check (renewal_days between 1 and 365),
  -- The highest threshold, in percent, that the use of the number range has passed and that was announced.
  add column number_range_low integer not null default 0 check (number_range_low in (0, 80, 95));
alter table programs alter column renewal drop default, alter column renewal_days drop default,
  alter column number_range_low drop default;

alter table cards
  -- First and last number (without check digit) of the range that the card's was drawn from.
  add column number_first bigint,
  add column number_last bigint,
  -- Monthly fees: whose anniversaries, how many of them are past, and the first instant of the next one
  -- in the program's time zone; null: no more of them.
  add column fee_anchor_at timestamptz(3),
  add column fee_months integer not null default 0 check (fee_months >= 0),
  add column next_fee_at timestamptz(3);
alter table cards alter column fee_months drop default;

update cards c set
  number_first = p.bin::bigint * (10 ^ (p.pan_length - length(p.bin) - 1))::bigint + p.range_from,
  number_last = p.bin::bigint * (10 ^ (p.pan_length - length(p.bin) - 1))::bigint + p.range_to,
  fee_anchor_at = c.created_at
from programs p where p.organization_id = 'org_platform' and p.id = c.program_id;

-- What is past is not charged. age() counts whole months, one too few where a month's end was clamped.
with lived as (
  select c.organization_id, c.id, p.time_zone, (c.created_at at time zone p.time_zone)::date as day,
    now() + coalesce((select k.offset_ms from organization_clocks k
      where k.organization_id = c.organization_id), 0) * interval '1 millisecond' as now
  from cards c join programs p on p.organization_id = 'org_platform' and p.id = c.program_id
), counted as (
  select l.*, greatest(0, extract(year from age) * 12 + extract(month from age))::integer as months
  from lived l, lateral age(l.now at time zone l.time_zone, l.day) as age
), past as (
  select k.*, case when (day + make_interval(months => months + 1)) at time zone time_zone <= now
    then months + 1 else months end as gone
  from counted k
)
update cards c set fee_months = past.gone,
  next_fee_at = (past.day + make_interval(months => past.gone + 1)) at time zone past.time_zone
from past where past.organization_id = c.organization_id and past.id = c.id;

alter table cards alter column number_first set not null, alter column number_last set not null,
  alter column fee_anchor_at set not null, add check (number_last >= number_first);

-- Numbers in use: one look at the index alone.
create index cards_numbers on cards (pan_length, number_first, number_last);
-- Cards of a program that can be blocked.
create index cards_program on cards (program_id, organization_id, id) where status <> 'deleted';
-- Cards with a fee to come: a deleted one owes what fell due before; a replaced one has passed it on.
create index cards_next_fee on cards (organization_id, next_fee_at) where next_fee_at is not null
  and (deleted_at is null or (next_fee_at <= deleted_at and deleted_reason not like 'replaced\_%'));

-- Orders to block every card of a program; they belong to the platform (organization_id = org_platform).
create table card_block_orders (
  organization_id id not null,
  id id not null,
  program_id id not null,
  -- Only the cards of this organization; null: of all.
  limited_to id,
  reason text not null,
  note text,
  status text not null check (status in ('running', 'done')),
  blocked bigint not null check (blocked >= 0),
  total bigint not null check (total >= blocked),
  actor_kind text not null check (actor_kind in ('key', 'system')),
  actor_id text not null,
  version bigint not null check (version > 0),
  created_at timestamptz(3) not null,
  done_at timestamptz(3),
  primary key (organization_id, id),
  foreign key (organization_id, program_id) references programs (organization_id, id),
  check ((status = 'done') = (done_at is not null))
);
create unique index card_block_orders_running on card_block_orders
  (organization_id, program_id, coalesce(limited_to, '')) where status = 'running';

-- Fees that could not be paid when they were charged.
create table due_fees (
  organization_id id not null,
  id id not null,
  card_id id not null,
  budget_id id,
  fee_kind text not null check (fee_kind in ('issuance', 'replacement', 'top_up', 'monthly')),
  amount bigint not null check (amount between 1 and 1000000000000),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  due_at timestamptz(3) not null,
  status text not null check (status in ('due', 'paid', 'waived')),
  -- The fee that paid it.
  transfer_id id,
  waived_reason text,
  version bigint not null check (version > 0),
  created_at timestamptz(3) not null,
  primary key (organization_id, id),
  foreign key (organization_id, transfer_id) references transfers (organization_id, id),
  check ((status = 'paid') = (transfer_id is not null)),
  check ((status = 'waived') = (waived_reason is not null))
);
-- What waits, oldest first: nothing where nothing is due.
create index due_fees_waiting on due_fees (organization_id, currency, due_at, id) where status = 'due';
-- One fee of a kind for a card and a day, whoever charges it.
create unique index due_fees_once on due_fees (organization_id, card_id, fee_kind, due_at);
create index due_fees_by_id on due_fees (id);
