/**
 * A naive ledger, to hold the real one against: a list of everything that was ever moved, and sums over
 * it. It shares no code with the real one, knows no versions, rows or locks, and is written to be
 * read beside PRODUCT §3 and found right.
 *
 * Accounts are names. A card or budget `x` has what it owes under `owed(x)`.
 */

/** What can be asked of it, in minor units. */
export type Operation =
  | {
      readonly verb: "move";
      readonly from: string;
      readonly to: string;
      readonly amount: bigint;
      readonly whileOwed: boolean;
    }
  | { readonly verb: "hold"; readonly hold: string; readonly on: string; readonly amount: bigint }
  | { readonly verb: "increment"; readonly hold: string; readonly amount: bigint }
  | { readonly verb: "release"; readonly hold: string; readonly amount: bigint | "all" }
  | {
      readonly verb: "capture";
      readonly hold: string;
      readonly amount: bigint;
      readonly released: bigint | undefined;
      readonly final: boolean;
      /** Accounts that are asked before something is owed. */
      readonly fallback?: readonly string[];
    }
  | {
      readonly verb: "force";
      readonly from: readonly string[];
      readonly to: string;
      readonly amount: bigint;
    };

/** `done`, or the name of the refusal. */
export type Outcome =
  | "done"
  | "insufficient_funds"
  | "receivable_outstanding"
  | "hold_already_resolved"
  | "hold_exceeded"
  | "amount_too_large"
  | "amount_invalid";

/** The four sums of an account. */
export type Sums = {
  readonly debitsPending: bigint;
  readonly debitsPosted: bigint;
  readonly creditsPending: bigint;
  readonly creditsPosted: bigint;
};

type Hold = { readonly on: string; remaining: bigint };

const LARGEST = 10n ** 12n;

/** The name of what is owed beside a card or budget. */
export const owed = (account: string): string => `owed ${account}`;

/** Where money that is held, captured or forced goes. */
const NETWORK = "network_settlement";

function smaller(left: bigint, right: bigint): bigint {
  if (left < right) return left;
  return right;
}

export class LedgerModel {
  /** Debits and credits ever posted, by account. */
  readonly #debits = new Map<string, bigint>();
  readonly #credits = new Map<string, bigint>();
  /** Open holds only. */
  readonly #holds = new Map<string, Hold>();
  readonly #spending: Set<string>;
  readonly #limited: Set<string>;

  /**
   * @param spending cards and budgets: they hold, and they owe.
   * @param others further accounts that may not go below zero (the organization's own).
   */
  constructor(spending: readonly string[], others: readonly string[]) {
    this.#spending = new Set(spending);
    this.#limited = new Set([...spending, ...others]);
  }

  /** A new card or budget. */
  open(account: string): void {
    this.#spending.add(account);
    this.#limited.add(account);
  }

  do(operation: Operation): Outcome {
    switch (operation.verb) {
      case "move":
        return this.#move(operation);
      case "force":
        if (operation.amount <= 0n) return "amount_invalid";
        if (operation.amount > LARGEST) return "amount_too_large";
        return this.#force(operation.from, operation.to, operation.amount);
      case "hold":
        if (operation.amount <= 0n) return "amount_invalid";
        if (operation.amount > LARGEST) return "amount_too_large";
        if (operation.amount > this.available(operation.on)) return "insufficient_funds";
        this.#holds.set(operation.hold, { on: operation.on, remaining: operation.amount });
        return "done";
      default:
        return this.#onHold(operation);
    }
  }

  /** Posted less held. */
  available(account: string): bigint {
    return this.#posted(account) - this.#held(account);
  }

  /** What is owed beside a card or budget. */
  owes(account: string): bigint {
    return -this.#posted(owed(account));
  }

  /** What an open hold still has; null when it is closed. */
  remaining(hold: string): bigint | null {
    return this.#holds.get(hold)?.remaining ?? null;
  }

