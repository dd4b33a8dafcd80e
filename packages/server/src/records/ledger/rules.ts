import { assert } from "../../foundation/errors/errors.ts";
import type { HoldId, OrganizationId } from "../../foundation/ids/ids.ts";
import { canMove } from "../../foundation/lifecycle/lifecycle.ts";
import { least, MAX_MOVEMENT } from "../../foundation/money/money.ts";
import type { LedgerRefusal } from "./errors.ts";
import { type Hold, type HoldMove, holdLifecycle } from "./model/holds.ts";
import {
  type Account,
  type AccountRef,
  kindOf,
  type Links,
  type Movement,
  type MovementKind,
  receivableOf,
} from "./model.ts";
import { type Answer, type BookChanges, type BookRef, Pages, type Posting } from "./rules/pages.ts";

export type { Answer, BookChanges, BookRef, Posting } from "./rules/pages.ts";

export type OpenHold = Links & {
  readonly holdId: HoldId;
  readonly debit: AccountRef;
  readonly credit: AccountRef;
  /** What to hold, minor units, 1 to 10^12. */
  readonly amount: bigint;
  readonly expiresAt: Date | null;
};

export type IncrementHold = Links & {
  readonly holdId: HoldId;
  readonly amount: bigint;
  /** A new expiry; the old one stays where it is not given. */
  readonly expiresAt?: Date | undefined;
};

/** `all` takes what remains and closes the hold (void, expiry); else it closes when nothing remains. */
export type ReleaseHold = Links & { readonly holdId: HoldId; readonly amount: bigint | "all" };

export type CaptureHold = Links & {
  readonly holdId: HoldId;
  /** What is posted, minor units; more than the hold has is a forced debit. */
  readonly amount: bigint;
  /** What leaves the hold; the amount as far as it remains where not given. */
  readonly released?: bigint | undefined;
  /** Releases the rest in the same row and closes the hold. */
  readonly final: boolean;
  /** Accounts that are asked, in order, before the receivable (a deleted card's organization). */
  readonly fallback?: readonly AccountRef[] | undefined;
};

export type ForcedDebit = Links & {
  readonly kind: Extract<MovementKind, "forced_debit" | "provisional_credit_reversal">;
  /** The card or budget; then `fallback`, in order; then the receivable of the first. */
  readonly debit: AccountRef;
  readonly fallback?: readonly AccountRef[] | undefined;
  readonly credit: AccountRef;
  readonly amount: bigint;
};

/**
 * The working set of one transaction: locked accounts and holds, and the rows to write. Pure: it
 * decides on what it was given and reads no clock. Every verb is all or nothing.
 */
export class Book {
  readonly #pages: Pages;

  /**
   * @param asked every account the book was opened for; missing ones count as zero.
   * @param accounts those of them that exist, as locked.
   * @param holds as locked.
   */
  constructor(asked: readonly BookRef[], accounts: readonly Account[], holds: readonly Hold[]) {
    this.#pages = new Pages(asked, accounts, holds);
  }

  /**
   * An ordered account as it stands after what was posted; all zero where it does not exist.
   *
   * @throws Fault when the book was not opened for it.
   */
  account(organizationId: OrganizationId, ref: AccountRef): Account {
    return this.#pages.account(organizationId, ref);
  }

  /** Whether an ordered account exists. */
  has(organizationId: OrganizationId, ref: AccountRef): boolean {
    return this.#pages.has(organizationId, ref);
  }

  /** What is available on an account (owed on a receivable), minor units. */
  available(organizationId: OrganizationId, ref: AccountRef): bigint {
    return this.#pages.available(organizationId, ref);
  }

  /** What is owed beside a card or budget account, minor units. */
  owed(organizationId: OrganizationId, ref: AccountRef): bigint {
    return this.#pages.owed(organizationId, ref);
  }

  /** A hold the book was opened with or has made; null where there is none. */
  hold(organizationId: OrganizationId, holdId: HoldId): Hold | null {
    return this.#pages.hold(organizationId, holdId);
  }

  /** Runs several verbs as one: where the answer is a refusal, none of them has happened. */
  attempt<T extends object>(verbs: () => T | LedgerRefusal): T | LedgerRefusal {
    return this.#pages.attempt(verbs);
  }

  /**
   * Posts movements, all or none. A credit to a card or budget pays its receivable first, as a row of
   * its own right after it, with a new transfer id; it is in the answer too.
   */
  post(by: Posting, movements: readonly Movement[]): Answer {
    for (const { kind } of movements) {
      assert(kindOf(kind).effect === "post", `Movements of kind ${kind} go through their hold.`);
    }
    return this.#pages.all(movements.map((movement) => () => this.#pages.move(by, movement)));
  }

