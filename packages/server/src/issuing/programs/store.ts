import { type GateStrength, gate } from "../../foundation/database/gate.ts";
import { type Sql, statement } from "../../foundation/database/sql.ts";
import type { ProgramId } from "../../foundation/ids/ids.ts";
import type { Program } from "./model.ts";

/** `share` makes sure that the program stays as it is, `change` is for changing it. */
export type LockStrength = GateStrength;

type Row = Omit<Program, "range" | "fees"> & {
  readonly rangeFrom: bigint;
  readonly rangeTo: bigint;
  readonly feeIssuance: bigint;
  readonly feeReplacement: bigint;
  readonly feeMonthly: bigint;
  readonly feeTopUp: bigint;
  readonly feeFxBasisPoints: bigint;
};

/** Each column and the property it fills, in the order of the values of `insert`. */
const columns = {
  id: "id",
  name: "name",
  model: "model",
  brand: "brand",
  bin: "bin",
  pan_length: "panLength",
  range_from: "rangeFrom",
  range_to: "rangeTo",
  currency: "currency",
  status: "status",
  successor_id: "successorId",
  availability: "availability",
  time_zone: "timeZone",
  validity_months: "validityMonths",
  renewal: "renewal",
  renewal_days: "renewalDays",
  retention_years: "retentionYears",
  initial_card_status: "initialCardStatus",
  requires_customer: "requiresCustomer",
  requires_access: "requiresAccess",
  access_grant: "accessGrant",
  access_rule: "accessRule",
  minimum_level: "minimumLevel",
  customer_types: "customerTypes",
  allowed_nationalities: "allowedNationalities",
  restricted_nationalities: "restrictedNationalities",
  allowed_residences: "allowedResidences",
  restricted_residences: "restrictedResidences",
  cards_per_customer: "cardsPerCustomer",
  information_days: "informationDays",
  minimum_initial_balance: "minimumInitialBalance",
  maximum_initial_balance: "maximumInitialBalance",
  maximum_balance: "maximumBalance",
  minimum_transfer: "minimumTransfer",
  fee_issuance: "feeIssuance",
  fee_replacement: "feeReplacement",
  fee_monthly: "feeMonthly",
  fee_top_up: "feeTopUp",
  fee_fx_basis_points: "feeFxBasisPoints",
  number_range_low: "numberRangeLow",
  version: "version",
  created_at: "createdAt",
} as const satisfies Record<string, Exclude<keyof Row, "organizationIds">>;

const names = Object.keys(columns);
const properties = Object.values(columns);

const selected = `
  ${Object.entries(columns)
    .map(([column, property]) => `p.${column} as "${property}"`)
    .join(", ")},
  array(select a.organization_id::text from program_availability a
    where a.program_id = p.id order by a.organization_id) as "organizationIds"`;

const byId = `select ${selected} from programs p
  where p.organization_id = 'org_platform' and p.id = $1`;

const find = statement("programs.find", byId);

// The row too, although the gate is enough: nothing else may change it meanwhile, by hand either.
const lockOne = statement(
  "programs.lockOne",
  "select from programs where organization_id = 'org_platform' and id = $1 for no key update",
);

/** "PROG" in ASCII. */
const GATE_SPACE = 0x50524f47;

/** Most requests of all organizations share a program, and still its cards must be stopped: see `Gate`. */
const door = gate("programs.gate", GATE_SPACE, "select $1::text as key");

const list = statement(
  "programs.list",
  `select ${selected} from programs p
   where p.organization_id = 'org_platform'
     and ($1::text is null or p.availability = 'all' or exists (
       select from program_availability a where a.program_id = p.id and a.organization_id = $1))
     and ($2::text is null or p.status = $2)
     and ($3::text is null or p.model = $3)
     and ($4::text is null or p.currency = $4)
     and ($5::text is null or p.id < $5)
   order by p.id desc limit $6`,
);

const live = statement(
  "programs.live",
  `select ${selected} from programs p
   where p.organization_id = 'org_platform' and p.status <> 'retired' order by p.id`,
);