  sums(account: string): Sums {
    const everyHold = [...this.#holds.values()];
    return {
      debitsPending: this.#held(account),
      debitsPosted: this.#debits.get(account) ?? 0n,
      creditsPending:
        account === NETWORK ? everyHold.reduce((sum, hold) => sum + hold.remaining, 0n) : 0n,
      creditsPosted: this.#credits.get(account) ?? 0n,
    };
  }

  #posted(account: string): bigint {
    return (this.#credits.get(account) ?? 0n) - (this.#debits.get(account) ?? 0n);
  }

  #held(account: string): bigint {
    let sum = 0n;
    for (const hold of this.#holds.values()) if (hold.on === account) sum += hold.remaining;
    return sum;
  }

  #post(from: string, to: string, amount: bigint): void {
    this.#debits.set(from, (this.#debits.get(from) ?? 0n) + amount);
    this.#credits.set(to, (this.#credits.get(to) ?? 0n) + amount);
  }

  /** Whatever is available on a card or budget pays what is owed there. */
  #settle(account: string): void {
    if (!this.#spending.has(account)) return;
    const debt = this.owes(account);
    const money = this.available(account);
    const paid = smaller(debt, money);
    if (paid > 0n) this.#post(account, owed(account), paid);
  }

  #move({ from, to, amount, whileOwed }: Operation & { verb: "move" }): Outcome {
    if (amount <= 0n) return "amount_invalid";
    if (amount > LARGEST) return "amount_too_large";
    if (!whileOwed && this.#spending.has(from) && this.owes(from) > 0n) {
      return "receivable_outstanding";
    }
    if (this.#limited.has(from) && this.available(from) < amount) return "insufficient_funds";
    this.#post(from, to, amount);
    this.#settle(to);
    return "done";
  }

  #force(from: readonly string[], to: string, amount: bigint): Outcome {
    let rest = amount;
    for (const account of from) {
      const money = this.available(account);
      const part = smaller(money, rest);
      this.#post(account, to, part);
      rest -= part;
    }
    this.#post(owed(from[0] ?? ""), to, rest);
    return "done";
  }

  #onHold(operation: Operation & { verb: "increment" | "release" | "capture" }): Outcome {
    const hold = this.#holds.get(operation.hold);
    if (hold === undefined) return "hold_already_resolved";
    if (operation.verb === "increment") return this.#increment(hold, operation.amount);
    if (operation.verb === "release") return this.#release(hold, operation);
    return this.#capture(hold, operation);
  }

  #increment(hold: Hold, amount: bigint): Outcome {
    if (amount <= 0n) return "amount_invalid";
    if (hold.remaining + amount > LARGEST) return "amount_too_large";
    if (amount > this.available(hold.on)) return "insufficient_funds";
    hold.remaining += amount;
    return "done";
  }

  #release(hold: Hold, operation: Operation & { verb: "release" }): Outcome {
    const asked = operation.amount;
    const amount = asked === "all" ? hold.remaining : asked;
    if (asked !== "all" && amount <= 0n) return "amount_invalid";
    if (amount > hold.remaining) return "hold_exceeded";
    hold.remaining -= amount;
    if (hold.remaining === 0n) this.#holds.delete(operation.hold);
    this.#settle(hold.on);
    return "done";
  }

  #capture(hold: Hold, operation: Operation & { verb: "capture" }): Outcome {
    const { amount, released, final, fallback = [] } = operation;
    if (amount <= 0n) return "amount_invalid";
    if (amount > LARGEST) return "amount_too_large";
    const taken = final ? hold.remaining : (released ?? smaller(amount, hold.remaining));
    if (taken < 0n || taken > hold.remaining) return "hold_exceeded";
    hold.remaining -= taken;
    if (final) this.#holds.delete(operation.hold);
    this.#force([hold.on, ...fallback], NETWORK, amount);
    this.#settle(hold.on);
    return "done";
  }
}
