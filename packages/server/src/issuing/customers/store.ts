import { type Condition, listRows, type RowPage } from "../../foundation/database/list.ts";
import { type Sql, statement } from "../../foundation/database/sql.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import type { Reference } from "../../foundation/route/schemas.ts";
import { organizationsNow } from "../../records/sequencer/clauses.ts";
import { customersNamed } from "./clauses.ts";
import type { Customer, CustomerStatus, Need, Residence, Standing, StatusChange } from "./model.ts";
import { standingAs } from "./model.ts";
import type { CustomerTerms } from "./rules/search.ts";

/** `share` makes sure that the customer stays as it is, `change` is for changing it. */
export type LockStrength = "share" | "change";

type Row = Omit<Customer, "standing" | "statusReason" | "residence" | "legalHold"> & {
  readonly legalHoldReason: string | null;
  readonly legalHoldAt: Date | null;
  readonly holdReason: string | null;
  readonly statusBeforeHold: CustomerStatus | null;
  readonly reasons: readonly string[] | null;
  readonly asked: readonly Need[] | null;
  readonly canResubmit: boolean | null;
  readonly line1: string | null;
  readonly line2: string | null;
  readonly city: string | null;
  readonly region: string | null;
  readonly postalCode: string | null;
};

/** Each column and the property it fills, in the order of the values of `insert`. */
const columns = {
  organization_id: "organizationId",
  id: "id",
  external_id: "externalId",
  type: "type",
  level: "level",
  status: "status",
  status_at: "statusAt",
  hold_reason: "holdReason",
  status_before_hold: "statusBeforeHold",
  reasons: "reasons",
  asked: "asked",
  can_resubmit: "canResubmit",
  first_name: "firstName",
  last_name: "lastName",
  legal_name: "legalName",
  birth_date: "birthDate",
  nationality: "nationality",
  national_id: "nationalId",
  residence_country: "residenceCountry",
  residence_line1: "line1",
  residence_line2: "line2",
  residence_city: "city",
  residence_region: "region",
  residence_postal_code: "postalCode",
  email: "email",
  phone: "phone",
  evidence: "evidence",
  retain_until: "retainUntil",
  legal_hold_reason: "legalHoldReason",
  legal_hold_at: "legalHoldAt",
  erased_at: "erasedAt",
  version: "version",
  created_at: "createdAt",
} as const satisfies Record<string, keyof Row>;

const names = Object.keys(columns);
const properties = Object.values(columns);

const selected = Object.entries(columns)
  .map(([column, property]) => `c.${column} as "${property}"`)
  .join(", ");

const byReference = (column: string) =>
  `select ${selected} from customers c where c.organization_id = $1 and c.${column} = $2`;

const finds: Readonly<Record<Reference["by"], ReturnType<typeof statement>>> = {
  id: statement("customers.find", byReference("id")),
  externalId: statement("customers.findByExternalId", byReference("external_id")),
};

const locks: Readonly<
  Record<LockStrength, Readonly<Record<Reference["by"], ReturnType<typeof statement>>>>
> = {
  share: {
    id: statement("customers.lockShare", `${byReference("id")} for share`),
    externalId: statement(
      "customers.lockShareByExternalId",
      `${byReference("external_id")} for share`,
    ),
  },
  change: {
    id: statement("customers.lockChange", `${byReference("id")} for no key update`),
    externalId: statement(
      "customers.lockChangeByExternalId",
      `${byReference("external_id")} for no key update`,
    ),
  },
};

const owner = statement(
  "customers.owner",
  `select organization_id as "organizationId" from customers where id = $1`,
);

const insert = statement(
  "customers.insert",
  `insert into customers (${names.join(", ")})
   values (${names.map((_, index) => `$${index + 1}`).join(", ")})
   on conflict (organization_id, external_id) do nothing returning id`,
);

const update = statement(
  "customers.update",
  `update customers set ${names.map((name, index) => `${name} = $${index + 1}`).join(", ")}
   where organization_id = $1 and id = $2`,
);

const keep = statement(
  "customers.keepRetained",
  "update customers set retained = $3 where organization_id = $1 and id = $2",
);

const findKept = statement(
  "customers.findRetained",
  "select retained from customers where organization_id = $1 and id = $2",
);

