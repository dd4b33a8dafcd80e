import type { Dice } from "../harness/proof.ts";
import { OWN } from "./life/state.ts";
import {
  type BudgetModel,
  type CardModel,
  type IssueOperation,
  type LifeOperation,
  type ProgramName,
  programNames,
  programs,
  type RuleModel,
} from "./life/terms.ts";
import { weights } from "./life/weights.ts";
import type { LifeModel } from "./life-model.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** More than so many cards and budgets are not kept alive at a time. */
const LIVING_CARDS = 40;
const LIVING_BUDGETS = 15;

/** To so many cards most happens. */
const HOT = 6;

type Dealt = keyof typeof weights;

export const verbNames = Object.keys(weights);

/** Deals random operations, as they make sense after what has happened; many are refused. */
export class LifeProgram {
  readonly #dice: Dice;
  readonly #model: LifeModel;
  readonly #wheel: readonly Dealt[];
  /** Cards that much happens to at present, so that things come together on one card. */
  #hot: readonly string[] = [];
  #names = 0;

  constructor(dice: Dice, model: LifeModel) {
    this.#dice = dice;
    this.#model = model;
    this.#wheel = Object.entries(weights).flatMap(([name, weight]) =>
      Array<Dealt>(2 * weight).fill(name as Dealt),
    );
  }

  next(): LifeOperation {
    return this.#deal[this.#dice.pick(this.#wheel)]() ?? this.next();
  }

  /** A name that nothing had. */
  #name(kind: string): string {
    this.#names += 1;
    return `${kind}${this.#names}`;
  }

  readonly #deal: Readonly<Record<Dealt, () => LifeOperation | null>> = {
    deposit: () => ({
      verb: "deposit",
      amount:
        this.#dice.chance(0.2) && this.#model.awaited() > 0n
          ? this.#model.awaited()
          : this.#small(this.#dice.pick([60, 600, 3_000])),
      transfer: this.#name("t"),
    }),
    payout: () => ({
      verb: "payout",
      amount: this.#amountOf(this.#model.money.available(OWN)),
      transfer: this.#name("t"),
    }),
    issue: () => this.#issue(),
    topUp: () => this.#cardFunds("topUp", (card) => this.#room(card)),
    withdraw: () => this.#cardFunds("withdraw", (card) => this.#available(card)),
    delete: () => this.#onCard(({ name }) => ({ verb: "delete", card: name })),
    replace: () =>
      this.#onCard(({ name }) => ({ verb: "replace", card: name, fresh: this.#name("c") })),
    renew: () => {
      const onlyOld = this.#dice.chance(0.6);
      const isOld = (card: CardModel) => !onlyOld || card.expiresAt <= this.#model.now();
      return this.#onCard(({ name }) => ({ verb: "renew", card: name }), isOld);
    },
    freeze: () =>
      this.#onCard(({ name }) => ({
        verb: "freeze",
        card: name,
        owner: this.#dice.pick(["organization", "cardholder"]),
        endsAt: this.#end(),
      })),
    unfreeze: () =>
      this.#onCard(({ name }) => ({
        verb: "unfreeze",
        card: name,
        owner: this.#dice.pick(["organization", "cardholder"]),
      })),
    block: () =>
      this.#onCard(({ name }) => ({
        verb: "block",
        card: name,
        owner: this.#dice.pick(["platform", "compliance"]),
        endsAt: this.#end(),
      })),
    unblock: () =>
      this.#onCard(({ name }) => ({
        verb: "unblock",
        card: name,
        owner: this.#dice.pick(["platform", "compliance"]),
      })),
    revoke: () => (this.#model.isGranted ? { verb: "revoke" } : null),
    grant: () => (this.#model.isGranted ? null : { verb: "grant" }),
    blockProgram: () => ({ verb: "blockProgram", program: this.#dice.pick(programNames) }),
    createBudget: () => this.#createBudget(),
    fundBudget: () =>
      this.#onFundable(({ name, parent }) => ({
        verb: "fundBudget",
        budget: name,
        amount: this.#amountOf(this.#model.money.available(parent ?? OWN)),
        transfer: this.#name("t"),
      })),
    drainBudget: () =>
      this.#onBudget(({ name }) => ({
        verb: "drainBudget",
        budget: name,
        amount: this.#amountOf(this.#model.money.available(name)),
        transfer: this.#name("t"),
      })),
    freezeBudget: () => this.#onBudget(({ name }) => ({ verb: "freezeBudget", budget: name })),
    unfreezeBudget: () => this.#onBudget(({ name }) => ({ verb: "unfreezeBudget", budget: name })),
    archiveBudget: () => this.#archive(),
    reverse: () => this.#reverse(),
    waive: () => {
      const { length } = this.#model.dues;
      return length === 0 ? null : { verb: "waive", at: this.#dice.roll(length) };
    },
    hold: () =>
      this.#onCard((card) => ({
        verb: "hold",
        card: card.name,
        hold: this.#name("h"),
        amount: this.#amountOf(this.#available(card)),
      })),
    release: () => this.#onHold((hold, amount) => ({ verb: "release", hold, amount })),
    capture: () =>
      this.#onHold((hold, asked) => {
        const all = this.#model.money.remaining(hold) ?? 0n;
        const amount = asked === "all" ? all + BigInt(this.#dice.roll(80)) : asked;
        const final = this.#dice.chance(0.5);
        return { verb: "capture", hold, amount: amount === 0n ? 1n : amount, final };
      }),
    refund: () => this.#refund(),
    force: () =>
      this.#onCard((card) => ({
        verb: "force",
        card: card.name,
        amount: this.#amountOf(this.#available(card)) + BigInt(this.#dice.roll(60)),
      })),
    setTopUp: () =>
      this.#onCard(
        ({ name: card, program }) => {
          return { verb: "setTopUp", card, ...this.#rule(programs[program].maximumBalance) };
        },
        ({ account }) => account !== null || this.#dice.chance(0.05),
      ),
    removeTopUp: () => this.#onCard(({ name }) => ({ verb: "removeTopUp", card: name })),
    setRefill: () => this.#setRefill(),
    removeRefill: () => this.#onBudget(({ name }) => ({ verb: "removeRefill", budget: name })),
    batch: () => this.#batch(),
    cancelBatch: () => {
      const known = [...this.#model.batches].slice(-4);
      const open = known.filter(([, rows]) => rows.some(({ outcome }) => outcome === null));
      const from = open.length > 0 && this.#dice.chance(0.8) ? open : known;
      if (from.length === 0) return null;
      return { verb: "cancelBatch", batch: this.#dice.pick(from)[0] };
    },
    suspend: () => ({ verb: "suspend" }),
    activate: () => ({ verb: "activate" }),
    advance: () => ({
      verb: "advance",
      ms: this.#dice.pick([
        this.#dice.roll(48) * HOUR_MS,
        this.#dice.roll(12) * DAY_MS,
        this.#dice.roll(45) * DAY_MS + this.#dice.roll(24) * HOUR_MS,
      ]),
    }),
    jobs: () => ({ verb: "jobs" }),
  };

  #small(below: number): bigint {
    return BigInt(1 + this.#dice.roll(below));
  }

  /** All of it, most of the time a part, now and then more than there is. */
  #amountOf(all: bigint): bigint {
    const share = this.#dice.roll(10);
    if (all === 0n || share === 0) return all + this.#small(50);
    if (share < 4) return all;
    return 1n + (all * BigInt(this.#dice.roll(100))) / 200n;
  }

  #available(card: CardModel): bigint {
    return this.#model.money.available(this.#model.accountOf(card));
  }

  /** What the organization has for a card, as far as the program's maximum is not far away. */
  #room({ program }: CardModel): bigint {
    const own = this.#model.money.available(OWN);
    const most = programs[program].maximumBalance ?? own;
    return own < most ? own : most;
  }

  /** Mostly to a card that owes, so that debts come to an end. */
  #refund(): LifeOperation | null {
    const { money, cards } = this.#model;
    const owing = [...cards.values()].filter(
      (card) => money.owes(this.#model.accountOf(card)) > 0n,
    );
    const make = ({ name }: CardModel): LifeOperation => {
      return { verb: "refund", card: name, amount: this.#small(300) };
    };
    return owing.length > 0 && this.#dice.chance(0.6)
      ? make(this.#dice.pick(owing))
      : this.#onCard(make);
  }

  /** When a restriction ends: mostly it does not, or nothing is said. */
  #end(): number | null | undefined {
    const days = 1 + this.#dice.roll(30);
    if (this.#dice.chance(0.3)) return undefined;
    return this.#dice.chance(0.3) ? null : this.#model.now() + days * DAY_MS;
  }

  /** A card, mostly one that lives; those that are gone are asked for too. */
  #onCard(
    make: (card: CardModel) => LifeOperation,
    which: (card: CardModel) => boolean = () => true,
  ): LifeOperation | null {
    const all = [...this.#model.cards.values()].filter(which);
    const hot = all.filter(({ name }) => this.#hot.includes(name));
    const living = all.filter(({ deletedAt }) => deletedAt === null);
    const from = this.#dice.chance(0.5) ? hot : this.#dice.chance(0.8) ? living : all.slice(-60);
    if (from.length === 0) return null;
    const card = this.#dice.pick(from);
    this.#hot = [card.name, ...this.#hot.filter((name) => name !== card.name)].slice(0, HOT);
    return make(card);
  }

  #cardFunds(verb: "topUp" | "withdraw", all: (card: CardModel) => bigint): LifeOperation | null {
    const make = (card: CardModel): LifeOperation => {
      const most = programs[card.program].maximumBalance;
      const isTooMuch = verb === "topUp" && most !== null && this.#dice.chance(0.1);
      const amount = isTooMuch
        ? most + this.#small(50)
        : card.account === null
          ? 10n
          : this.#amountOf(all(card));
      return { verb, card: card.name, amount, transfer: this.#name("t") };
    };
    return this.#onCard(make, ({ account }) => account !== null || this.#dice.chance(0.05));
  }

  /**
   * Terms of a rule, mostly ones that make sense; of few kinds, so that the same are set again.
   *
   * @param most the balance that what is filled may have.
   */
  #rule(most: bigint | null): Pick<RuleModel, "threshold" | "amount" | "cap"> {
    if (most !== null && this.#dice.chance(0.4)) {
      return { threshold: most, amount: most / 2n, cap: null };
    }
    const amount = this.#dice.pick([5n, 20n, 50n, 150n, 3_500n]);
    const threshold = this.#dice.pick([10n, 60n, 60n, 200n, 200n, 2_900n]);
    const cap = this.#dice.pick([null, amount + 11n, 3n * amount, amount - 1n]);
    return { threshold, amount, cap };
  }

  /** Often of a budget whose parent has a rule, too. */
  #setRefill(): LifeOperation | null {
    const { budgetRules } = this.#model;
    const below = this.#living().filter(({ parent }) => budgetRules.has(parent ?? ""));
    const make = ({ name }: BudgetModel): LifeOperation => {
      return { verb: "setRefill", budget: name, ...this.#rule(null) };
    };
    return below.length > 0 && this.#dice.chance(0.4)
      ? make(this.#dice.pick(below))
      : this.#onBudget(make);
  }

  /** Some rows, of which some cannot be issued, and each with a smaller part of the money. */
  #batch(): LifeOperation | null {
    const living = [...this.#model.cards.values()].filter(({ deletedAt }) => deletedAt === null);
    const count = Math.min(1 + this.#dice.roll(5), LIVING_CARDS - living.length);
    const rows: IssueOperation[] = [];
    for (let row = 0; row < count; row += 1) {
      const operation = this.#issue();
      if (operation?.verb === "issue") rows.push(operation);
    }
    return rows.length === 0 ? null : { verb: "batch", batch: this.#name("batch"), rows };
  }

  #issue(): LifeOperation | null {
    const living = [...this.#model.cards.values()].filter(({ deletedAt }) => deletedAt === null);
    if (living.length >= LIVING_CARDS)
      return { verb: "delete", card: this.#dice.pick(living).name };
    const program = this.#dice.pick([...programNames, "dear", "fleet"] as const);
    const names = { verb: "issue", card: this.#name("c"), transfer: this.#name("t") } as const;
    if (programs[program].model === "card") return this.#issueCard(names, program);
    return this.#onBudget(({ name: budget }) => ({ ...names, program, amount: 0n, budget }));
  }

  #issueCard(
    names: { readonly verb: "issue"; readonly card: string; readonly transfer: string },
    program: ProgramName,
  ): LifeOperation {
    const amount = this.#dice.chance(0.2) ? 0n : this.#amountOf(this.#model.money.available(OWN));
    return { ...names, program, amount, budget: null };
  }

  #budgets(): BudgetModel[] {
    return [...this.#model.budgets.values()];
  }

  #living(): BudgetModel[] {
    return this.#budgets().filter(({ status }) => status !== "archived");
  }

  #onBudget(make: (budget: BudgetModel) => LifeOperation): LifeOperation | null {
    const from = this.#dice.chance(0.93) ? this.#living() : this.#budgets().slice(-30);
    return from.length === 0 ? null : make(this.#dice.pick(from));
  }

  /** Mostly a budget for which there is money. */
  #onFundable(make: (budget: BudgetModel) => LifeOperation): LifeOperation | null {
    const { money } = this.#model;
    const fundable = this.#budgets().filter(
      ({ status, parent }) => status !== "archived" && money.available(parent ?? OWN) > 0n,
    );
    if (fundable.length === 0 || this.#dice.chance(0.15)) return this.#onBudget(make);
    return make(this.#dice.pick(fundable));
  }

  #createBudget(): LifeOperation | null {
    const living = this.#living();
    if (living.length >= LIVING_BUDGETS) return this.#archive();
    const budget = this.#name("b");
    const deepest = living.toSorted((one, other) => other.depth - one.depth)[0];
    if (deepest !== undefined && this.#dice.chance(0.2)) {
      return { verb: "createBudget", budget, parent: deepest.name };
    }
    if (living.length === 0 || this.#dice.chance(0.3)) {
      return { verb: "createBudget", budget, parent: null };
    }
    return this.#onBudget(({ name: parent }) => ({ verb: "createBudget", budget, parent }));
  }

  #archive(): LifeOperation | null {
    const empty = this.#budgets().filter(
      (budget) => budget.status !== "archived" && this.#model.isEmpty(budget),
    );
    if (empty.length > 0 && this.#dice.chance(0.8)) {
      return { verb: "archiveBudget", budget: this.#dice.pick(empty).name };
    }
    return this.#onBudget(({ name }) => ({ verb: "archiveBudget", budget: name }));
  }

  #reverse(): LifeOperation | null {
    const known = [...this.#model.transfers.keys()].slice(-40);
    if (known.length === 0) return null;
    return {
      verb: "reverse",
      transfer: this.#dice.pick(known),
      byPlatform: this.#dice.chance(0.3),
    };
  }

  /** A hold, mostly an open one, and how much of it; the card it is of may be gone. */
  #onHold(make: (hold: string, amount: bigint | "all") => LifeOperation): LifeOperation | null {
    const { holds, money } = this.#model;
    const known = [...holds.keys()];
    const open = known.filter((hold) => money.remaining(hold) !== null);
    const from = this.#dice.chance(0.93) ? open : known.slice(-30);
    if (from.length === 0) return null;
    const hold = this.#dice.pick(from);
    const rest = money.remaining(hold) ?? 0n;
    const amount = this.#dice.chance(0.4) ? "all" : this.#amountOf(rest);
    return make(hold, amount);
  }
}
