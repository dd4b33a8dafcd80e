import type { Work } from "../../../foundation/database/work.ts";
import { assert } from "../../../foundation/errors/errors.ts";
import type { HoldId, OrganizationId } from "../../../foundation/ids/ids.ts";
import { least, MAX_MOVEMENT } from "../../../foundation/money/money.ts";
import { isRefused, type LedgerRefusal, type LedgerRefusalCode } from "../errors.ts";
import type { Hold } from "../model/holds.ts";
import {
  type Account,
  type AccountRef,
  accountId,
  type Delta,
  deltaOf,
  isOrdered,
  isWithin,
  type JournalRow,
  kindOf,
  type Movement,
  mayMove,
  moveNumbers,
  natureOf,
  type Posted,
  receivableOf,
  roomOf,
  type Side,
  type SideAfter,
  ZERO,
} from "../model.ts";

/** For whom and when something is posted; every `Work` is one. */
export type Posting = Pick<Work, "organizationId" | "now" | "newId">;

/** An account that the book was opened for; it knows no other. */
export type BookRef = { readonly organizationId: OrganizationId; readonly ref: AccountRef };

/** What a book has changed since it was opened or last written. */
export type BookChanges = {
  readonly accounts: readonly { readonly account: Account; readonly lockedVersion: bigint }[];
  readonly holds: readonly { readonly hold: Hold; readonly lockedVersion: bigint }[];
  readonly rows: readonly JournalRow[];
};

type Kept<T extends { readonly version: bigint }> = { current: T; lockedVersion: bigint };

/** What a verb of the book answers: the rows it made, or why it made none. */
export type Answer = Posted[] | LedgerRefusal;

/**
 * The pages that a book writes on: accounts and holds as they stand after each row, the rows, and how
 * to take them back. It knows the laws of single rows; `Book` has the verbs.
 */
export class Pages {
  readonly #accounts = new Map<string, Kept<Account>>();
  readonly #holds = new Map<string, Kept<Hold>>();
  readonly #asked = new Set<string>();
  #rows: JournalRow[] = [];
  #undo: (() => void)[] = [];

  /**
   * @param asked every account the book was opened for; missing ones count as zero.
   * @param accounts those of them that exist, as locked.
   * @param holds as locked.
   */
  constructor(asked: readonly BookRef[], accounts: readonly Account[], holds: readonly Hold[]) {
    for (const { organizationId, ref } of asked) {
      this.#asked.add(keyOf(organizationId, accountId(ref)));
    }
    for (const account of accounts) {
      const kept = { current: account, lockedVersion: account.version };
      this.#accounts.set(keyOf(account.organizationId, account.id), kept);
    }
    for (const hold of holds) {
      const kept = { current: hold, lockedVersion: hold.version };
      this.#holds.set(keyOf(hold.organizationId, hold.id), kept);
    }
  }

  /**
   * An ordered account as it stands after what was posted; all zero where it does not exist.
   *
   * @throws Fault when the book was not opened for it.
   */
  account(organizationId: OrganizationId, ref: AccountRef): Account {
    return this.#find(organizationId, ref) ?? blank(organizationId, ref);
  }

  /** Whether an ordered account exists. */
  has(organizationId: OrganizationId, ref: AccountRef): boolean {
    return this.#find(organizationId, ref) !== null;
  }

  /** What is available on an account (owed on a receivable), minor units. */
  available(organizationId: OrganizationId, ref: AccountRef): bigint {
    return roomOf(this.account(organizationId, ref));
  }

  /** What is owed beside a card or budget account, minor units. */
  owed(organizationId: OrganizationId, ref: AccountRef): bigint {
    const receivable = receivableOf(ref);
    return receivable === null ? 0n : this.available(organizationId, receivable);
  }

  /** A hold the book was opened with or has made; null where there is none. */
  hold(organizationId: OrganizationId, holdId: HoldId): Hold | null {
    return this.#holds.get(keyOf(organizationId, holdId))?.current ?? null;
  }

