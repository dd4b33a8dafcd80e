import { listRows, type RowPage } from "../../../foundation/database/list.ts";
import { type Sql, statement } from "../../../foundation/database/sql.ts";
import type { OrganizationId } from "../../../foundation/ids/ids.ts";
import type { Due, DuePage } from "../../../foundation/job/job.ts";
import { dueInOrder, dueValues } from "../../../records/jobs/clauses.ts";
import { isActive } from "../../organizations/clauses.ts";
import { grantingPrograms } from "../../programs/clauses.ts";
import { verificationLevels } from "../../programs/model.ts";
import type { AccessRequest, AccessStatus, Customer } from "../model.ts";
import type { PageWanted } from "../store.ts";

const accessSelected = `organization_id as "organizationId", id, customer_id as "customerId",
  product, program_id as "programId", status, reasons, decided_at as "decidedAt",
  case when decided_by_kind is not null
    then jsonb_build_object('kind', decided_by_kind, 'id', decided_by_id) end as "decidedBy", version,
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
     reasons, decided_at, version, created_at, decided_by_kind, decided_by_id)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
   on conflict (organization_id, customer_id, program_id)
     where status in ('requested', 'granted') do nothing
   returning id`,
);

const updateAccess = statement(
  "customers.updateAccess",
  `update access_requests set status = $3, reasons = $4, decided_at = $5, version = $6,
     decided_by_kind = $7, decided_by_id = $8
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

const standing = statement(
  "customers.standingAccess",
  `select ${accessSelected} from access_requests
   where organization_id = $1 and customer_id = $2 and status in ('requested', 'granted') order by id`,
);

/** A customer's requests that are open or granted. */
export const listStandingAccess = (
  sql: Sql,
  { organizationId, id }: Pick<Customer, "organizationId" | "id">,
): Promise<AccessRequest[]> => sql.query<AccessRequest>(standing, [organizationId, id]);

/** Writes a new request. @returns whether none was open or granted. */
export async function insertAccessRequest(sql: Sql, request: AccessRequest): Promise<boolean> {
  const { organizationId, id, customerId, product, programId, status } = request;
  const { reasons, decidedAt, decidedBy, version, createdAt } = request;
  const values = [organizationId, id, customerId, product, programId, status, reasons];
  const decided = [decidedBy?.kind ?? null, decidedBy?.id ?? null];
  const made = [decidedAt, version, createdAt];
  const rows = await sql.query(insertAccess, [...values, ...made, ...decided]);
  return rows.length > 0;
}

/** Writes a decided request over its row; the caller has locked its customer. */
export async function updateAccessRequest(sql: Sql, request: AccessRequest): Promise<void> {
  const { organizationId, id, status, reasons, decidedAt, decidedBy, version } = request;
  const decided = [decidedBy?.kind ?? null, decidedBy?.id ?? null];
  const values = [organizationId, id, status, reasons, decidedAt, version, ...decided];
  await sql.query(updateAccess, values);
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

const refusedBefore = statement(
  "customers.accessRefusedBefore",
  `select from access_requests where organization_id = $1 and customer_id = $2 and program_id = $3
     and status in ('rejected', 'revoked') limit 1`,
);

/** Whether an operator has ever refused a customer's access to a program, or taken it away. */
export async function wasRefused(
  sql: Sql,
  { organizationId, customerId, programId }: Omit<AccessRequest, "id" | "status">,
): Promise<boolean> {
  const rows = await sql.query(refusedBefore, [organizationId, customerId, programId]);
  return rows.length > 0;
}

/** How far up a level is, as SQL of an expression. */
const rank = (level: string): string =>
  `array_position(array[${verificationLevels.map((name) => `'${name}'`).join(", ")}], ${level})`;

/** Whether a rule's list has a value, or asks for none. */
const within = (list: string, value: string): string =>
  `(p.access_rule -> '${list}' = 'null' or p.access_rule -> '${list}' ? ${value})`;

const grantable = statement(
  "customers.grantableAccess",
  dueInOrder(`select a.id, greatest(a.created_at, k.status_at) as due_at from access_requests a
    join ${grantingPrograms} p on p.id = a.program_id
    join customers k on k.organization_id = a.organization_id and k.id = a.customer_id
    where a.organization_id = o.organization_id and a.status = 'requested' and k.status = 'active'
      and (p.access_rule -> 'minimumLevel' = 'null'
        or ${rank("k.level")} >= ${rank("p.access_rule ->> 'minimumLevel'")})
      and ${within("customerTypes", "k.type")}
      and ${within("nationalities", "k.nationality")}
      and ${within("residences", "k.residence_country")}
      and ${within("organizationIds", "k.organization_id")}
      and ${isActive("a.organization_id")}
      and not exists (select from access_requests b
        where b.organization_id = a.organization_id and b.customer_id = a.customer_id
          and b.program_id = a.program_id and b.status in ('rejected', 'revoked'))`),
);

/** Requests that the rules of their programs grant: as `isGrantedByRule` says. */
export const findGrantable = (sql: Sql, page: DuePage): Promise<Due[]> =>
  sql.query<Due>(grantable, dueValues(page));
