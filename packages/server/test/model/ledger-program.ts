import type { HoldId } from "../../src/foundation/ids/ids.ts";
import { isRefused, type LedgerRefusal } from "../../src/records/ledger/errors.ts";
import type { AccountRef, MovementKind, Posted } from "../../src/records/ledger/model.ts";
import type { Book, Posting } from "../../src/records/ledger/rules.ts";
import type { TestBooks } from "../harness/ledger.ts";
import type { Dice } from "../harness/proof.ts";
import type { Operation } from "./ledger-model.ts";

/** One step of a random program: what it is for the naive model, and for a book. */
export type Step = {
  readonly operation: Operation;
  readonly hold?: HoldId;
  run(book: Book, by: Posting): Posted[] | LedgerRefusal;
};

type Move = { readonly kind: MovementKind; readonly from: AccountRef; readonly to: AccountRef };

/** Kinds that a person may reverse, so that programs reverse them. */
const reversible = new Set<MovementKind>([
  "deposit",
  "payout",
  "top_up",
  "withdrawal",
  "sub_budget_top_up",
  "sub_budget_withdrawal",
  "fee",
  "adjustment",
]);

const refusedWhileOwed = new Set<MovementKind>(["withdrawal", "sub_budget_withdrawal"]);

/** How often what is asked; deposits and top-ups feed the rest. */
const weights: readonly (readonly [name: keyof Program["deal"], weight: number])[] = [
  ["move", 34],
  ["hold", 16],
  ["increment", 6],
  ["release", 8],
  ["capture", 18],
  ["force", 8],
  ["reversal", 6],
];

const wheel = weights.flatMap(([name, weight]) => Array<keyof Program["deal"]>(weight).fill(name));

/** Deals random steps over the accounts of one organization. */
export class Program {
  readonly #dice: Dice;
  readonly #books: TestBooks;
  readonly #moves: readonly Move[];
  readonly #newHold: () => HoldId;
  readonly spending: readonly AccountRef[];
  /** Rows that may be reversed; each is taken once. */
  readonly #undoable: { readonly move: Move; readonly posted: Posted }[] = [];

  constructor(
    dice: Dice,
    books: TestBooks,
    cards: readonly AccountRef[],
    budgets: readonly AccountRef[],
    newHold: () => HoldId,
  ) {
    this.#dice = dice;
    this.#books = books;
    this.#newHold = newHold;
    this.spending = [...cards, ...budgets];
    this.#moves = movesOf(books, this.spending, budgets);
  }

  /**
   * The next step.
   *
   * @param holds those that the book knows, open and closed.
   */
  next(holds: readonly HoldId[]): Step {
    const name = this.#dice.pick(wheel);
    return this.deal[name](holds) ?? this.deal.move([]) ?? this.next(holds);
  }

