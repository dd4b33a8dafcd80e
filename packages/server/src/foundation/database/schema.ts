import type pg from "pg";

/**
 * The schema as text, from the catalog and not from pg_dump: sorted, and byte-equal on PostgreSQL 15
 * and 18, so that `schema.sql` can be committed and compared.
 */
export async function describeSchema(client: pg.Client): Promise<string> {
  const sections: string[] = [];
  for (const { title, text } of queries) {
    const { rows } = await client.query<{ line: string }>(text);
    // Sorted here, by code unit: the database's collation must not matter.
    const lines = rows.map((row) => row.line).sort();
    if (lines.length > 0) sections.push([`-- ${title}`, ...lines].join("\n"));
  }
  return `${sections.join("\n\n")}\n`;
}

const ours = "n.nspname in ('public', 'vault')";

/** Each query gives lines; a table's columns and constraints are lines that begin with its name. */
const queries: readonly { title: string; text: string }[] = [
  {
    title: "Domains",
    text: `select format('domain %I %s%s', t.typname, format_type(t.typbasetype, t.typtypmod),
        coalesce(' ' || pg_get_constraintdef(c.oid), '')) as line
      from pg_type t join pg_namespace n on n.oid = t.typnamespace
      left join pg_constraint c on c.contypid = t.oid and c.contype = 'c'
      where t.typtype = 'd' and ${ours}`,
  },
  {
    title: "Sequences",
    text: `select format('sequence %I.%I', n.nspname, c.relname) as line
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'S' and ${ours}`,
  },
  {
    title: "Columns",
    text: `select format('table %I.%I column %s %I %s%s%s', n.nspname, c.relname,
        lpad(a.attnum::text, 3, '0'), a.attname, format_type(a.atttypid, a.atttypmod),
        case when a.attnotnull then ' not null' else '' end,
        coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')) as line
      from pg_attribute a join pg_class c on c.oid = a.attrelid
      join pg_namespace n on n.oid = c.relnamespace
      left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
      where c.relkind = 'r' and a.attnum > 0 and not a.attisdropped and ${ours}`,
  },
  {
    // Not-null constraints have names of their own from PostgreSQL 18 on; the columns tell them.
    title: "Constraints",
    text: `select format('table %I.%I constraint %I %s', n.nspname, c.relname, k.conname,
        pg_get_constraintdef(k.oid)) as line
      from pg_constraint k join pg_class c on c.oid = k.conrelid
      join pg_namespace n on n.oid = c.relnamespace
      where k.contype in ('p', 'u', 'f', 'c') and ${ours}`,
  },
  {
    title: "Indexes",
    text: `select pg_get_indexdef(i.indexrelid) as line
      from pg_index i join pg_class c on c.oid = i.indrelid
      join pg_namespace n on n.oid = c.relnamespace
      where ${ours} and not exists (select from pg_constraint k where k.conindid = i.indexrelid
        and k.contype in ('p', 'u'))`,
  },
  {
    title: "Triggers",
    text: `select pg_get_triggerdef(t.oid) as line
      from pg_trigger t join pg_class c on c.oid = t.tgrelid
      join pg_namespace n on n.oid = c.relnamespace
      where not t.tgisinternal and ${ours}`,
  },
  {
    title: "Functions",
    text: `select format('function %I.%I(%s) %s sha256 %s', n.nspname, p.proname,
        pg_get_function_identity_arguments(p.oid),
        case when p.prosecdef then 'security definer' else 'security invoker' end,
        encode(sha256(convert_to(p.prosrc, 'UTF8')), 'hex')) as line
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${ours}`,
  },
  {
    // An owner's right to maintain is a privilege of its own from PostgreSQL 17 on.
    title: "Grants to the server's roles",
    text: `select format('grant %s on %I.%I to %I',
        string_agg(lower(g.privilege_type), ', ' order by g.privilege_type collate "C"),
        n.nspname, c.relname, r.rolname) as line
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      cross join aclexplode(c.relacl) g join pg_roles r on r.oid = g.grantee
      where ${ours} and r.rolname in ('cardwright_app', 'cardwright_vault')
        and g.privilege_type <> 'MAINTAIN'
      group by n.nspname, c.relname, r.rolname`,
  },
];
