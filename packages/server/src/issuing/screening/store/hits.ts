import { listRows, type RowPage } from "../../../foundation/database/list.ts";
import { type Sql, statement } from "../../../foundation/database/sql.ts";
import type { Hit, HitDecision, HitRef } from "../model/hits.ts";

type Row = Omit<Hit, "proposal" | "decision" | keyof HitRef> &
  HitRef & {
    readonly proposedBy: string | null;
    readonly proposedAt: Date | null;
    readonly proposedReasons: readonly string[] | null;
    readonly proposedNote: string | null;
    readonly decidedBy: string | null;
    readonly decidedAt: Date | null;
    readonly decidedReasons: readonly string[] | null;
    readonly decidedNote: string | null;
    readonly sealed: Uint8Array | null;
  };

/** A hit as it lies in its row. */
export type StoredHit = { readonly hit: Hit; readonly sealed: Uint8Array | null };

const columns = {
  organization_id: "organizationId",
  id: "id",
  subject_kind: "subjectKind",
  subject_id: "subjectId",
  person_id: "personId",
  source: "source",
  source_id: "sourceId",
  list_version: "listVersion",
  entry_hash: "entryHash",
  score: "score",
  sealed: "sealed",
  status: "status",
  proposed_by: "proposedBy",
  proposed_at: "proposedAt",
  proposed_reasons: "proposedReasons",
  proposed_note: "proposedNote",
  decided_by: "decidedBy",
  decided_at: "decidedAt",
  decided_reasons: "decidedReasons",
  decided_note: "decidedNote",
  version: "version",
  created_at: "createdAt",
} as const satisfies Record<string, keyof Row>;

const names = Object.keys(columns);
const properties = Object.values(columns);
const selected = Object.entries(columns)
  .map(([column, property]) => `h.${column} as "${property}"`)
  .join(", ");

const write = statement(
  "screening.writeHit",
  `insert into screening_hits (${names.join(", ")})
   values (${names.map((_, at) => `$${at + 1}`).join(", ")})
   on conflict (organization_id, id) do update
   set ${names.map((name) => `${name} = excluded.${name}`).join(", ")}`,
);

const byId = statement(
  "screening.findHit",
  `select ${selected} from screening_hits h where h.id = $1`,
);

const bySubject = statement(
  "screening.hitsOf",
  `select ${selected} from screening_hits h
   where h.organization_id = $1 and h.subject_id = $2 order by h.id`,
);

const forget = statement(
  "screening.forgetHits",
  `update screening_hits set source_id = null, entry_hash = null, sealed = null
   where organization_id = $1 and subject_id = $2 and sealed is not null`,
);

/** Writes a hit, a new one or over its row; whoever does has its subject locked. */
export async function writeHit(sql: Sql, { hit, sealed }: StoredHit): Promise<void> {
  const { proposal, decision, ...rest } = hit;
  const row = {
    ...rest,
    sealed,
    proposedBy: proposal?.by ?? null,
    proposedAt: proposal?.at ?? null,
    proposedReasons: proposal?.reasons ?? null,
    proposedNote: proposal?.note ?? null,
    decidedBy: decision?.by ?? null,
    decidedAt: decision?.at ?? null,
    decidedReasons: decision?.reasons ?? null,
    decidedNote: decision?.note ?? null,
  } as Row;
  await sql.query(
    write,
    properties.map((property) => row[property]),
  );
}

/** A hit of whatever organization; null where there is none. */
export async function findHitRow(sql: Sql, id: string): Promise<StoredHit | null> {
  const [row] = await sql.query<Row>(byId, [id]);
  return row === undefined ? null : toHit(row);
}

/** All hits of a subject, the oldest first. */
export async function hitsOf(
  sql: Sql,
  organizationId: string,
  subjectId: string,
): Promise<StoredHit[]> {
  const rows = await sql.query<Row>(bySubject, [organizationId, subjectId]);
  return rows.map(toHit);
}

/** Leaves of a subject's hits that there were such, and nothing of whom they named. */
export async function forgetHitRows(
  sql: Sql,
  organizationId: string,
  subjectId: string,
): Promise<void> {
  await sql.query(forget, [organizationId, subjectId]);
}

export type HitFilter = {
  readonly organizationId?: string | undefined;
  readonly status?: string | undefined;
  readonly source?: string | undefined;
  readonly subjectId?: string | undefined;
};

/** One page of hits, newest first. */
export async function listHitRows(
  sql: Sql,
  filter: HitFilter,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<RowPage<StoredHit>> {
  const { rows, more } = await listRows<Row>(sql, {
    select: `select ${selected} from screening_hits h`,
    conditions: [
      ["h.organization_id", "=", filter.organizationId],
      ["h.status", "=", filter.status],
      ["h.source", "=", filter.source],
      ["h.subject_id", "=", filter.subjectId],
    ],
    key: "h.id",
    ...page,
  });
  return { rows: rows.map(toHit), more };
}

const setEyes = statement(
  "screening.setFourEyes",
  `insert into screening_settings (four_eyes) values ($1)
   on conflict (single) do update set four_eyes = excluded.four_eyes`,
);

const readEyes = statement(
  "screening.readFourEyes",
  `select four_eyes as "fourEyes" from screening_settings`,
);

export async function writeFourEyes(sql: Sql, fourEyes: boolean): Promise<void> {
  await sql.query(setEyes, [fourEyes]);
}

/** Whether one proposes and another decides; no where it was never told. */
export async function readFourEyes(sql: Sql): Promise<boolean> {
  const [row] = await sql.query<{ fourEyes: boolean }>(readEyes);
  return row?.fourEyes === true;
}

function toHit(row: Row): StoredHit {
  const { sealed, proposedBy, proposedAt, proposedReasons, proposedNote, ...rest } = row;
  const { decidedBy, decidedAt, decidedReasons, decidedNote, ...hit } = rest;
  return {
    hit: {
      ...hit,
      proposal: decisionOf(proposedBy, proposedAt, proposedReasons, proposedNote),
      decision: decisionOf(decidedBy, decidedAt, decidedReasons, decidedNote),
    } as Hit,
    sealed,
  };
}

/** The row's constraints hold that its parts are there together. */
const decisionOf = (
  by: string | null,
  at: Date | null,
  reasons: readonly string[] | null,
  note: string | null,
): HitDecision | null =>
  by === null || at === null || reasons === null ? null : { by, at, reasons, note };
