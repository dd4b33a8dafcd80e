import { LedgerModel } from "../ledger-model.ts";
import {
  type BudgetModel,
  type CardModel,
  type Outcome,
  type ProgramName,
  programs,
  type RowModel,
  type RuleModel,
  type TransferModel,
} from "./terms.ts";

/** The organization's own account, and where its money comes from and goes to. */
export const OWN = "organization_available";
export const OUTSIDE = "external_funding";
export const FEES = "fees";
export const NETWORK = "network_settlement";

/** A fee that waits. */
export type DueModel = { readonly card: string; readonly amount: bigint; readonly dueAt: number };

/** Everything that is known of one organization, and the questions that its verbs ask. */
export class LifeState {
  readonly money = new LedgerModel([], [OWN]);
  readonly cards = new Map<string, CardModel>();
  readonly budgets = new Map<string, BudgetModel>();
  /** Every hold that there was, and the card it is of. */
  readonly holds = new Map<string, string>();
  /** What a person may undo. */
  readonly transfers = new Map<string, TransferModel>();
  readonly dues: DueModel[] = [];
  /** The rules that fill cards, by account, and budgets. */
  readonly cardRules = new Map<string, RuleModel>();
  readonly budgetRules = new Map<string, RuleModel>();
  readonly batches = new Map<string, readonly RowModel[]>();
  /** How often what happened that happens by itself. */
  readonly byItself = new Map<string, number>();
  isSuspended = false;
  /** Whether the customer has access to the program of their cards. */
  isGranted = true;
  /** Programs whose cards are to be blocked. */
  readonly ordered = new Set<ProgramName>();
  /** How far the organization's now is ahead, ms. */
  offsetMs = 0;

  now(): number {
    return Date.now() + this.offsetMs;
  }

  /** What is just missing for a card's rule that found no money; 0: nothing is. */
  awaited(): bigint {
    const wanted = [...this.cardRules].flatMap(([account, { stopped, amount }]) =>
      stopped === null ? [] : [amount + programs[this.card(account).program].topUp],
    );
    const own = this.money.available(OWN);
    return this.dues.length > 0 ? 0n : (wanted.find((each) => each > own) ?? own) - own;
  }

  happens(what: string): void {
    this.byItself.set(what, (this.byItself.get(what) ?? 0) + 1);
  }

  card(name: string): CardModel {
    const card = this.cards.get(name);
    if (card === undefined) throw new Error(`There is no card ${name}.`);
    return card;
  }

  budget(name: string): BudgetModel {
    const budget = this.budgets.get(name);
    if (budget === undefined) throw new Error(`There is no budget ${name}.`);
    return budget;
  }

  /** How far the calendar of a rule is ahead of UTC, hours: that of its card's program, or UTC itself. */
  aheadOf(account: string): number {
    const card = this.cards.get(account);
    return card === undefined ? 0 : programs[card.program].aheadHours;
  }

  /** What a card spends from. */
  accountOf({ account, budget }: CardModel): string {
    return account ?? budget ?? "";
  }

  /** The card that answers for a card's account: the last of its chain. */
  holderOf(card: CardModel): CardModel {
    return card.replacedBy === null ? card : this.holderOf(this.card(card.replacedBy));
  }

  /** Whether a card's account has no card any more that is not deleted. */
  isGone(card: CardModel): boolean {
    return this.holderOf(card).deletedAt !== null;
  }

  /** Everything that is owed. */
  totalOwed(): bigint {
    const accounts = [...this.cards.values()].flatMap(({ name, account }) =>
      name === account ? [name] : [],
    );
    return [...accounts, ...this.budgets.keys()].reduce(
      (sum, account) => sum + this.money.owes(account),
      0n,
    );
  }

  move(from: string, to: string, amount: bigint, whileOwed = true): Outcome {
    const outcome = this.money.do({ verb: "move", from, to, amount, whileOwed });
    return outcome === "insufficient_funds" ? this.insufficient(from) : outcome;
  }

  insufficient(account: string): Outcome {
    if (account === OWN) return "insufficient_organization_balance";
    return `insufficient_${this.budgets.has(account) ? "budget" : "card"}_balance`;
  }

  /** Whether an amount that is there may not leave, because fees wait. */
  keepsForDues(amount: bigint): boolean {
    const waiting = this.dues.reduce((sum, due) => sum + due.amount, 0n);
    const left = this.money.available(OWN) - amount;
    return waiting > 0n && left >= 0n && left < waiting;
  }

  record(transfer: Omit<TransferModel, "isReversed">): Outcome {
    this.transfers.set(transfer.name, { ...transfer, isReversed: false });
    return "done";
  }

  pathOf(budget: string | null): BudgetModel[] {
    if (budget === null) return [];
    const found = this.budget(budget);
    return [found, ...this.pathOf(found.parent)];
  }

  /** What is owed is paid first, and does not stay on the card. */
  isTooMuch({ program, account }: CardModel, amount: bigint): boolean {
    const { maximumBalance } = programs[program];
    if (maximumBalance === null || account === null) return false;
    const { creditsPosted, debitsPosted } = this.money.sums(account);
    return creditsPosted - debitsPosted + amount - this.money.owes(account) > maximumBalance;
  }

  /** Whatever is available on the account of a card that is gone belongs to the organization. */
  sweep(card: CardModel): void {
    if (card.account === null || !this.isGone(card)) return;
    const left = this.money.available(card.account);
    if (left > 0n) this.move(card.account, OWN, left);
  }

  /** Whether a budget has neither money nor anything that lives. */
  isEmpty({ name }: BudgetModel): boolean {
    const { creditsPosted, debitsPosted } = this.money.sums(name);
    const hasCards = [...this.cards.values()].some(
      (card) => card.budget === name && card.deletedAt === null,
    );
    const hasBudgets = [...this.budgets.values()].some(
      (each) => each.parent === name && each.status !== "archived",
    );
    return !hasCards && !hasBudgets && creditsPosted === debitsPosted;
  }

  /** Whether a person moves no money of an account any more. */
  isClosed(account: string): boolean {
    const card = this.cards.get(account);
    if (card !== undefined) return this.isGone(card);
    return this.budgets.get(account)?.status === "archived";
  }

  /** Cards of a program that are not deleted. */
  livingOf(program: ProgramName): CardModel[] {
    return [...this.cards.values()].filter(
      (card) => card.program === program && card.deletedAt === null,
    );
  }

  /** Pays whole fees that wait, the oldest first, as long as there is enough. @returns how many */
  payDues(most: number): number {
    for (let paid = 0; paid < most; paid += 1) {
      const [next] = this.dues;
      if (next === undefined || this.move(OWN, FEES, next.amount) !== "done") return paid;
      this.dues.shift();
    }
    return most;
  }
}
