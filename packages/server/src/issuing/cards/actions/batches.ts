import type { RowPage } from "../../../foundation/database/list.ts";
import type { Sql } from "../../../foundation/database/sql.ts";
import type { Reading, Work } from "../../../foundation/database/work.ts";
import { assert, generalErrors, type Problem, Refusal } from "../../../foundation/errors/errors.ts";
import type { CardBatchId } from "../../../foundation/ids/ids.ts";
import { wakeJobs } from "../../../foundation/job/bell.ts";
import type { Due, DuePage } from "../../../foundation/job/job.ts";
import { NONCE_BYTES } from "../../../foundation/keys/cipher.ts";
import { least } from "../../../foundation/money/money.ts";
import { reference } from "../../../foundation/route/schemas.ts";
import { announce } from "../../../records/events/actions.ts";
import { previousOf } from "../../../records/events/rules.ts";
import { isAvailableTo } from "../../programs/rules.ts";
import { cardErrors } from "../errors.ts";
import type { batchEvents } from "../events.ts";
import {
  type BatchCheck,
  type BatchRow,
  type BatchRowRef,
  type BatchRowResult,
  type BatchRowStatus,
  type BatchStatus,
  type CardBatch,
  ISSUE_BATCHES_JOB,
} from "../model/batches.ts";
import type { IssueRequest, Price } from "../model.ts";
import {
  batchKeyContext,
  cancelled,
  openRow,
  rowName,
  rowOf,
  sealRow,
  workedOff,
} from "../rules/batches.ts";
import { priceOf, sumPrices } from "../rules/price.ts";
import { showBatch } from "../schema/batches.ts";
import { type IssueBody, readIssue } from "../schema.ts";
import {
  cancelRows,
  decideRows,
  findBatch,
  findBatches,
  findPending,
  insertBatch,
  insertRows,
  listBatchPage,
  listDueRows,
  listRowPage,
  lockBatches,
  updateBatch,
} from "../store/batches.ts";
import { inOrder, readPrograms } from "./facts.ts";
import { type IssuedCard, issueCards, preflightAll } from "./issue.ts";

/** What a batch is made from; its rows are bodies of single issues. */
export type NewBatch = {
  readonly externalId: string | null;
  readonly rows: readonly IssueBody[];
};

/**
 * What stands in the way of each row of a batch, as issuing them in their order will find it, and what
 * all would cost. Writes nothing and locks nothing.
 */
export async function preflightBatch(
  reading: Reading,
  rows: readonly IssueBody[],
): Promise<BatchCheck> {
  const checked = await preflightAll(reading, rows.map(readIssue));
  return {
    rows: checked.map(({ unmet }) => unmet),
    price: sumPrices(checked.flatMap(({ price }) => price ?? [])),
  };
}

/**
 * Accepts a batch of cards to issue; the job does it. Nothing of its rows is decided here. They may be
 * about people, so they are kept sealed, under a key of the batch, until they are decided.
 *
 * @throws Refusal `external_id_taken`.
 */
export async function createBatch(work: Work, wanted: NewBatch): Promise<CardBatch> {
  const { sql, organizationId, keys, actor } = work;
  const { externalId, rows } = wanted;
  const id = work.newId("cardBatch");
  const { keyId, key, wrapped } = keys.newDataKey(batchKeyContext(organizationId, id));
  const sealed = rows.map((row, index) =>
    sealRow(key, keys.random(NONCE_BYTES), JSON.stringify(row), organizationId, {
      batchId: id,
      number: index + 1,
    }),
  );
  key.fill(0);
  const batch: CardBatch = {
    organizationId,
    id,
    externalId,
    status: "accepted",
    size: rows.length,
    issued: 0,
    failed: 0,
    cancelled: 0,
    price: await priceOfAll(work, rows.map(readIssue)),
    charged: [],
    key: { keyId, wrappedKey: wrapped },
    actor: { kind: actor.kind, id: actor.id },
    version: 1n,
    createdAt: work.now,
    completedAt: null,
  };
  if (!(await insertBatch(sql, batch))) throw externalIdTaken();
  await insertRows(sql, batch, sealed);
  announceBatch(work, "card_batch.created", batch);
  wakeJobs(work, ISSUE_BATCHES_JOB);
  return batch;
}

