import { type Sql, statement } from "../../../foundation/database/sql.ts";
import type { OrganizationId } from "../../../foundation/ids/ids.ts";
import type { Card } from "../model.ts";

/** A customer, and one program or (null) any. */
export type CountRef = {
  readonly organizationId: OrganizationId;
  readonly customerId: string;
  readonly programId: string | null;
};

const countOfCustomers = statement(
  "cards.countOfCustomers",
  `select count(c.id) as count
   from unnest($1::text[], $2::text[], $3::text[]) with ordinality
     as asked (organization_id, customer_id, program_id, place)
   left join cards c on c.organization_id = asked.organization_id
     and c.customer_id = asked.customer_id and c.status <> 'deleted'
     and (asked.program_id is null or c.program_id = asked.program_id)
   group by asked.place order by asked.place`,
);

/** How many cards are not deleted, in the order asked for. */
export async function countLive(sql: Sql, asked: readonly CountRef[]): Promise<number[]> {
  if (asked.length === 0) return [];
  const rows = await sql.query<{ count: bigint }>(countOfCustomers, [
    asked.map(({ organizationId }) => organizationId),
    asked.map(({ customerId }) => customerId),
    asked.map(({ programId }) => programId),
  ]);
  return rows.map(({ count }) => Number(count));
}

const liveOfCustomer = statement(
  "cards.liveOfCustomer",
  `select organization_id as "organizationId", id from cards
   where organization_id = $1 and customer_id = $2 and program_id = $3 and status <> 'deleted'
   order by id`,
);

/** A customer's cards of a program that are not deleted, in the order of their ids. */
export function listLive(
  sql: Sql,
  { organizationId, customerId, programId }: CountRef,
): Promise<Pick<Card, "organizationId" | "id">[]> {
  return sql.query(liveOfCustomer, [organizationId, customerId, programId]);
}

const allOfCustomer = statement(
  "cards.allOfCustomer",
  `select organization_id as "organizationId", id from cards
   where organization_id = $1 and customer_id = $2 and status <> 'deleted' order by id`,
);

/** All of a customer's cards that are not deleted, in the order of their ids. */
export const listOfCustomer = (
  sql: Sql,
  organizationId: string,
  customerId: string,
): Promise<Pick<Card, "organizationId" | "id">[]> =>
  sql.query(allOfCustomer, [organizationId, customerId]);

/** An external id in an organization. */
export type ExternalRef = { readonly organizationId: OrganizationId; readonly externalId: string };

/** The key under which taken external ids are given. */
export const externalKey = ({ organizationId, externalId }: ExternalRef): string =>
  `${organizationId}/${externalId}`;

/** What the advisory locks of this module are for: the first of their two numbers. */
const lockSpaces = { externalId: 0x63617264, range: 0x63617265 } as const;

// In the order of their numbers, so that two who want the same ones never wait for each other.
const lockKeys = statement(
  "cards.lockKeys",
  `with numbers as materialized (
     select distinct hashtext(key) as number from unnest($2::text[]) as key order by 1)
   select pg_advisory_xact_lock($1::integer, number) from numbers`,
);

const takenExternals = statement(
  "cards.takenExternalIds",
  `select c.organization_id as "organizationId", c.external_id as "externalId"
   from unnest($1::text[], $2::text[]) as asked (organization_id, external_id)
   join cards c on c.organization_id = asked.organization_id and c.external_id = asked.external_id`,
);

/**
 * Keeps external ids as they are until the transaction ends: whoever else wants to give one waits,
 * and then finds it taken or free. To be sent before `findTaken`.
 */
export async function lockExternalIds(sql: Sql, asked: readonly ExternalRef[]): Promise<void> {
  if (asked.length === 0) return;
  await sql.query(lockKeys, [lockSpaces.externalId, asked.map(externalKey)]);
}

/** Waits until nobody else draws numbers from these ranges; until the transaction ends. */
export async function lockRanges(sql: Sql, ranges: readonly string[]): Promise<void> {
  if (ranges.length > 0) await sql.query(lockKeys, [lockSpaces.range, ranges]);
}

/** Which external ids a card, also a deleted one, has; by `externalKey`. */
export async function findTaken(sql: Sql, asked: readonly ExternalRef[]): Promise<Set<string>> {
  if (asked.length === 0) return new Set();
  const rows = await sql.query<ExternalRef>(takenExternals, [
    asked.map(({ organizationId }) => organizationId),
    asked.map(({ externalId }) => externalId),
  ]);
  return new Set(rows.map(externalKey));
}
