import { type Sql, statement } from "../../../foundation/database/sql.ts";
import type { OrganizationId } from "../../../foundation/ids/ids.ts";
import type { Card } from "../model.ts";

type CardKey = Pick<Card, "organizationId" | "id">;

const ofCustomer = statement(
  "cards.ofCustomer",
  `select organization_id as "organizationId", id from cards
   where organization_id = $1 and customer_id = $2 order by id`,
);

/** All cards of a customer, deleted ones too, in the order of their ids. */
export const listOfCustomer = (
  sql: Sql,
  organizationId: OrganizationId,
  customerId: string,
): Promise<CardKey[]> => sql.query(ofCustomer, [organizationId, customerId]);

const erase = statement(
  "cards.erase",
  `update cards c set first_name = null, last_name = null, legal_name = null, email = null,
     phone = null, billing_address = null, label = null, metadata = '{}', version = given.version
   from unnest($1::text[], $2::text[], $3::bigint[]) as given (organization_id, id, version)
   where c.organization_id = given.organization_id and c.id = given.id`,
);

/** Takes what is personal out of the rows of erased cards, which the caller has locked. */
export async function eraseRows(sql: Sql, cards: readonly Card[]): Promise<void> {
  if (cards.length === 0) return;
  await sql.query(erase, [
    cards.map(({ organizationId }) => organizationId),
    cards.map(({ id }) => id),
    cards.map(({ version }) => version),
  ]);
}