const externalIdTaken = () =>
  generalErrors.refusal("external_id_taken", "Another batch has this externalId.", {
    field: "externalId",
  });

/** What requests cost by the terms of their programs, as far as those are the caller's to learn. */
async function priceOfAll(
  { sql, organizationId }: Work,
  requests: readonly IssueRequest[],
): Promise<Price[]> {
  const programs = await readPrograms(sql, requests);
  return sumPrices(
    requests.flatMap((request) => {
      const program = programs.get(request.typeId ?? "");
      if (program === undefined || !isAvailableTo(program, organizationId)) return [];
      return [priceOf(program, request)];
    }),
  );
}

/** The batch that a path names. @throws Refusal `not_found`. */
export async function getBatch(
  { sql, organizationId }: Pick<Reading, "sql" | "organizationId">,
  id: string,
): Promise<CardBatch> {
  const batch = await findBatch(sql, organizationId, reference(id));
  if (batch === null) throw generalErrors.refusal("not_found");
  return batch;
}

/** One page of an organization's batches, newest first. */
export const listBatches = (
  { sql, organizationId }: Reading,
  status: BatchStatus | undefined,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<RowPage<CardBatch>> => listBatchPage(sql, organizationId, status, page);

/** One page of a batch's rows, in their order. @throws Refusal `not_found`. */
export async function listBatchRows(
  reading: Reading,
  id: string,
  status: BatchRowStatus | undefined,
  page: { readonly after: bigint | undefined; readonly limit: number },
): Promise<RowPage<BatchRow>> {
  const batch = await getBatch(reading, id);
  // A cursor that somebody made up may name a number larger than its column takes.
  const after = page.after && least(page.after, BigInt(batch.size));
  return listRowPage(reading.sql, batch, status, { ...page, after });
}

/** Rows that are read at once where all are. */
const PAGE = 500;

/** All rows of a batch, in their order, as they are when their page is pulled. */
export async function* readBatchRows(
  { sql }: Reading,
  batch: CardBatch,
): AsyncGenerator<readonly BatchRow[]> {
  for (let after = 0n; after < BigInt(batch.size); after += BigInt(PAGE)) {
    yield (await listRowPage(sql, batch, undefined, { after, limit: PAGE })).rows;
  }
}

/**
 * Gives up what of a batch is not decided; waits for the group of rows that is being issued. A batch that
 * is cancelled already stays as it is.
 *
 * @throws Refusal `not_found`, `card_batch_completed`.
 */
export async function cancelBatch(work: Work, id: string): Promise<CardBatch> {
  const { sql, organizationId, now } = work;
  const named = await getBatch(work, id);
  const [before] = await lockBatches(sql, organizationId, [named.id]);
  assert(before !== undefined, "A batch's row is never removed.");
  if (before.status === "cancelled") return before;
  if (before.status === "completed") throw cardErrors.refusal("card_batch_completed");
  const after = cancelled(before, now);
  await Promise.all([cancelRows(sql, before), updateBatch(sql, after)]);
  announceBatch(work, "card_batch.cancelled", after, before);
  return after;
}

/** Rows of batches that are pending. Takes no lock. */
export const findDueRows = (sql: Sql, page: DuePage): Promise<Due[]> => listDueRows(sql, page);

/**
 * Issues cards of pending rows, in their order and in the name of who gave the batch. What became of a row
 * is written with its card, so that each row is done once, whatever happens to this process.
 *
 * @param ids names of rows of the work's organization.
 * @returns how many were decided.
 * @throws Refusal where a group cannot be decided as one (`number_range_exhausted`): a row that is tried
 *   alone then fails with it.
 */
export async function issueBatchRows(work: Work, ids: readonly string[]): Promise<number> {
  const { sql, organizationId } = work;
  const refs = ids.map(rowOf);
  const opened = await openRows(work, refs);
  // Whoever cancels, or works on the same rows, waits here; then these are what is left.
  const batches = await lockBatches(sql, organizationId, idsOf(refs));
  const left = new Set((await findPending(sql, organizationId, refs)).map(rowName));
  const rows = opened.filter((row) => left.has(rowName(row)));
  if (rows.length === 0) return 0;
  const actors = new Map(batches.map(({ id, actor }) => [id, { ...actor, organizationId }]));
  const decided = await issueRows(
    rows.map(({ batchId, request }) => ({
      work: { ...work, actor: actors.get(batchId) ?? work.actor },
      request,
    })),
  );
  const results = rows.map((row, index) => resultOf(row, decided[index] as Decision));
  await decideRows(sql, organizationId, results);
  for (const batch of batches) {
    const isOwn = ({ batchId }: BatchRowRef) => batchId === batch.id;
    const prices = decided.flatMap((each, index) =>
      each instanceof Refusal || !isOwn(rows[index] as BatchRowRef) ? [] : [each.price],
    );
    await writeProgress(work, batch, results.filter(isOwn), prices);
  }
  return rows.length;
}

const idsOf = (refs: readonly BatchRowRef[]): CardBatchId[] =>
  inOrder(refs.map(({ batchId }) => batchId));

type OpenedRow = BatchRowRef & { readonly request: IssueRequest };

/** Opens rows that are pending now. Before any lock: a key may come from outside. */
async function openRows(
  { sql, organizationId, keys }: Work,
  refs: readonly BatchRowRef[],
): Promise<OpenedRow[]> {
  const [batches, sealed] = await Promise.all([
    findBatches(sql, organizationId, idsOf(refs)),
    findPending(sql, organizationId, refs),
  ]);
  const opened: OpenedRow[] = [];
  for (const { id, key: wrapped } of batches) {
    const own = sealed.filter(({ batchId }) => batchId === id);
    if (wrapped === null || own.length === 0) continue;
    const context = batchKeyContext(organizationId, id);
    const key = await keys.unwrap(wrapped.keyId, wrapped.wrappedKey, context);
    for (const row of own) {
      const body = JSON.parse(openRow(key, row.sealed, organizationId, row)) as IssueBody;
      opened.push({ batchId: id, number: row.number, request: readIssue(body) });
    }
    key.fill(0);
  }
  return opened;
}

type Decision = IssuedCard | Refusal;

/**
 * Issues as requests of a lane are. Alone, a row that runs into something which undoes a whole group is
 * undone, and that is what became of it.
 */
async function issueRows(commands: Parameters<typeof issueCards>[0]): Promise<Decision[]> {
  const [first] = commands;
  if (first === undefined || commands.length > 1) return issueCards(commands);
  const { sql } = first.work;
  await sql.savepoint();
  try {
    return await issueCards(commands);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    await sql.rollbackToSavepoint();
    return [error];
  }
}

function resultOf({ batchId, number }: BatchRowRef, decided: Decision): BatchRowResult {
  if (!(decided instanceof Refusal)) {
    return { batchId, number, status: "issued", cardId: decided.card.id, errors: null };
  }
  const errors = decided.problems.length > 0 ? decided.problems : [problemOf(decided)];
  return { batchId, number, status: "failed", cardId: null, errors };
}

const problemOf = ({ code, detail: message }: Refusal): Problem => ({ code, message });

async function writeProgress(
  work: Work,
  batch: CardBatch,
  results: readonly BatchRowResult[],
  prices: readonly Price[],
): Promise<void> {
  if (results.length === 0) return;
  const moves = workedOff(batch, results, prices, work.now);
  let before = batch;
  for (const after of moves) {
    if (after.version > before.version) {
      const type = after.status === "completed" ? "card_batch.completed" : "card_batch.started";
      announceBatch(work, type, after, before);
    }
    before = after;
  }
  await updateBatch(work.sql, before);
}

function announceBatch(
  work: Work,
  type: keyof typeof batchEvents,
  batch: CardBatch,
  before?: CardBatch,
): void {
  const object = showBatch(batch);
  announce(work, {
    type,
    objectId: batch.id,
    objectVersion: batch.version,
    object,
    ...(before && { previous: previousOf(showBatch(before), object) }),
  });
}
