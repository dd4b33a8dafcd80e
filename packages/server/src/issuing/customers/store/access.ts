import { listRows, type RowPage } from "../../../foundation/database/list.ts";
import { type Sql, statement } from "../../../foundation/database/sql.ts";
import type { OrganizationId } from "../../../foundation/ids/ids.ts";
import type { AccessRequest, AccessStatus } from "../model.ts";
import type { PageWanted } from "../store.ts";

const accessSelected = `organization_id as "organizationId", id, customer_id as "customerId",
  product, program_id as "programId", status, reasons, decided_at as "decidedAt", version,
  created_at as "createdAt"`;

const findAccess = statement(
  "customers.findAccess",
  `select ${accessSelected} from access_requests where organization_id = $1 and id = $2`,
);

// The newest request decides: another can only be made when the one before it is over.
const latestAccess = statement(
  "customers.latestAccess",
  `select status from access_requests
   where organization_id = $1 and customer_id = $2 and program_id = $3 order by id desc limit 1`,
);

const accessOwner = statement(
  "customers.accessOwner",
  `select organization_id as "organizationId" from access_requests where id = $1`,
);

const insertAccess = statement(
  "customers.insertAccess",
  `insert into access_requests (organization_id, id, customer_id, product, program_id, status,
     reasons, decided_at, version, created_at)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
   on conflict (organization_id, customer_id, program_id)
     where status in ('requested', 'granted') do nothing
   returning id`,
);

const updateAccess = statement(
  "customers.updateAccess",
  `update access_requests set status = $3, reasons = $4, decided_at = $5, version = $6
   where organization_id = $1 and id = $2`,
);

/** One access request of an organization; null where there is none. */
export async function findAccessRow(
  sql: Sql,
  organizationId: string,
  id: string,
): Promise<AccessRequest | null> {
  const [row] = await sql.query<AccessRequest>(findAccess, [organizationId, id]);
  return row ?? null;
}

/** The status of a customer's newest request for a program; null where there was none. */
export async function latestAccessOf(
  sql: Sql,
  organizationId: string,
  customerId: string,
  programId: string,
): Promise<AccessStatus | null> {
  const [row] = await sql.query<{ status: AccessStatus }>(latestAccess, [
    organizationId,
    customerId,
    programId,
  ]);
  return row?.status ?? null;
}

/** Whose access request it is; null where there is none. */
export async function accessOwnerOf(sql: Sql, id: string): Promise<OrganizationId | null> {
  const [row] = await sql.query<{ organizationId: OrganizationId }>(accessOwner, [id]);
  return row?.organizationId ?? null;
}

/** Writes a new request. @returns whether none was open or granted. */
export async function insertAccessRequest(sql: Sql, request: AccessRequest): Promise<boolean> {
  const { organizationId, id, customerId, product, programId, status } = request;
  const { reasons, decidedAt, version, createdAt } = request;
  const values = [organizationId, id, customerId, product, programId, status, reasons];
  const rows = await sql.query(insertAccess, [...values, decidedAt, version, createdAt]);
  return rows.length > 0;
}

/** Writes a decided request over its row; the caller has locked its customer. */
export async function updateAccessRequest(sql: Sql, request: AccessRequest): Promise<void> {
  const { organizationId, id, status, reasons, decidedAt, version } = request;
  await sql.query(updateAccess, [organizationId, id, status, reasons, decidedAt, version]);
}

export type AccessFilter = {
  readonly organizationId?: string | undefined;
  readonly customerId?: string | undefined;
  readonly programId?: string | undefined;
  readonly status?: string | undefined;
};

/** One page of access requests, newest first. */
export function listAccessRows(
  sql: Sql,
  filter: AccessFilter,
  page: PageWanted,
): Promise<RowPage<AccessRequest>> {
  return listRows<AccessRequest>(sql, {
    select: `select ${accessSelected} from access_requests`,
    conditions: [
      ["organization_id", "=", filter.organizationId],
      ["customer_id", "=", filter.customerId],
      ["program_id", "=", filter.programId],
      ["status", "=", filter.status],
    ],
    key: "id",
    ...page,
  });
}
