import { type Sql, statement } from "../../../foundation/database/sql.ts";
import type { OrganizationId } from "../../../foundation/ids/ids.ts";
import type { Provider } from "../model.ts";
import { realNow } from "../store.ts";

/** The traffic with providers outside: its times are of the database's real clock, in a sandbox too. */

export type Leased = {
  readonly organizationId: OrganizationId;
  readonly id: string;
  readonly provider: Provider;
  /** Failures in a row so far. */
  readonly attempts: number;
};

const seconds = (parameter: string) => `${realNow} + ${parameter} * interval '1 second'`;

const lease = statement(
  "verifications.lease",
  `update verifications v set next_attempt_at = ${seconds("$3")}
   from (select organization_id, id from verifications
     where next_attempt_at <= now() and provider = $1
     order by next_attempt_at limit $2 for no key update skip locked) due
   where v.organization_id = due.organization_id and v.id = due.id
   returning v.organization_id as "organizationId", v.id, v.provider, v.attempts`,
);

/**
 * Takes what is due, so that no other process asks about it while this one does. Killed meanwhile, it is due
 * again when the lease is over.
 */
export const leaseDue = (
  sql: Sql,
  provider: Provider,
  limit: number,
  leaseS: number,
): Promise<Leased[]> => sql.query<Leased>(lease, [provider, limit, leaseS]);

const renew = statement(
  "verifications.renew",
  `update verifications set next_attempt_at = ${seconds("$3")}
   where organization_id = $1 and id = $2 and next_attempt_at > now() returning id`,
);

/**
 * Takes for longer what is in hand.
 *
 * @returns whether it is in hand: it is not once its lease is over, a reviewer has it, or it was made due.
 */
export async function renewLease(
  sql: Sql,
  { organizationId, id }: Leased,
  leaseS: number,
): Promise<boolean> {
  return (await sql.query(renew, [organizationId, id, leaseS])).length > 0;
}

/** What a webhook or a reviewer made due while it was in hand stays due: the lease itself lies ahead. */
const unlessDue = `case when next_attempt_at > now() then ${seconds("$3")} else next_attempt_at end`;

const well = statement(
  "verifications.well",
  `update verifications set attempts = 0, last_error = null, next_attempt_at = ${unlessDue}
   where organization_id = $1 and id = $2 and next_attempt_at is not null`,
);

/** The provider answered; it is asked again in so many seconds. */
export async function writeWell(sql: Sql, { organizationId, id }: Leased, inS: number) {
  await sql.query(well, [organizationId, id, inS]);
}

const failed = statement(
  "verifications.failed",
  `update verifications set attempts = attempts + 1, last_error = $4,
     next_attempt_at = ${unlessDue}
   where organization_id = $1 and id = $2 and next_attempt_at is not null`,
);

/** The provider did not do it; it is tried again in so many seconds. */
export async function writeFailed(
  sql: Sql,
  { organizationId, id }: Leased,
  inS: number,
  error: string,
) {
  await sql.query(failed, [organizationId, id, inS, error]);
}

const refused = statement(
  "verifications.refused",
  "update verifications set last_error = $3 where organization_id = $1 and id = $2",
);

/** Says of a verification that is over what went wrong. */
export async function writeRefused(
  sql: Sql,
  { organizationId, id }: Pick<Leased, "organizationId" | "id">,
  error: string,
) {
  await sql.query(refused, [organizationId, id, error]);
}

const heard = statement(
  "verifications.heard",
  `update verifications set heard_at = ${realNow},
     next_attempt_at = case when status = 'submitted' then ${realNow} else next_attempt_at end
   where id = $1 and provider = $2`,
);

/** A provider told something about a verification: it is asked at once. Of one that is over, it is kept. */
export async function writeHeard(sql: Sql, provider: Provider, id: string): Promise<void> {
  await sql.query(heard, [id, provider]);
}
