import { type GateStrength, gate } from "../../foundation/database/gate.ts";
import { type Condition, listRows, type RowPage } from "../../foundation/database/list.ts";
import { type Sql, statement } from "../../foundation/database/sql.ts";
import { PLATFORM } from "../../foundation/ids/ids.ts";
import type { Mode } from "../../foundation/route/route.ts";
import { reference } from "../../foundation/route/schemas.ts";
import { nowOf } from "../../records/sequencer/clauses.ts";
import type { Organization } from "./model.ts";

const columns = `id, name, mode, status, external_id as "externalId",
  embed_origins as "embedOrigins", version, created_at as "createdAt"`;

// The platform's own row is not a tenant: nobody finds, locks, changes or lists it as one.
const byId = `select ${columns} from organizations where id = $1 and id <> '${PLATFORM}'`;
const byExternalId = `select ${columns} from organizations where external_id = $1`;

const findById = statement("organizations.findById", byId);
const findByExternalId = statement("organizations.findByExternalId", byExternalId);

// The row too, although the gate is enough: nothing else may change it meanwhile, by hand either.
const lockById = statement("organizations.lockById", `${byId} for no key update`);

/** "ORGA" in ASCII. */
const GATE_SPACE = 0x4f524741;

/** Every request shares its organization, so a busy one would never be suspended: see `Gate`. */
const door = gate(
  "organizations.gate",
  GATE_SPACE,
  `select id as key from organizations
   where (id = any($1) and id <> '${PLATFORM}') or external_id = any($2)`,
);

/** `share`: its facts stay true until COMMIT. `change`: nobody else reads them for deciding. */
export type LockStrength = GateStrength;

/** One organization by id or `external:<externalId>`; null where there is none. */
export async function findRow(sql: Sql, id: string): Promise<Organization | null> {
  const { by, value } = reference(id);
  const find = by === "id" ? findById : findByExternalId;
  const [row] = await sql.query<Organization>(find, [value]);
  return row ?? null;
}

/** As `findRow`, with a lock until the end of the transaction. */
export async function lockRow(
  sql: Sql,
  id: string,
  strength: LockStrength,
): Promise<Organization | null> {
  const { by, value } = reference(id);
  const named = by === "id" ? [[value], []] : [[], [value]];
  // Sent together, run in order: what is read is of after the wait.
  const [, found] = await Promise.all([door.pass(sql, strength, named), findRow(sql, id)]);
  if (found !== null && strength === "change") await sql.query(lockById, [found.id]);
  return found;
}

/** An organization, and what time it is there. */
export type OrganizationAt = Organization & { readonly now: Date };

const shareMany = statement(
  "organizations.shareMany",
  `select ${columns}, ${nowOf("organizations.id")} as now from organizations
   where (id = any($1) and id <> '${PLATFORM}') or external_id = any($2)
   order by id`,
);

/** Those of the named organizations that exist, each locked so that it stays as it is. */
export async function shareRows(
  sql: Sql,
  ids: readonly string[],
  externalIds: readonly string[],
): Promise<OrganizationAt[]> {
  const named = [ids, externalIds];
  const [, rows] = await Promise.all([
    door.pass(sql, "share", named),
    sql.query<OrganizationAt>(shareMany, named),
  ]);
  return rows;
}

const insert = statement(
  "organizations.insert",
  `insert into organizations (id, name, mode, status, external_id, embed_origins, version,
     created_at)
   values ($1, $2, $3, $4, $5, $6, $7, $8)
   on conflict (external_id) do nothing returning id`,
);

/** @returns false where another organization has the external id; then nothing is written. */
export async function insertRow(sql: Sql, row: Organization): Promise<boolean> {
  const { id, name, mode, status, externalId, embedOrigins, version, createdAt } = row;
  const values = [id, name, mode, status, externalId, embedOrigins, version, createdAt];
  return (await sql.query(insert, values)).length === 1;
}

const update = statement(
  "organizations.update",
  `update organizations set name = $2, status = $3, embed_origins = $4, version = $5
   where id = $1`,
);

export async function updateRow(sql: Sql, row: Organization): Promise<void> {
  await sql.query(update, [row.id, row.name, row.status, row.embedOrigins, row.version]);
}

/** One page, newest first. */
export function listPage(
  sql: Sql,
  conditions: readonly Condition[],
  after: string | undefined,
  limit: number,
): Promise<RowPage<Organization>> {
  return listRows<Organization>(sql, {
    select: `select ${columns}
      from (select * from organizations where id <> '${PLATFORM}') as tenants`,
    conditions,
    key: "id",
    after,
    limit,
  });
}

const installationMode = statement(
  "organizations.installationMode",
  `select mode from organizations where id = '${PLATFORM}'`,
);

/** What the installation is: the mode of the platform's own row. */
export async function readInstallationMode(sql: Sql): Promise<Mode> {
  const [row] = await sql.query<{ mode: Mode }>(installationMode);
  return row?.mode ?? "sandbox";
}

const setInstallationMode = statement(
  "organizations.setInstallationMode",
  `update organizations set mode = $1, version = version + 1
   where id = '${PLATFORM}' and mode <> $1`,
);

export async function writeInstallationMode(sql: Sql, mode: Mode): Promise<void> {
  await sql.query(setInstallationMode, [mode]);
}

const anyLive = statement(
  "organizations.anyLive",
  `select exists (select from organizations where mode = 'live' and id <> '${PLATFORM}'
     and status <> 'closed') as live`,
);

export async function hasLive(sql: Sql): Promise<boolean> {
  const [row] = await sql.query<{ live: boolean }>(anyLive);
  return row?.live === true;
}
