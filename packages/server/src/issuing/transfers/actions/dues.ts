import type { Condition, RowPage } from "../../../foundation/database/list.ts";
import type { Sql } from "../../../foundation/database/sql.ts";
import type { Work } from "../../../foundation/database/work.ts";
import { assert, generalErrors } from "../../../foundation/errors/errors.ts";
import type { OrganizationId } from "../../../foundation/ids/ids.ts";
import type { Due, DuePage } from "../../../foundation/job/job.ts";
import type { Caller } from "../../../foundation/route/route.ts";
import { announce } from "../../../records/events/actions.ts";
import {
  openAccounts,
  openBook,
  readBalances,
  writeBook,
} from "../../../records/ledger/actions.ts";
import { accountId } from "../../../records/ledger/model.ts";
import { lockOrganization } from "../../organizations/actions.ts";
import { listedOrganization } from "../../organizations/rules.ts";
import { transferErrors } from "../errors.ts";
import type { transferEvents } from "../events.ts";
import {
  type DueFee,
  type DueFeeStatus,
  type Purse,
  purseAccount,
  purseKey,
} from "../model/dues.ts";
import type { FeeKind } from "../model.ts";
import { Dues } from "../rules/dues.ts";
import { showDueFee } from "../schema/dues.ts";
import {
  findDue,
  findDues,
  insertDues,
  listDuePage,
  listHeads,
  listWaiting,
  sumPurses,
  sumWaiting,
  updateDues,
} from "../store/dues.ts";
import { writeTransfers } from "./write.ts";

/**
 * What waits in each of these purses, by `purseKey`. To be sent after `openBook` with the purses' accounts,
 * whose locks keep it as it is.
 */
export async function readDues(sql: Sql, purses: readonly Purse[]): Promise<Map<string, Dues>> {
  const sums = purses.length === 0 ? [] : await sumPurses(sql, purses);
  const asked = new Map(purses.map((purse) => [purseKey(purse), purse]));
  const owing = sums.filter((sum) => asked.has(purseKey(sum)));
  const open = owing.length === 0 ? [] : await listWaiting(sql, owing);
  return new Map(
    [...asked].map(([key, purse]): [string, Dues] => {
      const own = open.filter((due) => purseKey(due) === key);
      const sum = owing.find((each) => purseKey(each) === key);
      return [key, new Dues(purse, own, sum?.total ?? 0n)];
    }),
  );
}

/** Due fees that one work made or settled. */
export type WrittenDues = { readonly work: Work; readonly dues: readonly DueFee[] };

const eventOf = {
  due: "fee.due",
  paid: "fee.paid",
  waived: "fee.waived",
} as const satisfies Record<DueFeeStatus, keyof typeof transferEvents>;

/**
 * Writes new due fees and what became of older ones as sets, after `writeTransfers`, and announces each.
 *
 * @throws Fault where one was no longer due: its purse was not locked.
 */
export async function writeDues(sql: Sql, written: readonly WrittenDues[]): Promise<void> {
  for (const { work, dues } of written) for (const due of dues) announceDue(work, due);
  const all = written.flatMap(({ dues }) => dues);
  const settled = all.filter(({ status }) => status !== "due");
  const [, changed] = await Promise.all([
    insertDues(
      sql,
      all.filter(({ status }) => status === "due"),
    ),
    updateDues(sql, settled),
  ]);
  assert(changed === settled.length, "A due fee is settled once, under the lock of its purse.");
}

function announceDue(work: Work, due: DueFee): void {
  announce(work, {
    type: eventOf[due.status],
    objectId: due.id,
    objectVersion: due.version,
    object: showDueFee(due),
    ...(due.status === "due" ? {} : { previous: { status: "due" } }),
  });
}

