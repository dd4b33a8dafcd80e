import { listRows, type RowPage } from "../../../foundation/database/list.ts";
import { type Sql, statement } from "../../../foundation/database/sql.ts";
import type { Person } from "../model/people.ts";
import type { Customer } from "../model.ts";
import type { PageWanted } from "../store.ts";

const columns = {
  organization_id: "organizationId",
  id: "id",
  customer_id: "customerId",
  roles: "roles",
  first_name: "firstName",
  last_name: "lastName",
  birth_date: "birthDate",
  nationality: "nationality",
  residence_country: "residenceCountry",
  ownership_basis_points: "ownershipBasisPoints",
  removed_at: "removedAt",
  version: "version",
  created_at: "createdAt",
} as const satisfies Record<string, keyof Person>;

const names = Object.keys(columns);
const selected = Object.entries(columns)
  .map(([column, property]) => `p.${column} as "${property}"`)
  .join(", ");
const valuesOf = (person: Person) => Object.values(columns).map((property) => person[property]);

const insert = statement(
  "people.insert",
  `insert into people (${names.join(", ")})
   values (${names.map((_, index) => `$${index + 1}`).join(", ")})`,
);

/** Writes a new person. */
export async function insertPerson(sql: Sql, person: Person): Promise<void> {
  await sql.query(insert, valuesOf(person));
}

const update = statement(
  "people.update",
  `update people set ${names.map((name, index) => `${name} = $${index + 1}`).join(", ")}
   where organization_id = $1 and id = $2`,
);

/** Writes a changed person over its row; the caller has locked its customer. */
export async function updatePerson(sql: Sql, person: Person): Promise<void> {
  await sql.query(update, valuesOf(person));
}

type Holder = Pick<Customer, "organizationId" | "id">;

const find = statement(
  "people.find",
  `select ${selected} from people p
   where p.organization_id = $1 and p.customer_id = $2 and p.id = $3`,
);

/** One person of a customer; null where there is none. */
export async function findPersonRow(sql: Sql, holder: Holder, id: string): Promise<Person | null> {
  const [row] = await sql.query<Person>(find, [holder.organizationId, holder.id, id]);
  return row ?? null;
}

const present = statement(
  "people.present",
  `select ${selected} from people p
   where p.organization_id = $1 and p.customer_id = $2 and p.removed_at is null order by p.id`,
);

/** The people of a customer that are not removed; there is a bound on how many. */
export const findPresent = (sql: Sql, holder: Holder): Promise<Person[]> =>
  sql.query<Person>(present, [holder.organizationId, holder.id]);

const all = statement(
  "people.all",
  `select ${selected} from people p
   where p.organization_id = $1 and p.customer_id = $2 order by p.id`,
);

/** Everybody who was ever of a customer. */
export const findEverybody = (sql: Sql, holder: Holder): Promise<Person[]> =>
  sql.query<Person>(all, [holder.organizationId, holder.id]);

const empty = statement(
  "people.empty",
  `update people set first_name = null, last_name = null, birth_date = null, nationality = null,
     residence_country = null, ownership_basis_points = null
   where organization_id = $1 and customer_id = $2`,
);

/** Leaves nothing personal of the people of a customer. */
export async function emptyPeople(sql: Sql, holder: Holder): Promise<void> {
  await sql.query(empty, [holder.organizationId, holder.id]);
}

/** One page of the people of a customer, newest first. */
export const listPersonRows = (
  sql: Sql,
  holder: Holder,
  page: PageWanted,
): Promise<RowPage<Person>> =>
  listRows<Person>(sql, {
    select: `select ${selected} from people p`,
    conditions: [
      ["p.organization_id", "=", holder.organizationId],
      ["p.customer_id", "=", holder.id],
    ],
    key: "p.id",
    ...page,
  });