const insert = statement(
  "programs.insert",
  `insert into programs (organization_id, ${names.join(", ")})
   values ('org_platform', ${names.map((_, index) => `$${index + 1}`).join(", ")})`,
);

const update = statement(
  "programs.update",
  `update programs set ${names.map((name, index) => `${name} = $${index + 1}`).join(", ")}
   where organization_id = 'org_platform' and id = $1`,
);

const addAvailability = statement(
  "programs.addAvailability",
  `insert into program_availability (program_id, organization_id)
   select $1, organization_id from unnest($2::text[]) as organization_id
   on conflict do nothing`,
);

const removeAvailability = statement(
  "programs.removeAvailability",
  "delete from program_availability where program_id = $1 and organization_id <> all($2::text[])",
);

/** One program by its id; null where there is none. */
export async function findProgramRow(sql: Sql, id: string): Promise<Program | null> {
  const [row] = await sql.query<Row>(find, [id]);
  return row === undefined ? null : toProgram(row);
}

/** Locks a program, then reads it: what the lock waited for is seen by a later statement only. */
export async function lockProgramRow(
  sql: Sql,
  id: string,
  strength: LockStrength,
): Promise<Program | null> {
  // Sent together, run in order: one round trip.
  const [, , program] = await Promise.all([
    door.pass(sql, strength, [id]),
    strength === "change" ? sql.query(lockOne, [id]) : null,
    findProgramRow(sql, id),
  ]);
  return program;
}

export type ProgramFilter = {
  /** Only programs that this organization may use. */
  readonly organizationId?: string | undefined;
  readonly status?: string | undefined;
  readonly model?: string | undefined;
  readonly currency?: string | undefined;
};

/** One page of programs, newest first. */
export async function listPrograms(
  sql: Sql,
  filter: ProgramFilter,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<{ rows: Program[]; more: boolean }> {
  const { organizationId, status, model, currency } = filter;
  const values = [organizationId, status, model, currency, page.after].map(
    (value) => value ?? null,
  );
  const rows = await sql.query<Row>(list, [...values, page.limit + 1]);
  return { rows: rows.slice(0, page.limit).map(toProgram), more: rows.length > page.limit };
}

/** Every program that is not retired, in the order of their ids. */
export async function listLiveRows(sql: Sql): Promise<Program[]> {
  return (await sql.query<Row>(live)).map(toProgram);
}

/** Writes a new program and who may use it. */
export async function insertProgram(sql: Sql, program: Program): Promise<void> {
  await Promise.all([
    sql.query(insert, toValues(program)),
    sql.query(addAvailability, [program.id, program.organizationIds]),
  ]);
}

/** Writes a changed program over its row, which the caller has locked. */
export async function updateProgram(sql: Sql, program: Program): Promise<void> {
  await Promise.all([
    sql.query(update, toValues(program)),
    sql.query(removeAvailability, [program.id, program.organizationIds]),
    sql.query(addAvailability, [program.id, program.organizationIds]),
  ]);
}

function toValues({ range, fees, ...program }: Program): unknown[] {
  const row: Row = {
    ...program,
    rangeFrom: range.from,
    rangeTo: range.to,
    feeIssuance: fees.issuance,
    feeReplacement: fees.replacement,
    feeMonthly: fees.monthly,
    feeTopUp: fees.topUp,
    feeFxBasisPoints: fees.fxBasisPoints,
  };
  return properties.map((property) => row[property]);
}

function toProgram(row: Row): Program {
  const { rangeFrom, rangeTo, feeIssuance, feeReplacement, feeMonthly, ...rest } = row;
  const { feeTopUp, feeFxBasisPoints, ...program } = rest;
  return {
    ...program,
    id: program.id as ProgramId,
    range: { from: rangeFrom, to: rangeTo },
    fees: {
      issuance: feeIssuance,
      replacement: feeReplacement,
      monthly: feeMonthly,
      topUp: feeTopUp,
      fxBasisPoints: feeFxBasisPoints,
    },
  };
}
