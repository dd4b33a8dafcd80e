import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { asOwner } from "../harness/database.ts";

/**
 * What is never half done, as statements that find who is: of each pair of facts that are written together
 * there is both or neither, at whatever moment the server was killed.
 */
const halves: Readonly<Record<string, string>> = {
  "objects whose versions were not announced one by one": `
    with told as (
      select organization_id, object_id, object_version from events
      union all select organization_id, object_id, object_version from event_queue),
    sums as (
      select organization_id, object_id, count(*) as count, max(object_version) as last
      from told group by 1, 2),
    objects as (
      select organization_id, id, version from customers
      union all select organization_id, id, version from people
      union all select organization_id, id, version from documents
      union all select organization_id, id, version from verifications
      union all select organization_id, id, version from verification_sessions
      union all select organization_id, id, version from access_requests
      union all select organization_id, id, version from card_wind_downs
      union all select organization_id, id, version from cards)
    select o.id, o.version, s.count, s.last from objects o left join sums s
      on s.organization_id = o.organization_id and s.object_id = o.id
    where s.count is distinct from o.version or s.last <> o.version`,

  "sequences of events with a gap": `
    select organization_id from events group by 1 having count(*) <> max(sequence)`,

  "customers that are not where their history ends": `
    select c.id, c.status, h.move from customers c
    left join lateral (select * from customer_status_history h
      where h.organization_id = c.organization_id and h.customer_id = c.id
      order by version desc limit 1) h on true
    where h.to_status is distinct from c.status`,

  "hits that are not where their history ends": `
    select h.id, h.status, h.version, count(c.version) as moves from screening_hits h
    left join screening_hit_history c on c.organization_id = h.organization_id and c.hit_id = h.id
    group by h.organization_id, h.id
    having count(c.version) <> h.version
      or (array_agg(c.to_status order by c.version desc))[1] is distinct from h.status`,

  "histories with a gap": `
    select customer_id, version, move from (
      select *, lag(to_status) over (partition by organization_id, customer_id order by version)
        as before from customer_status_history) h
    where before is distinct from from_status`,

  "reviews and customers that disagree": `
    with decided as (
      select organization_id, customer_id, decided_at as at, case outcome when 'approved' then 'approve'
        when 'rejected' then 'reject' else 'requestInformation' end as move
      from verifications where status = 'decided'),
    moved as (
      select organization_id, customer_id, at, move from customer_status_history
      where move in ('approve', 'reject', 'requestInformation'))
    (table decided except all table moved) union all (table moved except all table decided)`,

  "open reviews of customers that somebody has decided on": `
    select v.id, c.status from verifications v
    join customers c on c.organization_id = v.organization_id and c.id = v.customer_id
    where v.status in ('queued', 'claimed', 'submitted')
      and coalesce(c.status_before_hold, c.status) in ('active', 'rejected', 'needs_information')`,

  "customers whose documents and people are not what they are said to be": `
    with standing as (
      select organization_id, customer_id, kind as evidence from documents
        where status in ('uploaded', 'accepted') and session_id is null
      union select organization_id, customer_id, unnest(roles) from people where removed_at is null)
    select c.id, c.evidence from customers c
    where c.status <> 'deleted' and not (c.evidence <@ array(select s.evidence from standing s
          where s.organization_id = c.organization_id and s.customer_id = c.id)
        and c.evidence @> array(select s.evidence from standing s
          where s.organization_id = c.organization_id and s.customer_id = c.id))`,

  "links and sessions that disagree": `
    select s.id, s.status, l.spent_at, l.ended_at from verification_sessions s
    join private_links l on l.organization_id = s.organization_id and l.id = s.id
    where case s.status
      when 'waiting' then l.spent_at is not null or l.ended_at is not null
      when 'started' then l.spent_at is null or l.ended_at is not null
      when 'submitted' then l.spent_at is null
      else l.ended_at is null end`,

  "sessions that are over and have something that was not submitted": `
    select s.id, s.status from verification_sessions s where s.status not in ('waiting', 'started')
      and (s.draft is not null and s.status = 'submitted' or exists (select from documents d
        where d.organization_id = s.organization_id and d.session_id = s.id))`,

  "submitted sessions of customers that have not moved": `
    select s.id from verification_sessions s where s.status = 'submitted' and not exists (
      select from customer_status_history h where h.organization_id = s.organization_id
        and h.customer_id = s.customer_id and h.move = 'complete')`,

  "confirmed hits whose customer or cards go on": `
    select h.id, c.status from screening_hits h
    join customers c on c.organization_id = h.organization_id and c.id = h.subject_id
    where h.status = 'confirmed' and (c.status <> 'on_hold' or exists (select from cards k
      where k.organization_id = c.organization_id and k.customer_id = c.id and k.status <> 'deleted'
        and 1 <> (select count(*) from card_restrictions r where r.organization_id = k.organization_id
          and r.card_id = k.id and r.reason = 'sanctions_match' and r.lifted_at is null)))`,

  "cards that are restricted for a hit that nobody has confirmed": `
    select k.id from card_restrictions r
    join cards k on k.organization_id = r.organization_id and k.id = r.card_id
    where r.reason = 'sanctions_match' and not exists (select from screening_hits h
      where h.organization_id = k.organization_id and h.subject_id = k.customer_id
        and h.status = 'confirmed')`,

  "hits that wait while their customer goes on": `
    select h.id, c.status from screening_hits h
    join customers c on c.organization_id = h.organization_id and c.id = h.subject_id
    where h.status in ('open', 'confirm_proposed', 'clear_proposed')
      and c.status not in ('on_hold', 'deleted')`,

  "customers on hold for hits that are all cleared": `
    select c.id from customers c where c.status = 'on_hold' and not exists (
      select from screening_hits h where h.organization_id = c.organization_id
        and h.subject_id = c.id and h.status <> 'cleared')`,

  "deleted customers of whom something is left": `
    select c.id from customers c where c.status = 'deleted' and (
      coalesce(c.first_name, c.last_name, c.legal_name, c.national_id, c.email, c.phone, c.external_id,
        c.residence_line1) is not null or c.birth_date is not null
      or (c.erased_at is null) <> (c.retained is not null)
      or exists (select from people p where p.organization_id = c.organization_id
        and p.customer_id = c.id and coalesce(p.first_name, p.last_name) is not null)
      or exists (select from cards k where k.organization_id = c.organization_id
        and k.customer_id = c.id and (k.status <> 'deleted'
          or coalesce(k.first_name, k.last_name, k.legal_name, k.email) is not null))
      or exists (select from verification_sessions s where s.organization_id = c.organization_id
        and s.customer_id = c.id and (s.status in ('waiting', 'started') or s.draft is not null))
      or (c.erased_at is not null) <> exists (select from subject_keys s
        where s.organization_id = c.organization_id and s.subject_id = c.id
          and s.purpose = 'retained' and s.destroyed_at is not null)
      or not exists (select from subject_keys s where s.organization_id = c.organization_id
        and s.subject_id = c.id and s.purpose = 'other' and s.destroyed_at is not null))`,

  "erased customers of whom something is left": `
    select c.id from customers c where c.erased_at is not null and (
      exists (select from documents d where d.organization_id = c.organization_id
        and d.customer_id = c.id and d.status <> 'erased')
      or exists (select from screening_hits h where h.organization_id = c.organization_id
        and h.subject_id = c.id and h.sealed is not null))`,

  "customers of whom something is gone though nobody deleted them": `
    select c.id from customers c where c.status <> 'deleted' and (
      c.status <> 'needs_information' and coalesce(c.first_name, c.legal_name) is null
      or exists (select from people p where p.organization_id = c.organization_id
        and p.customer_id = c.id and p.last_name is null)
      or exists (select from cards k where k.organization_id = c.organization_id
        and k.customer_id = c.id and coalesce(k.first_name, k.legal_name) is null)
      or exists (select from subject_keys s where s.organization_id = c.organization_id
        and s.subject_id = c.id and s.destroyed_at is not null))`,

  "cards that do not follow the access they were issued by": `
    with latest as (
      select distinct on (organization_id, customer_id, program_id) * from access_requests
      order by organization_id, customer_id, program_id, id desc)
    select k.id, a.status, b.count from cards k
    join latest a on a.organization_id = k.organization_id and a.customer_id = k.customer_id
      and a.program_id = k.program_id
    join lateral (select count(*) as count from card_restrictions r
      where r.organization_id = k.organization_id and r.card_id = k.id
        and r.reason = 'product_access_revoked' and r.lifted_at is null) b on true
    where k.status <> 'deleted' and (a.status = 'revoked' and b.count <> 1
      or a.status = 'granted' and b.count <> 0
      or a.status = 'requested' and b.count > 1)`,

  "deleted customers whose access did not end": `
    select a.id, a.status from access_requests a
    join customers c on c.organization_id = a.organization_id and c.id = a.customer_id
    where c.status = 'deleted' and a.status in ('requested', 'granted')`,

  "wind-downs whose card does not follow": `
    select w.id, w.status, b.count from card_wind_downs w
    join cards k on k.organization_id = w.organization_id and k.id = w.card_id
    join lateral (select count(*) as count from card_restrictions r
      where r.organization_id = w.organization_id and r.card_id = w.card_id
        and r.reason = w.subject || '_restricted' and r.lifted_at is null) b on true
    where k.status <> 'deleted' and w.id = (select max(id) from card_wind_downs l
        where l.organization_id = w.organization_id and l.card_id = w.card_id
          and l.subject = w.subject)
      and b.count <> case w.status when 'blocked' then 1 else 0 end`,

  "cards whose blocks were not announced one by one": `
    with told as (
      select organization_id, object_id, type from events
      union all select organization_id, object_id, type from event_queue)
    select k.id from cards k where
      (select count(*) from card_restrictions r where r.organization_id = k.organization_id
        and r.card_id = k.id) <>
      (select count(*) from told t where t.organization_id = k.organization_id
        and t.object_id = k.id and t.type = 'card.blocked')
      or (select count(*) from card_restrictions r where r.organization_id = k.organization_id
        and r.card_id = k.id and r.lifted_at is not null) <>
      (select count(*) from told t where t.organization_id = k.organization_id
        and t.object_id = k.id and t.type = 'card.unblocked')`,

  "cards whose status is not what their restrictions make of it": `
    select k.id, k.status from cards k where k.status <> 'deleted' and (k.status = 'blocked') <> exists (
      select from card_restrictions r where r.organization_id = k.organization_id
        and r.card_id = k.id and r.lifted_at is null)`,

  "effects that are in the audit log twice or not at all": `
    with answered as (
      select organization_id, route, count(*) as count from idempotency_keys where status < 300
      group by 1, 2)
    select i.route, i.count, count(a.id) from answered i left join audit_log a
      on a.organization_id = i.organization_id and a.action = i.route and a.result = 'done'
    group by i.organization_id, i.route, i.count having i.count <> count(a.id)`,
};

/** All of them in one statement: what is looked at is of one moment. */
const everything = Object.entries(halves)
  .map(
    ([what, finds]) => `select '${what}' as what, to_jsonb(found) as found from (${finds}) found`,
  )
  .join(" union all ");

/** Finds what is half done, with the server dead or alive. */
export async function requireWhole(url: string): Promise<void> {
  assert.deepEqual(await asOwner(url, everything), []);
}

/** Waits until the database has ended what it was doing for a server that is dead. */
export async function untilAlone(url: string): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += 10) {
    const others = await asOwner(
      url,
      `select pid from pg_stat_activity where datname = current_database()
         and pid <> pg_backend_pid() and backend_type = 'client backend'`,
    );
    if (others.length === 0) return;
    assert.ok(waitedMs < 30_000, "connections of a dead server are still open");
    await sleep(10);
  }
}
