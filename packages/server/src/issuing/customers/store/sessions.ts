import { listRows, type RowPage } from "../../../foundation/database/list.ts";
import { type Sql, statement } from "../../../foundation/database/sql.ts";
import type { Due, DuePage } from "../../../foundation/job/job.ts";
import { dueInOrder, dueValues } from "../../../records/jobs/clauses.ts";
import type { Consent, VerificationSession } from "../model/sessions.ts";
import type { Customer } from "../model.ts";
import type { PageWanted } from "../store.ts";

type Row = Omit<VerificationSession, "consent"> & {
  readonly consentVersion: string | null;
  readonly consentLanguage: string | null;
  readonly consentedAt: Date | null;
};

const columns = {
  organization_id: "organizationId",
  id: "id",
  customer_id: "customerId",
  status: "status",
  return_url: "returnUrl",
  expires_at: "expiresAt",
  started_at: "startedAt",
  submitted_at: "submittedAt",
  consent_version: "consentVersion",
  consent_language: "consentLanguage",
  consented_at: "consentedAt",
  version: "version",
  created_at: "createdAt",
} as const satisfies Record<string, keyof Row>;

const names = Object.keys(columns);
const selected = Object.entries(columns)
  .map(([column, property]) => `s.${column} as "${property}"`)
  .join(", ");

function valuesOf({ consent, ...session }: VerificationSession): unknown[] {
  const row: Row = {
    ...session,
    consentVersion: consent?.version ?? null,
    consentLanguage: consent?.language ?? null,
    consentedAt: consent?.at ?? null,
  };
  return Object.values(columns).map((property) => row[property]);
}

function modelOf(row: Row): VerificationSession {
  const { consentVersion, consentLanguage, consentedAt, ...session } = row;
  const consent: Consent | null =
    consentVersion === null || consentLanguage === null || consentedAt === null
      ? null
      : { version: consentVersion, language: consentLanguage, at: consentedAt };
  return { ...session, consent };
}

const insert = statement(
  "sessions.insert",
  `insert into verification_sessions (${names.join(", ")})
   values (${names.map((_, index) => `$${index + 1}`).join(", ")})`,
);

/** Writes a new session. */
export async function insertSession(sql: Sql, session: VerificationSession): Promise<void> {
  await sql.query(insert, valuesOf(session));
}

const update = statement(
  "sessions.update",
  `update verification_sessions set ${names.map((name, index) => `${name} = $${index + 1}`).join(", ")},
     draft = case when status = 'started' and $4 = 'started' then draft end
   where organization_id = $1 and id = $2`,
);

/** Writes a changed session over its locked row. Its draft is kept only while it is being filled in. */
export async function updateSession(sql: Sql, session: VerificationSession): Promise<void> {
  await sql.query(update, valuesOf(session));
}

const empty = statement(
  "sessions.empty",
  `update verification_sessions set return_url = null, draft = null
   where organization_id = $1 and customer_id = $2`,
);

/** Leaves nothing personal of the sessions of a customer. */
export async function emptySessions(
  sql: Sql,
  { organizationId, id }: Pick<Customer, "organizationId" | "id">,
): Promise<void> {
  await sql.query(empty, [organizationId, id]);
}

const find = statement(
  "sessions.find",
  `select ${selected} from verification_sessions s where s.organization_id = $1 and s.id = $2`,
);
const lock = statement(
  "sessions.lock",
  `select ${selected} from verification_sessions s
   where s.organization_id = $1 and s.id = $2 for no key update`,
);
const lockAlive = statement(
  "sessions.lockAlive",
  `select ${selected} from verification_sessions s
   where s.organization_id = $1 and s.customer_id = $2
     and s.status in ('waiting', 'started', 'submitted')
   order by s.id for no key update`,
);

/** One session of an organization; null where there is none. Takes no lock. */
export async function findSessionRow(
  sql: Sql,
  organizationId: string,
  id: string,
): Promise<VerificationSession | null> {
  const [row] = await sql.query<Row>(find, [organizationId, id]);
  return row === undefined ? null : modelOf(row);
}

/** As `findSessionRow`, locked for a change. */
export async function lockSessionRow(
  sql: Sql,
  organizationId: string,
  id: string,
): Promise<VerificationSession | null> {
  const [row] = await sql.query<Row>(lock, [organizationId, id]);
  return row === undefined ? null : modelOf(row);
}

/** The sessions of a customer that have not ended, locked for a change. */
export async function lockSessionsOf(
  sql: Sql,
  { organizationId, id }: Pick<Customer, "organizationId" | "id">,
): Promise<VerificationSession[]> {
  return (await sql.query<Row>(lockAlive, [organizationId, id])).map(modelOf);
}

/** One page of a customer's sessions, newest first. */
export async function listSessionRows(
  sql: Sql,
  { organizationId, id }: Pick<Customer, "organizationId" | "id">,
  page: PageWanted,
): Promise<RowPage<VerificationSession>> {
  const { rows, more } = await listRows<Row>(sql, {
    select: `select ${selected} from verification_sessions s`,
    conditions: [
      ["s.organization_id", "=", organizationId],
      ["s.customer_id", "=", id],
    ],
    key: "s.id",
    ...page,
  });
  return { rows: rows.map(modelOf), more };
}

const readDraftRow = statement(
  "sessions.readDraft",
  `select draft from verification_sessions where organization_id = $1 and id = $2`,
);
const writeDraftRow = statement(
  "sessions.writeDraft",
  `update verification_sessions set draft = $3 where organization_id = $1 and id = $2`,
);

/** The sealed draft of a session; null where nothing was given yet. */
export async function readDraft(
  sql: Sql,
  { organizationId, id }: Pick<VerificationSession, "organizationId" | "id">,
): Promise<Uint8Array | null> {
  const [row] = await sql.query<{ draft: Uint8Array | null }>(readDraftRow, [organizationId, id]);
  return row?.draft ?? null;
}

/** Writes the sealed draft of a locked session. */
export async function writeDraft(
  sql: Sql,
  { organizationId, id }: Pick<VerificationSession, "organizationId" | "id">,
  sealed: Uint8Array,
): Promise<void> {
  await sql.query(writeDraftRow, [organizationId, id, sealed]);
}

const forget = statement(
  "sessions.forgetDraft",
  "update verification_sessions set draft = null where organization_id = $1 and id = $2",
);

/** Leaves nothing of what was given in a locked session. */
export async function forgetDraft(
  sql: Sql,
  { organizationId, id }: Pick<VerificationSession, "organizationId" | "id">,
): Promise<void> {
  await sql.query(forget, [organizationId, id]);
}

// A session's time is real, as that of its link is; since when it is over is told in its organization's.
const abandoned = statement(
  "sessions.abandoned",
  dueInOrder(`select s.id, s.expires_at + (o.now - statement_timestamp()) as due_at
    from verification_sessions s join customers c
      on c.organization_id = s.organization_id and c.id = s.customer_id
    where s.organization_id = o.organization_id and s.expires_at <= statement_timestamp()
      and s.status = 'started' and s.draft is not null and c.legal_hold_reason is null`),
);

/** Sessions whose time is over with something given in them that was never submitted, under no legal hold. */
export const findAbandoned = (sql: Sql, page: DuePage): Promise<Due[]> =>
  sql.query<Due>(abandoned, dueValues(page));
