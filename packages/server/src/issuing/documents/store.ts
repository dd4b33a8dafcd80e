import { listRows, type RowPage } from "../../foundation/database/list.ts";
import { type Sql, statement } from "../../foundation/database/sql.ts";
import type { Document } from "./model.ts";

const selected = `organization_id as "organizationId", id, customer_id as "customerId", session_id as "sessionId", kind, side,
  country, number_masked as "numberMasked", to_char(expiry_date, 'YYYY-MM-DD') as "expiryDate", mrz,
  real_type as "realType", width, height, size, sha256, checks, status, reasons, sealed_key as "sealedKey",
  version, created_at as "createdAt"`;

const insert = statement(
  "documents.insert",
  `insert into documents (organization_id, id, customer_id, kind, side, country, number_masked,
     expiry_date, mrz, real_type, width, height, size, sha256, checks, status, reasons, sealed_key,
     version, created_at, session_id)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
     $21)`,
);

/** Writes a new document. */
export async function insertDocument(sql: Sql, document: Document): Promise<void> {
  const { organizationId, id, customerId, kind, side, country, numberMasked } = document;
  const { expiryDate, mrz, realType, width, height, size, sha256, checks } = document;
  const { status, reasons, sealedKey, version, createdAt, sessionId } = document;
  await sql.query(insert, [
    ...[organizationId, id, customerId, kind, side, country, numberMasked, expiryDate],
    ...[mrz === null ? null : JSON.stringify(mrz), realType, width, height, size, sha256],
    ...[JSON.stringify(checks), status, reasons, sealedKey, version, createdAt, sessionId],
  ]);
}

const update = statement(
  "documents.update",
  `update documents set country = $3, number_masked = $4, expiry_date = $5, mrz = $6, sha256 = $7,
     checks = $8, status = $9, reasons = $10, sealed_key = $11, version = $12, session_id = $13
   where organization_id = $1 and id = $2`,
);

/** Writes a changed document over its row; the caller has locked its customer. */
export async function updateDocument(sql: Sql, document: Document): Promise<void> {
  const { organizationId, id, country, numberMasked, expiryDate, mrz, sha256 } = document;
  const { checks, status, reasons, sealedKey, version, sessionId } = document;
  const facts = mrz === null ? null : JSON.stringify(mrz);
  await sql.query(update, [
    ...[organizationId, id, country, numberMasked, expiryDate, facts, sha256],
    ...[JSON.stringify(checks), status, reasons, sealedKey, version, sessionId],
  ]);
}

const select = statement(
  "documents.find",
  `select ${selected} from documents
   where organization_id = $1 and customer_id = $2 and id = $3`,
);

/** One document of a customer; null where there is none. */
export async function findDocumentRow(
  sql: Sql,
  organizationId: string,
  customerId: string,
  id: string,
): Promise<Document | null> {
  const [row] = await sql.query<Document>(select, [organizationId, customerId, id]);
  return row ?? null;
}

const count = statement(
  "documents.count",
  `select count(*)::integer as count from documents
   where organization_id = $1 and customer_id = $2 and status <> 'erased'`,
);

/** How many documents a customer has that are not erased. */
export async function countDocuments(
  sql: Sql,
  organizationId: string,
  customerId: string,
): Promise<number> {
  const [row] = await sql.query<{ count: number }>(count, [organizationId, customerId]);
  return row?.count ?? 0;
}

const standing = statement(
  "documents.standing",
  `select ${selected} from documents
   where organization_id = $1 and customer_id = $2 and status in ('uploaded', 'accepted')
     and session_id is null
   order by id`,
);

/** A customer's documents that are submitted, and neither rejected nor erased; there is a bound on how many. */
export const findStanding = (
  sql: Sql,
  organizationId: string,
  customerId: string,
): Promise<Document[]> => sql.query<Document>(standing, [organizationId, customerId]);

const submit = statement(
  "documents.submit",
  `update documents set session_id = null where organization_id = $1 and session_id = $2`,
);

/** From now on documents that were given in a session count; the caller has locked their customer. */
export async function submitGiven(
  sql: Sql,
  organizationId: string,
  sessionId: string,
): Promise<void> {
  await sql.query(submit, [organizationId, sessionId]);
}

const readable = statement(
  "documents.readable",
  `select ${selected} from documents
   where organization_id = $1 and customer_id = $2 and status <> 'erased' order by id`,
);

/** A customer's documents whose bytes are there. */
export const findReadable = (
  sql: Sql,
  organizationId: string,
  customerId: string,
): Promise<Document[]> => sql.query<Document>(readable, [organizationId, customerId]);

/** One page of a customer's documents, newest first. */
export function listDocumentRows(
  sql: Sql,
  { organizationId, customerId }: Pick<Document, "organizationId" | "customerId">,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<RowPage<Document>> {
  return listRows<Document>(sql, {
    select: `select ${selected} from documents`,
    conditions: [
      ["organization_id", "=", organizationId],
      ["customer_id", "=", customerId],
    ],
    key: "id",
    ...page,
  });
}

const statuses = statement(
  "documents.statuses",
  `select organization_id || '/' || id as file, status = 'erased' as erased
   from documents join unnest($1::text[], $2::text[]) as asked (organization_id, id)
     using (organization_id, id)`,
);

/** Which of these files have a document, of any organization, and whether it is erased. */
export async function readFileStates(
  sql: Sql,
  files: readonly string[],
): Promise<ReadonlyMap<string, { readonly erased: boolean }>> {
  const parts = files.map((file) => file.split("/"));
  const rows = await sql.query<{ file: string; erased: boolean }>(statuses, [
    parts.map(([organizationId = ""]) => organizationId),
    parts.map(([, id = ""]) => id),
  ]);
  return new Map(rows.map(({ file, erased }) => [file, { erased }]));
}
