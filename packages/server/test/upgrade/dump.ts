import type pg from "pg";

type Table = { readonly name: string; readonly columns: readonly string[] };

/** What is no data of the release: what the migrations themselves write down. */
const NOT_DATA = ["public.migrations"];

/**
 * All rows of a database as plain SQL for an empty one of the same schema: one statement for each table,
 * those first that others point to.
 */
export async function dumpData(client: pg.Client): Promise<string> {
  await client.query("set time zone 'UTC'");
  const parts = [
    // The one row that the migrations make.
    "delete from organizations where id = 'org_platform';",
  ];
  for (const table of await tablesInOrder(client)) {
    const rows = await rowsOf(client, table);
    if (rows.length === 0) continue;
    const columns = table.columns.join(", ");
    parts.push(`insert into ${table.name} (${columns}) values\n${rows.join(",\n")};`);
  }
  const { rows } = await client.query<{ value: string }>(
    "select last_value::text as value from queue_position",
  );
  parts.push(`select setval('queue_position', ${rows[0]?.value});`);
  return `${parts.join("\n")}\n`;
}

/** The tables with the columns that a row is written with. */
export async function tablesInOrder(client: pg.Client): Promise<Table[]> {
  const { rows } = await client.query<Table>(
    `select n.nspname || '.' || c.relname as name, array_agg(quote_ident(a.attname) order by a.attnum)
       as columns
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       and a.attgenerated = ''
     where c.relkind = 'r' and n.nspname in ('public', 'vault') group by 1 order by 1`,
  );
  const { rows: keys } = await client.query<{ table: string; target: string }>(
    `select n.nspname || '.' || c.relname as table, m.nspname || '.' || f.relname as target
     from pg_constraint k join pg_class c on c.oid = k.conrelid
     join pg_namespace n on n.oid = c.relnamespace join pg_class f on f.oid = k.confrelid
     join pg_namespace m on m.oid = f.relnamespace where k.contype = 'f' and c.oid <> f.oid`,
  );
  const left = rows.filter(({ name }) => !NOT_DATA.includes(name));
  const ordered: Table[] = [];
  while (left.length > 0) {
    const waits = (table: Table) =>
      keys.some((key) => key.table === table.name && left.some(({ name }) => name === key.target));
    const next = left.findIndex((table) => !waits(table));
    if (next === -1) throw new Error("Tables point at each other in a circle.");
    ordered.push(...left.splice(next, 1));
  }
  return ordered;
}

async function rowsOf(client: pg.Client, { name, columns }: Table): Promise<string[]> {
  const values = columns.map((column) => `quote_nullable(${column}::text)`).join(` || ', ' || `);
  const { rows } = await client.query<{ line: string }>(
    `select '(' || ${values} || ')' as line from ${name}`,
  );
  return rows.map(({ line }) => line).sort();
}
