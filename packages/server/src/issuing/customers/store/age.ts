import { type Sql, statement } from "../../../foundation/database/sql.ts";

const set = statement(
  "customers.setMinimumAge",
  `insert into customer_settings (minimum_age) values ($1)
   on conflict (single) do update set minimum_age = excluded.minimum_age`,
);

const read = statement(
  "customers.readMinimumAge",
  `select minimum_age as "minimumAge" from customer_settings`,
);

export async function writeMinimumAge(sql: Sql, years: number): Promise<void> {
  await sql.query(set, [years]);
}

/** Null where it was never told. */
export async function findMinimumAge(sql: Sql): Promise<number | null> {
  const [row] = await sql.query<{ minimumAge: number }>(read);
  return row?.minimumAge ?? null;
}