  /** Runs several verbs as one: where the answer is a refusal, none of them has happened. */
  attempt<T extends object>(verbs: () => T | LedgerRefusal): T | LedgerRefusal {
    const start = this.#undo.length;
    const answer = verbs();
    if (isRefused(answer)) {
      for (const undo of this.#undo.splice(start).reverse()) undo();
    }
    return answer;
  }

  /** Runs verbs one after the other, all or none, and gives their rows in order. */
  all(verbs: readonly (() => Answer)[]): Answer {
    return this.attempt(() => {
      const posted: Posted[] = [];
      for (const verb of verbs) {
        const answer = verb();
        if (isRefused(answer)) return answer;
        posted.push(...answer);
      }
      return posted;
    });
  }

  /** Posts one row, then pays the receivable from what it freed. */
  move(by: Posting, movement: Movement): Answer {
    const refusal = this.#judge(by, movement);
    if (refusal !== null) return refusal;
    const { effect } = kindOf(movement.kind);
    const delta = deltaOf(effect, movement.amount, movement.released ?? 0n);
    const debit = this.#side(by, movement.debit, "debit", delta);
    if (debit !== null && isRefused(debit)) return debit;
    const credit = this.#side(by, movement.credit, "credit", delta);
    if (credit !== null && isRefused(credit)) return credit;
    const { organizationId, now: createdAt } = by;
    const posted: Posted = { journalId: by.newId("journal"), movement, debit, credit };
    this.#rows.push({ ...posted, organizationId, effect, createdAt });
    this.#undo.push(() => void this.#rows.pop());
    const repaid = [
      ...this.#repay(by, movement, movement.debit, debit),
      ...this.#repay(by, movement, movement.credit, credit),
    ];
    return [posted, ...repaid];
  }

  /** What is wrong with an amount by itself; null when nothing is. */
  judgeAmount(by: Posting, ref: AccountRef, amount: bigint): LedgerRefusal | null {
    if (amount <= 0n) return this.refuse("amount_invalid", by, ref);
    if (amount > MAX_MOVEMENT) return this.refuse("amount_too_large", by, ref);
    return null;
  }

  #judge(by: Posting, movement: Movement): LedgerRefusal | null {
    const { kind, debit, credit, amount } = movement;
    assert(mayMove(kind, debit.type, credit.type), `A ${kind} is not between these accounts.`);
    assert(debit.currency === credit.currency, "A movement is in one currency.");
    assert(
      (kind === "reversal") === (movement.reverses !== undefined),
      "A reversal names its row.",
    );
    const invalid = this.judgeAmount(by, debit, amount);
    if (invalid !== null) return invalid;
    const line = kindOf(kind);
    for (const ref of [debit, credit]) {
      if (!line.onClosed && isOrdered(ref) && this.account(by.organizationId, ref).closed) {
        return this.refuse("account_closed", by, ref);
      }
    }
    if (line.refusedWhileOwed && this.owed(by.organizationId, debit) > 0n) {
      return this.refuse("receivable_outstanding", by, debit);
    }
    return null;
  }