  /** Sets money aside. Refused where it is not available. */
  openHold(by: Posting, request: OpenHold): Answer {
    const { holdId, debit, credit, amount, expiresAt, cardId = null, budgetId = null } = request;
    assert(this.#pages.hold(by.organizationId, holdId) === null, "A hold's id is used once.");
    const hold: Hold = {
      organizationId: by.organizationId,
      id: holdId,
      debit,
      credit,
      remaining: 0n,
      status: "open",
      expiresAt,
      cardId,
      budgetId,
      version: 0n,
      createdAt: by.now,
    };
    return this.#pages.attempt(() => this.#addToHold(by, hold, amount, request));
  }

  /** Adds to an open hold. */
  incrementHold(by: Posting, request: IncrementHold): Answer {
    return this.#onHold(by, request.holdId, "increment", (hold) => {
      const expiresAt = request.expiresAt ?? hold.expiresAt;
      return this.#addToHold(by, { ...hold, expiresAt }, request.amount, request);
    });
  }

  /** Takes from an open hold: partial reversal, void, expiry. What is freed pays the receivable first. */
  releaseHold(by: Posting, request: ReleaseHold): Answer {
    return this.#onHold(by, request.holdId, "release", (hold) => {
      const amount = request.amount === "all" ? hold.remaining : request.amount;
      if (amount > hold.remaining) return this.#pages.refuse("hold_exceeded", by, hold.debit);
      const left = hold.remaining - amount;
      this.#pages.keepHold({ ...hold, remaining: left, status: left === 0n ? "closed" : "open" });
      if (request.amount === "all" && amount === 0n) return [];
      return this.#pages.move(by, { ...movementOf("release", hold, request), amount });
    });
  }

  /**
   * Posts against an open hold: partial, several, final and over-captures. What neither the hold nor
   * the available balance covers is debited to the fallback accounts, then to the receivable.
   */
  captureHold(by: Posting, request: CaptureHold): Answer {
    return this.#onHold(by, request.holdId, "capture", (hold) => {
      const { amount, final, fallback = [] } = request;
      const invalid = this.#pages.judgeAmount(by, hold.debit, amount);
      if (invalid !== null) return invalid;
      const released = final ? hold.remaining : (request.released ?? least(amount, hold.remaining));
      if (released < 0n || released > hold.remaining) {
        return this.#pages.refuse("hold_exceeded", by, hold.debit);
      }
      const remaining = hold.remaining - released;
      this.#pages.keepHold({ ...hold, remaining, status: final ? "closed" : "open" });
      const covered = least(
        amount,
        this.#pages.available(by.organizationId, hold.debit) + released,
      );
      const capture = { ...movementOf("capture", hold, request), amount: covered, released };
      const rest = { ...request, kind: "forced_debit", credit: hold.credit } as const;
      return this.#pages.all([
        () => (covered + released === 0n ? [] : this.#pages.move(by, capture)),
        () => this.#force(by, { ...rest, debit: hold.debit, fallback }, fallback, amount - covered),
      ]);
    });
  }

  /**
   * Takes what is available, never money held for another authorization, from the account, then from
   * the fallback accounts; the rest is debited to the first account's receivable. Never refused for
   * want of money.
   */
  forcedDebit(by: Posting, request: ForcedDebit): Answer {
    const invalid = this.#pages.judgeAmount(by, request.debit, request.amount);
    if (invalid !== null) return invalid;
    const sources = [request.debit, ...(request.fallback ?? [])];
    return this.#pages.attempt(() => this.#force(by, request, sources, request.amount));
  }

  /**
   * What is to be written, once: the changed accounts and holds beside the versions they were locked
   * at, and the new rows in order. The book may go on after it.
   */
  takeChanges(): BookChanges {
    return this.#pages.takeChanges();
  }

  #onHold(by: Posting, holdId: HoldId, move: HoldMove, verb: (hold: Hold) => Answer): Answer {
    const hold = this.#pages.hold(by.organizationId, holdId);
    assert(hold !== null, "The book was not opened with this hold.");
    if (!canMove(holdLifecycle, move, hold.status)) {
      return this.#pages.refuse("hold_already_resolved", by, hold.debit);
    }
    return this.#pages.attempt(() => verb(hold));
  }

  #addToHold(by: Posting, hold: Hold, amount: bigint, links: Links): Answer {
    if (hold.remaining + amount > MAX_MOVEMENT) {
      return this.#pages.refuse("amount_too_large", by, hold.debit);
    }
    this.#pages.keepHold({ ...hold, remaining: hold.remaining + amount });
    return this.#pages.move(by, { ...movementOf("hold", hold, links), amount });
  }

  #force(
    by: Posting,
    request: Omit<ForcedDebit, "amount">,
    sources: readonly AccountRef[],
    amount: bigint,
  ): Answer {
    const receivable = receivableOf(request.debit);
    assert(receivable !== null, "A forced debit needs an account with a receivable beside it.");
    const { kind, credit } = request;
    const verbs: (() => Answer)[] = [];
    let rest = amount;
    for (const debit of sources) {
      const share = least(rest, this.#pages.available(by.organizationId, debit));
      if (share === 0n) continue;
      verbs.push(() =>
        this.#pages.move(by, { ...linksOf(request), kind, debit, credit, amount: share }),
      );
      rest -= share;
    }
    if (rest > 0n) {
      const uncovered = { kind, debit: receivable, credit, amount: rest };
      verbs.push(() => this.#pages.move(by, { ...linksOf(request), ...uncovered }));
    }
    return this.#pages.all(verbs);
  }
}

function linksOf({ transferId, cardId, budgetId }: Links): Links {
  return { transferId, cardId, budgetId };
}

function movementOf(kind: "hold" | "release" | "capture", hold: Hold, links: Links) {
  return {
    kind,
    debit: hold.debit,
    credit: hold.credit,
    hold: hold.id,
    transferId: links.transferId,
    cardId: links.cardId ?? hold.cardId ?? undefined,
    budgetId: links.budgetId ?? hold.budgetId ?? undefined,
  };
}