const insertChange = statement(
  "customers.insertChange",
  `insert into customer_status_history (organization_id, customer_id, version, move, from_status,
     to_status, beneath_status, reasons, note, actor_kind, actor_id, at)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
);

/** One customer of an organization; null where there is none. */
export async function findCustomerRow(
  sql: Sql,
  organizationId: string,
  { by, value }: Reference,
): Promise<Customer | null> {
  const [row] = await sql.query<Row>(finds[by], [organizationId, value]);
  return row === undefined ? null : toCustomer(row);
}

/** As `findCustomerRow`, and its row is locked. */
export async function lockCustomerRow(
  sql: Sql,
  organizationId: string,
  { by, value }: Reference,
  strength: LockStrength,
): Promise<Customer | null> {
  const [row] = await sql.query<Row>(locks[strength][by], [organizationId, value]);
  return row === undefined ? null : toCustomer(row);
}

/** Most customers that are compared with one. */
const MAX_SHARING = 200;

/** A number without the signs that people put into it, as its index has it. */
const bareNumber = (text: string) => `upper(regexp_replace(${text}, '[^[:alnum:]]', '', 'g'))`;

/** What customers are looked for by, from what says most to what says least. */
const sharedBy = [
  // In some locales a database knows letters of ASCII alone: where nothing is left, it is no number.
  `${bareNumber("national_id")} = nullif(${bareNumber("$3::text")}, '')`,
  "lower(email) = lower($4)",
  "phone = $5",
  "lower(legal_name) like $7",
  "birth_date = $6",
];

// Each arm by its own index: an `or` over all of them would read the whole organization. Each has its bound, and
// what says most comes first: a birth date that many have hides nobody with the same number.
const sharing = statement(
  "customers.sharing",
  `select ${selected} from customers c join (
     select id, min(place) as place from (${sharedBy
       .map(
         (condition, place) => `(select id, ${place} as place from customers
           where organization_id = $1 and id <> $2 and ${condition} limit ${MAX_SHARING})`,
       )
       .join(" union all ")}) as found
     group by id order by min(place), id limit ${MAX_SHARING}
   ) as found using (id) where c.organization_id = $1 order by found.place, c.id`,
);

/** Customers of the same organization that have something in common with one. */
export async function findSharing(sql: Sql, customer: Customer): Promise<Customer[]> {
  const { organizationId, id, nationalId, email, phone, birthDate, legalName } = customer;
  const [word] = legalName?.toLowerCase().match(/[\p{L}\p{N}]{3,}/u) ?? [];
  const named = word === undefined ? null : `${word}%`;
  const values = [organizationId, id, nationalId, email, phone, birthDate, named];
  return (await sql.query<Row>(sharing, values)).map(toCustomer);
}

/** Whose customer it is; null where there is none. */
export async function ownerOf(sql: Sql, id: string): Promise<OrganizationId | null> {
  const [row] = await sql.query<{ organizationId: OrganizationId }>(owner, [id]);
  return row?.organizationId ?? null;
}

/** Writes a new customer. @returns whether its external id was free. */
export async function insertCustomer(sql: Sql, customer: Customer): Promise<boolean> {
  const rows = await sql.query(insert, toValues(customer));
  return rows.length > 0;
}

/** Writes a changed customer over its row, which the caller has locked. */
export async function updateCustomer(sql: Sql, customer: Customer): Promise<void> {
  await sql.query(update, toValues(customer));
}

/** Keeps, sealed, what the law wants of a deleted customer; null: no more. */
export async function keepRetained(
  sql: Sql,
  { organizationId, id }: Pick<Customer, "organizationId" | "id">,
  sealed: Uint8Array | null,
): Promise<void> {
  await sql.query(keep, [organizationId, id, sealed]);
}

/** What is kept of a deleted customer, sealed; null where nothing is. */
export async function findRetained(
  sql: Sql,
  organizationId: string,
  id: string,
): Promise<Uint8Array | null> {
  const [row] = await sql.query<{ retained: Uint8Array | null }>(findKept, [organizationId, id]);
  return row?.retained ?? null;
}

/** Keeps one move of a customer. */
export async function insertStatusChange(
  sql: Sql,
  { organizationId, id }: Pick<Customer, "organizationId" | "id">,
  change: StatusChange,
): Promise<void> {
  const { version, move, from, to, beneath, reasons, note, actor, at } = change;
  const values = [version, move, from, to, beneath, reasons, note, actor.kind, actor.id, at];
  await sql.query(insertChange, [organizationId, id, ...values]);
}

export type CustomerFilter = {
  readonly organizationId?: string | undefined;
  readonly status?: string | undefined;
  readonly type?: string | undefined;
  readonly level?: string | undefined;
  readonly externalId?: string | undefined;
  readonly createdFrom?: string | undefined;
  /** Not included. */
  readonly createdTo?: string | undefined;
  /** Customers with granted access to this program. */
  readonly programId?: string | undefined;
  readonly terms?: CustomerTerms | undefined;
};

export type PageWanted = { readonly after: string | undefined; readonly limit: number };

const withAccess = `join access_requests a on a.organization_id = c.organization_id
  and a.customer_id = c.id and a.status = 'granted'`;

/** One page of customers, newest first. */
export async function listCustomerRows(
  sql: Sql,
  filter: CustomerFilter,
  page: PageWanted,
): Promise<RowPage<Customer>> {
  const { rows, more } = await listRows<Row>(sql, {
    select: `select ${selected} from customers c ${filter.programId === undefined ? "" : withAccess}`,
    conditions: [
      ["c.organization_id", "=", filter.organizationId],
      ["c.status", "=", filter.status],
      ["c.type", "=", filter.type],
      ["c.level", "=", filter.level],
      ["c.external_id", "=", filter.externalId],
      ["c.created_at", ">=", filter.createdFrom],
      ["c.created_at", "<", filter.createdTo],
      ["a.program_id", "=", filter.programId],
      ...(filter.terms === undefined ? [] : [searchCondition(filter.terms, filter.organizationId)]),
    ],
    key: "c.id",
    ...page,
  });
  return { rows: rows.map(toCustomer), more };
}

/**
 * Each part begins with the organization, as the indexes do. The ids are found first, as an array: else the
 * planner walks over all customers in the order of the list, in the hope of meeting enough.
 */
function searchCondition(terms: CustomerTerms, organizationId: string | undefined): Condition {
  return (put) => {
    const owners =
      organizationId === undefined
        ? `any(array(select o.organization_id from ${organizationsNow} o))`
        : put(organizationId);
    const within = (column: string) => `${column} = ${owners}`;
    const names = terms.names.map((one) => `lower(${put(one)})`);
    const whole = put(terms.whole);
    const any = [
      `lower(s.email) = lower(${whole})`,
      `s.phone = ${whole}`,
      `s.external_id = ${whole}`,
      // Both sides by the database, whose locale says what a letter is; of a number without any that it knows
      // nothing is left, which is no number.
      `s.national_id is not null
        and ${bareNumber("s.national_id")} = nullif(${bareNumber(`${whole}::text`)}, '')`,
    ];
    const parts = any.map((one) => `(${within("s.organization_id")} and ${one})`);
    return `c.id = any(array(select s.id from customers s where ${parts.join(" or ")}
      union ${customersNamed(within, names)}))`;
  };
}

/** One page of a customer's moves, newest first. */
export async function listStatusChanges(
  sql: Sql,
  { organizationId, id }: Pick<Customer, "organizationId" | "id">,
  page: { readonly after: bigint | undefined; readonly limit: number },
): Promise<RowPage<StatusChange>> {
  type ChangeRow = Omit<StatusChange, "actor"> & {
    readonly actorKind: StatusChange["actor"]["kind"];
    readonly actorId: string;
  };
  const { rows, more } = await listRows<ChangeRow>(sql, {
    select: `select version, move, from_status as "from", to_status as "to",
        beneath_status as "beneath", reasons, note, actor_kind as "actorKind",
        actor_id as "actorId", at
      from customer_status_history`,
    conditions: [
      ["organization_id", "=", organizationId],
      ["customer_id", "=", id],
    ],
    key: "version",
    ...page,
  });
  const changes = rows.map(({ actorKind, actorId, ...change }) => ({
    ...change,
    actor: { kind: actorKind, id: actorId },
  }));
  return { rows: changes, more };
}

function toValues(customer: Customer): unknown[] {
  const { standing, residence, legalHold, ...rest } = customer;
  const under = standing.status === "on_hold" ? standing.before : standing;
  const row: Row = {
    ...rest,
    legalHoldReason: legalHold?.reason ?? null,
    legalHoldAt: legalHold?.since ?? null,
    holdReason: standing.status === "on_hold" ? standing.reason : null,
    statusBeforeHold: standing.status === "on_hold" ? standing.before.status : null,
    reasons: "reasons" in under ? under.reasons : null,
    asked: under.status === "needs_information" ? under.asked : null,
    canResubmit: under.status === "rejected" ? under.canResubmit : null,
    line1: residence?.line1 ?? null,
    line2: residence?.line2 ?? null,
    city: residence?.city ?? null,
    region: residence?.region ?? null,
    postalCode: residence?.postalCode ?? null,
  };
  return properties.map((property) => row[property]);
}

function toCustomer(row: Row): Customer {
  const { holdReason, statusBeforeHold, reasons, asked, canResubmit, ...rest } = row;
  const { line1, line2, city, region, postalCode, ...details } = rest;
  const { legalHoldReason: reason, legalHoldAt: since, ...known } = details;
  const legalHold = reason === null || since === null ? null : { reason, since };
  const country = known.residenceCountry;
  const residence: Residence | null =
    country === null ? null : { country, line1, line2, city, region, postalCode };
  const under = toStanding(row, statusBeforeHold ?? row.status);
  const standing =
    holdReason === null || under.status === "deleted"
      ? under
      : { status: "on_hold" as const, reason: holdReason, before: under };
  const customer = { ...known, residence, legalHold, standing, statusReason: null };
  return standingAs(customer, standing, known.statusAt);
}

/** The row's constraints hold that what belongs to a status is there. */
function toStanding({ reasons, asked, canResubmit }: Row, status: CustomerStatus): Standing {
  if (status === "needs_information") return { status, reasons: reasons ?? [], asked: asked ?? [] };
  if (status === "rejected") {
    return { status, reasons: reasons ?? [], canResubmit: canResubmit ?? false };
  }
  return { status: status as Exclude<Standing["status"], "needs_information" | "rejected"> };
}
