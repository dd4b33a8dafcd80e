import type { RowPage } from "../../../foundation/database/list.ts";
import type { Sql } from "../../../foundation/database/sql.ts";
import type { Work } from "../../../foundation/database/work.ts";
import { generalErrors } from "../../../foundation/errors/errors.ts";
import { type CardId, type OrganizationId, PLATFORM } from "../../../foundation/ids/ids.ts";
import { wakeJobs } from "../../../foundation/job/bell.ts";
import type { Due, DuePage } from "../../../foundation/job/job.ts";
import { announce } from "../../../records/events/actions.ts";
import { previousOf } from "../../../records/events/rules.ts";
import { findOrganization } from "../../organizations/actions.ts";
import { organizationErrors } from "../../organizations/errors.ts";
import { findProgram, lockProgram } from "../../programs/actions.ts";
import type { blockOrderEvents } from "../events.ts";
import { BLOCK_JOB, type BlockOrder, type BlockOrderStatus } from "../model/blocks.ts";
import type { Card } from "../model.ts";
import { showBlockOrder } from "../schema/blocks.ts";
import {
  countToBlock,
  findCarriedOut,
  findOrders,
  findRunning,
  insertOrder,
  listCarriedOut,
  listOrderPage,
  listToBlock,
  lockOrders,
  lockRunningFor,
  updateOrder,
} from "../store/blocks.ts";
import { lockRows } from "../store.ts";
import { inOrder } from "./facts.ts";
import { restrictAll } from "./restrict.ts";

/** Which cards of a program are blocked, and why. */
export type BlockCards = Pick<BlockOrder, "reason" | "note"> & {
  readonly organizationId: string | null;
};

/**
 * Orders every card of a program to be blocked by the platform; the job does it. Where such an order runs
 * already it is that one, unchanged.
 *
 * @param work of the platform.
 * @throws Refusal `not_found`, `organization_not_found`.
 */
export async function orderBlocks(work: Work, id: string, wanted: BlockCards): Promise<BlockOrder> {
  const { sql, actor } = work;
  const { reason, note } = wanted;
  // Issuing shares this lock, so what is counted is exact, and two orders do not overtake each other.
  const program = await lockProgram(sql, id, "change");
  if (program === null) throw generalErrors.refusal("not_found");
  const limitedTo = await organizationOf(sql, wanted);
  const standing = await findRunning(sql, program.id, limitedTo);
  if (standing !== null) return standing;
  const order: BlockOrder = {
    id: work.newId("blockOrder"),
    programId: program.id,
    limitedTo,
    reason,
    note,
    status: "running",
    blocked: 0n,
    total: await countToBlock(sql, program.id, limitedTo),
    actor: { kind: actor.kind, id: actor.id },
    version: 1n,
    createdAt: work.now,
    doneAt: null,
  };
  await insertOrder(sql, order);
  announceOrder(work, "block_order.started", order);
  wakeJobs(work, BLOCK_JOB);
  return order;
}

async function organizationOf(
  sql: Sql,
  { organizationId }: BlockCards,
): Promise<OrganizationId | null> {
  if (organizationId === null) return null;
  const organization = await findOrganization(sql, organizationId);
  if (organization !== null) return organization.id;
  throw organizationErrors.refusal("organization_not_found", undefined, {
    field: "organizationId",
  });
}

/** One page of the orders for a program's cards, newest first. @throws Refusal `not_found`. */
export async function listBlockOrders(
  sql: Sql,
  programId: string,
  status: BlockOrderStatus | undefined,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<RowPage<BlockOrder>> {
  if ((await findProgram(sql, programId)) === null) throw generalErrors.refusal("not_found");
  return listOrderPage(sql, programId, status, page);
}

/** Cards that an order that runs has not blocked yet. Takes no lock. */
export const findToBlock = (sql: Sql, page: DuePage): Promise<Due[]> => listToBlock(sql, page);

/**
 * Blocks cards that are ordered to be, each with an operator's block of its own without an end. A card that
 * has such a block already keeps it.
 *
 * @param ids of cards of the work's organization.
 * @returns how many were blocked.
 */
export async function blockOrdered(work: Work, ids: readonly string[]): Promise<number> {
  const { sql, organizationId } = work;
  const locked = await lockRows(
    sql,
    ids.map((id) => ({ organizationId, id: id as CardId })),
    "change",
  );
  const cards = [...locked.values()].filter(({ deletedAt }) => deletedAt === null);
  const programIds = inOrder(cards.map(({ programId }) => programId));
  let done = 0;
  const seen = new Set<Card["programId"]>();
  for (const order of await lockRunningFor(sql, organizationId, programIds)) {
    // Of two orders for the same cards the older one blocks them.
    if (seen.has(order.programId)) continue;
    seen.add(order.programId);
    const own = cards.filter(({ programId }) => programId === order.programId);
    const blocked = await blockFor(work, order, own);
    done += blocked;
  }
  return done;
}

async function blockFor(work: Work, order: BlockOrder, cards: readonly Card[]): Promise<number> {
  const { reason, note, actor } = order;
  const changed = await restrictAll(
    // In the name of who gave the order.
    { ...work, actor: { ...actor, organizationId: PLATFORM } },
    cards,
    "block",
    "platform",
    { reason, note, endsAt: null },
  );
  if (changed.length === 0) return 0;
  const blocked = order.blocked + BigInt(changed.length);
  const total = blocked > order.total ? blocked : order.total;
  await updateOrder(work.sql, { ...order, blocked, total });
  return changed.length;
}

/** Orders that run and leave no card to block. Takes no lock. */
export const findCarriedOutOrders = (sql: Sql, page: DuePage): Promise<Due[]> =>
  listCarriedOut(sql, page);

/**
 * Ends orders that leave no card to block. No card is issued or replaced under the program while this
 * looks, so there is an instant at which every card that the order is about was blocked.
 *
 * @param work of the platform.
 * @returns how many ended.
 */
export async function finishBlockOrders(work: Work, ids: readonly string[]): Promise<number> {
  const { sql, now } = work;
  const named = await findOrders(sql, ids);
  for (const id of inOrder(named.map(({ programId }) => programId))) {
    await lockProgram(sql, id, "change");
  }
  const locked = await lockOrders(sql, ids);
  const over = await findCarriedOut(sql, ids);
  const ended = locked.filter(({ id, status }) => status === "running" && over.has(id));
  for (const before of ended) {
    const after: BlockOrder = {
      ...before,
      status: "done",
      total: before.blocked,
      version: before.version + 1n,
      doneAt: now,
    };
    await updateOrder(sql, after);
    announceOrder(work, "block_order.done", after, before);
  }
  return ended.length;
}

function announceOrder(
  work: Work,
  type: keyof typeof blockOrderEvents,
  order: BlockOrder,
  before?: BlockOrder,
): void {
  const object = showBlockOrder(order);
  announce(work, {
    type,
    objectId: order.id,
    objectVersion: order.version,
    object,
    ...(before && { previous: previousOf(showBlockOrder(before), object) }),
  });
}