  #side(by: Posting, ref: AccountRef, side: Side, delta: Delta): SideAfter | null | LedgerRefusal {
    if (!isOrdered(ref)) {
      assert(ref.ownerId === by.organizationId, "Pooled accounts belong to the organization.");
      return null;
    }
    const account = this.account(by.organizationId, ref);
    const before = roomOf(account);
    const version = account.version + 1n;
    const moved: Account = { ...account, ...moveNumbers(account, side, delta), version };
    const after = roomOf(moved);
    if (after < 0n) return this.refuse(shortageOf(ref), by, ref);
    if (!isWithin(moved)) return this.refuse("overflow", by, ref);
    if (!this.has(by.organizationId, ref)) return this.refuse("account_unknown", by, ref);
    this.#keepAccount(moved);
    const { debitsPending, debitsPosted, creditsPending, creditsPosted } = moved;
    const numbers = { debitsPending, debitsPosted, creditsPending, creditsPosted };
    return { accountId: moved.id, version, before, after, ...numbers };
  }

  #repay(by: Posting, cause: Movement, ref: AccountRef, side: SideAfter | null): Posted[] {
    const receivable = receivableOf(ref);
    if (receivable === null || side === null || side.after <= side.before) return [];
    const amount = least(this.available(by.organizationId, receivable), side.after);
    if (amount === 0n) return [];
    const { cardId, budgetId } = cause;
    const links = { cardId, budgetId, transferId: by.newId("transfer") };
    const movement = {
      ...links,
      kind: "receivable_repaid",
      debit: ref,
      credit: receivable,
    } as const;
    const posted = this.move(by, { ...movement, amount });
    assert(!isRefused(posted), "What was just credited can pay what is owed.");
    return posted;
  }

  /**
   * What is to be written, once: the changed accounts and holds beside the versions they were locked
   * at, and the new rows in order. The book may go on after it.
   */
  takeChanges(): BookChanges {
    const accounts = takeChanged(this.#accounts).map(({ current, lockedVersion }) => ({
      account: current,
      lockedVersion,
    }));
    const holds = takeChanged(this.#holds).map(({ current, lockedVersion }) => ({
      hold: current,
      lockedVersion,
    }));
    const rows = this.#rows;
    this.#rows = [];
    this.#undo = [];
    return { accounts, holds, rows };
  }

  #find(organizationId: OrganizationId, ref: AccountRef): Account | null {
    const key = keyOf(organizationId, accountId(ref));
    assert(this.#asked.has(key), `The book was not opened for an account of type ${ref.type}.`);
    return this.#accounts.get(key)?.current ?? null;
  }

  #keepAccount(account: Account): void {
    const kept = this.#accounts.get(keyOf(account.organizationId, account.id));
    assert(kept !== undefined, "Only a locked account is changed.");
    const { current } = kept;
    kept.current = account;
    this.#undo.push(() => {
      kept.current = current;
    });
  }

  /** Keeps a hold as it is now, at its next version. */
  keepHold(hold: Hold): void {
    const key = keyOf(hold.organizationId, hold.id);
    const kept = this.#holds.get(key) ?? { current: hold, lockedVersion: 0n };
    const { current } = kept;
    kept.current = { ...hold, version: hold.version + 1n };
    this.#holds.set(key, kept);
    this.#undo.push(() => {
      kept.current = current;
      if (current.version === 0n) this.#holds.delete(key);
    });
  }

  /** Makes a refusal that names the account in the way. */
  refuse(refused: LedgerRefusalCode, by: Posting, account: AccountRef): LedgerRefusal {
    const room = isOrdered(account) ? this.available(by.organizationId, account) : 0n;
    return { refused, account, room };
  }
}

/** What it is called when an account's room does not suffice. */
function shortageOf(ref: AccountRef): LedgerRefusalCode {
  return natureOf(ref).normal === "credit" ? "insufficient_funds" : "receivable_overpaid";
}

function keyOf(organizationId: OrganizationId, id: string): string {
  return `${organizationId}/${id}`;
}

function blank(organizationId: OrganizationId, ref: AccountRef): Account {
  const { type, ownerId, currency } = ref;
  const id = accountId(ref);
  return { type, ownerId, currency, organizationId, id, ...ZERO, version: 0n, closed: false };
}

function takeChanged<T extends { readonly version: bigint }>(all: Map<string, Kept<T>>): Kept<T>[] {
  const changed: Kept<T>[] = [];
  for (const kept of all.values()) {
    if (kept.current.version === kept.lockedVersion) continue;
    changed.push({ ...kept });
    kept.lockedVersion = kept.current.version;
  }
  return changed;
}