  readonly deal = {
    move: (_: readonly HoldId[]): Step | null => this.#step(this.#dice.pick(this.#moves)),
    reversal: (_: readonly HoldId[]): Step | null => {
      const at = this.#dice.roll(Math.max(this.#undoable.length, 1));
      const [found] = this.#undoable.splice(at, 1);
      return found === undefined ? null : this.#reverse(found.move, found.posted);
    },
    hold: (_: readonly HoldId[]): Step | null => {
      const hold = this.#newHold();
      const debit = this.#dice.pick(this.spending);
      const amount = this.#amount();
      const request = { holdId: hold, debit, credit: this.#books.network, amount, expiresAt: null };
      const operation = { verb: "hold", hold, on: nameOf(debit), amount } as const;
      return { operation, hold, run: (book, by) => book.openHold(by, request) };
    },
    increment: (holds: readonly HoldId[]): Step | null => {
      if (holds.length === 0) return null;
      const hold = this.#dice.pick(holds);
      const amount = this.#amount();
      const operation = { verb: "increment", hold, amount } as const;
      return { operation, run: (book, by) => book.incrementHold(by, { holdId: hold, amount }) };
    },
    release: (holds: readonly HoldId[]): Step | null => {
      if (holds.length === 0) return null;
      const hold = this.#dice.pick(holds);
      const amount = this.#dice.chance(0.5) ? ("all" as const) : this.#amount();
      const operation = { verb: "release", hold, amount } as const;
      return { operation, run: (book, by) => book.releaseHold(by, { holdId: hold, amount }) };
    },
    capture: (holds: readonly HoldId[]): Step | null => {
      if (holds.length === 0) return null;
      const hold = this.#dice.pick(holds);
      const amount = this.#amount();
      const released = this.#dice.chance(0.3) ? BigInt(this.#dice.roll(400) - 5) : undefined;
      const final = this.#dice.chance(0.5);
      const operation = { verb: "capture", hold, amount, released, final } as const;
      const request = { holdId: hold, amount, released, final };
      return { operation, run: (book, by) => book.captureHold(by, request) };
    },
    force: (_: readonly HoldId[]): Step | null => {
      const debit = this.#dice.pick(this.spending);
      const fallback = this.#dice.chance(0.3) ? [this.#books.own] : [];
      const back = this.#dice.chance(0.2);
      const kind = back ? "provisional_credit_reversal" : "forced_debit";
      const credit = back ? this.#books.provisional : this.#books.network;
      const amount = this.#amount();
      const from = [debit, ...fallback].map(nameOf);
      const operation = { verb: "force", from, to: nameOf(credit), amount } as const;
      const request = { kind, debit, fallback, credit, amount } as const;
      return { operation, run: (book, by) => book.forcedDebit(by, request) };
    },
  };

  /** Mostly what fits, now and then what does not: nothing, less than nothing, too much. */
  #amount(): bigint {
    if (this.#dice.chance(0.97))
      return BigInt(1 + this.#dice.roll(this.#dice.pick([20, 200, 2_000])));
    return this.#dice.pick([0n, -1n, 10n ** 12n, 10n ** 12n + 1n, 2n ** 53n, 2n ** 63n - 1n]);
  }

  #step(move: Move): Step {
    const { kind, from, to } = move;
    const amount = kind === "deposit" ? BigInt(this.#dice.roll(20_000)) : this.#amount();
    const whileOwed = !refusedWhileOwed.has(kind);
    return {
      operation: { verb: "move", from: nameOf(from), to: nameOf(to), amount, whileOwed },
      run: (book, by) => {
        const answer = book.post(by, [{ kind, debit: from, credit: to, amount }]);
        const [row] = isRefused(answer) ? [] : answer;
        if (row !== undefined && reversible.has(kind)) this.#undoable.push({ move, posted: row });
        return answer;
      },
    };
  }

  #reverse({ from, to }: Move, { movement, journalId }: Posted): Step {
    const { amount } = movement;
    const mirrored = {
      kind: "reversal",
      debit: to,
      credit: from,
      amount,
      reverses: journalId,
    } as const;
    return {
      operation: { verb: "move", from: nameOf(to), to: nameOf(from), amount, whileOwed: true },
      run: (book, by) => book.post(by, [mirrored]),
    };
  }
}

/** The name of an account in the naive model. */
export function nameOf({ type, ownerId }: AccountRef): string {
  if (type === "card" || type === "budget") return ownerId;
  return type === "receivable" ? `owed ${ownerId}` : type;
}

function movesOf(
  { own, network, funding, fees, provisional }: TestBooks,
  spending: readonly AccountRef[],
  [parent, child]: readonly AccountRef[],
): Move[] {
  const each = (move: (ref: AccountRef) => Move) => spending.map(move);
  const budgets =
    parent === undefined || child === undefined
      ? []
      : ([
          { kind: "sub_budget_top_up", from: parent, to: child },
          { kind: "sub_budget_withdrawal", from: child, to: parent },
        ] as const);
  return [
    ...Array<Move>(6).fill({ kind: "deposit", from: funding, to: own }),
    { kind: "payout", from: own, to: funding },
    { kind: "fee", from: own, to: fees },
    { kind: "adjustment", from: fees, to: own },
    ...each((ref) => ({ kind: "top_up", from: own, to: ref })),
    ...each((ref) => ({ kind: "top_up", from: own, to: ref })),
    ...each((ref) => ({ kind: "withdrawal", from: ref, to: own })),
    ...each((ref) => ({ kind: "sweep", from: ref, to: own })),
    ...each((ref) => ({ kind: "refund", from: network, to: ref })),
    ...each((ref) => ({ kind: "provisional_credit", from: provisional, to: ref })),
    ...budgets,
  ];
}