/** Which due fees a list shows; an id that is not the caller's finds nothing. */
export type DueFeeFilter = {
  readonly status?: DueFeeStatus | undefined;
  readonly feeKind?: FeeKind | undefined;
  readonly currency?: string | undefined;
  readonly cardId?: string | undefined;
  /** Without it a platform key sees those of every organization. */
  readonly organizationId?: string | undefined;
  /** Due from this instant on, and before that one, in the organization's time. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
};

/** One page of due fees, newest first. */
export function listDueFees(
  sql: Sql,
  caller: Caller,
  filter: DueFeeFilter,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<RowPage<DueFee>> {
  const conditions: Condition[] = [
    ["d.organization_id", "=", listedOrganization(caller, filter.organizationId)],
    ["d.status", "=", filter.status],
    ["d.fee_kind", "=", filter.feeKind],
    ["d.currency", "=", filter.currency],
    ["d.card_id", "=", filter.cardId],
    ["d.due_at", ">=", filter.from],
    ["d.due_at", "<", filter.to],
  ];
  return listDuePage(sql, conditions, page.after, page.limit);
}

/**
 * One due fee that a path names: an organization sees its own, the platform all.
 *
 * @throws Refusal `not_found`.
 */
export async function getDueFee(sql: Sql, caller: Caller, id: string): Promise<DueFee> {
  const due = await findDue(sql, caller.platform ? null : caller.organizationId, id);
  if (due === null) throw generalErrors.refusal("not_found");
  return due;
}

/**
 * The platform does without a fee that waits; repeating it changes nothing.
 *
 * @param work of the fee's organization.
 * @throws Refusal `not_found`, `fee_already_paid`.
 */
export async function waiveDueFee(work: Work, id: string, reason: string): Promise<DueFee> {
  const { sql, organizationId } = work;
  await lockOrganization(sql, organizationId, "share");
  const found = await findDue(sql, organizationId, id);
  if (found === null) throw generalErrors.refusal("not_found");
  // Sent together, run in order: what a deposit did that held the lock is seen.
  const [, , before] = await Promise.all([
    openAccounts(work, [purseAccount(found)]),
    openBook(sql, [{ organizationId, ref: purseAccount(found) }]),
    findDue(sql, organizationId, id),
  ]);
  assert(before !== null, "A due fee is never removed.");
  if (before.status === "paid") throw transferErrors.refusal("fee_already_paid");
  if (before.status === "waived") return before;
  const after: DueFee = {
    ...before,
    status: "waived",
    waivedReason: reason,
    version: before.version + 1n,
  };
  await writeDues(sql, [{ work, dues: [after] }]);
  return after;
}

/**
 * Purses whose balance pays the oldest fee that waits in them, named by that fee.
 *
 * @returns in the order of organization and id.
 */
export async function findPayable(sql: Sql, { after, limit }: DuePage): Promise<Due[]> {
  const found: Due[] = [];
  let from = after;
  for (;;) {
    const heads = await listHeads(sql, { after: from, limit });
    const available = await readAvailable(sql, heads);
    for (const { organizationId, id, amount, currency, dueAt } of heads) {
      const enough = (available.get(purseKey({ organizationId, currency })) ?? 0n) >= amount;
      if (enough) found.push({ organizationId, id, dueAt });
    }
    const last = heads.at(-1);
    if (found.length >= limit || heads.length < limit || last === undefined) {
      return found.slice(0, limit);
    }
    from = last;
  }
}

async function readAvailable(sql: Sql, purses: readonly Purse[]): Promise<Map<string, bigint>> {
  const owners = [...new Set(purses.map(({ organizationId }) => organizationId))];
  const found = await Promise.all(
    owners.map(async (owner): Promise<[string, bigint][]> => {
      const own = purses.filter(({ organizationId }) => organizationId === owner);
      const balances = await readBalances(sql, owner, own.map(purseAccount));
      return own.map((purse) => [
        purseKey(purse),
        balances.get(accountId(purseAccount(purse)))?.available ?? 0n,
      ]);
    }),
  );
  return new Map(found.flat());
}

/**
 * Pays what the balances allow of the purses that these due fees wait in, at most `MAX_DUES_AT_ONCE` of each.
 *
 * @param ids of due fees of the work's organization.
 * @returns how many were paid.
 */
export async function payDueFees(work: Work, ids: readonly string[]): Promise<number> {
  const { sql, organizationId } = work;
  await lockOrganization(sql, organizationId, "share");
  const named = await findDues(sql, organizationId, ids);
  const purses = [...new Map(named.map((due) => [purseKey(due), due])).values()];
  const [book, dues] = await Promise.all([
    openBook(
      sql,
      purses.map((purse) => ({ organizationId, ref: purseAccount(purse) })),
    ),
    readDues(sql, purses),
  ]);
  const settled = [...dues.values()].map((each) => each.settle(book, work));
  const paid = settled.flatMap((each) => each.dues);
  await Promise.all([
    writeBook(sql, book),
    writeTransfers(sql, [{ work, transfers: settled.flatMap(({ transfers }) => transfers) }]),
    writeDues(sql, [{ work, dues: paid }]),
  ]);
  return paid.length;
}

/**
 * What an organization has to pay yet, in words, one line for each currency; for who would close it, with
 * its row locked for a change.
 */
export async function describeDues(sql: Sql, organizationId: OrganizationId): Promise<string[]> {
  const sums = await sumWaiting(sql, organizationId);
  return sums.map(({ currency, total }) => `fees due of ${total} ${currency}`);
}
