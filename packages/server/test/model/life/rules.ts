import { startOfMonth, startOfNextMonth } from "./calendar.ts";
import { FEES, type LifeState, OWN } from "./state.ts";
import {
  type BudgetModel,
  type CardModel,
  type Of,
  type Outcome,
  programs,
  type RuleModel,
  statusRefusal,
  type VerbsOf,
} from "./terms.ts";

/** The rules that fill cards and budgets by themselves. */
export const ruleVerbs = (
  life: LifeState,
): VerbsOf<"setTopUp" | "removeTopUp" | "setRefill" | "removeRefill"> => ({
  setTopUp: (operation) => setTopUp(life, operation),
  removeTopUp: ({ card }) => removeTopUp(life, life.card(card)),
  setRefill: (operation) => setRefill(life, operation),
  removeRefill: ({ budget }) => {
    if (life.budget(budget).status === "archived") return "budget_archived";
    life.budgetRules.delete(budget);
    return "done";
  },
});

/** The calendar of budgets is UTC's. */
const BUDGETS_AHEAD = 0;

const aheadOf = ({ program }: CardModel): number => programs[program].aheadHours;

type Terms = Pick<RuleModel, "threshold" | "amount" | "cap">;

/** What a rule has filled in this month. */
export const filledNow = ({ month, filled }: RuleModel, now: number, ahead: number): bigint =>
  month === startOfMonth(now, ahead) ? filled : 0n;

/** A rule that is set; null where it is there already and works. What the month had still counts. */
function setRule(
  before: RuleModel | undefined,
  { threshold, amount, cap }: Terms,
  now: number,
  ahead: number,
): RuleModel | null {
  const isSame = before?.threshold === threshold && before.amount === amount && before.cap === cap;
  if (isSame && before.stopped === null) return null;
  return {
    threshold,
    amount,
    cap,
    stopped: null,
    month: startOfMonth(now, ahead),
    filled: before === undefined ? 0n : filledNow(before, now, ahead),
    restsUntil: 0,
  };
}

function setTopUp(life: LifeState, { card: name, ...terms }: Of<"setTopUp">): Outcome {
  const card = life.card(name);
  if (card.account === null) return "budget_card_not_fundable";
  if (card.deletedAt !== null) return "card_deleted";
  const { minimumTransfer, maximumBalance: most } = programs[card.program];
  const { threshold, amount, cap } = terms;
  if (amount < minimumTransfer) return "amount_too_low";
  const isBeyond = most !== null && (amount > most || threshold > most);
  if (isBeyond || (cap !== null && cap < amount)) return "auto_top_up_invalid";
  const rule = setRule(life.cardRules.get(card.account), terms, life.now(), aheadOf(card));
  if (rule === null) return "done";
  life.cardRules.set(card.account, rule);
  card.version += 1;
  return "done";
}

function removeTopUp(life: LifeState, card: CardModel): Outcome {
  if (card.deletedAt !== null) return "card_deleted";
  if (card.account !== null && life.cardRules.delete(card.account)) card.version += 1;
  return "done";
}

function setRefill(life: LifeState, { budget: name, ...terms }: Of<"setRefill">): Outcome {
  if (life.budget(name).status === "archived") return "budget_archived";
  if (terms.cap !== null && terms.cap < terms.amount) return "budget_refill_invalid";
  const rule = setRule(life.budgetRules.get(name), terms, life.now(), BUDGETS_AHEAD);
  if (rule !== null) life.budgetRules.set(name, rule);
  return "done";
}

/** What the cap of a month leaves of the amount. */
function wantedBy(rule: RuleModel, now: number, ahead: number): bigint {
  if (rule.cap === null) return rule.amount;
  const left = rule.cap - filledNow(rule, now, ahead);
  return left < rule.amount ? (left > 0n ? left : 0n) : rule.amount;
}

function fill(rule: RuleModel, amount: bigint, now: number, ahead: number): void {
  rule.filled = filledNow(rule, now, ahead) + amount;
  rule.month = startOfMonth(now, ahead);
}

/** Refills budgets until none wants anything. @returns whether anything came of it */
export function refillBudgets(life: LifeState, now: number): boolean {
  for (let rounds = 0; ; rounds += 1) {
    const due = [...life.budgets.values()].filter((budget) => isRefillDue(life, budget, now));
    if (due.length === 0) return rounds > 0;
    // Parents first; of one level the older.
    for (const budget of due.sort((one, other) => one.depth - other.depth)) {
      refill(life, budget, now);
    }
  }
}

function isRefillDue(life: LifeState, budget: BudgetModel, now: number): boolean {
  const rule = life.budgetRules.get(budget.name);
  if (rule === undefined || life.isSuspended) return false;
  const isOpen = life.pathOf(budget.name).every(({ status }) => status === "active");
  const isLow = life.money.available(budget.name) < rule.threshold;
  return isOpen && isLow && rule.stopped === null && rule.restsUntil <= now;
}

function refill(life: LifeState, { name, parent }: BudgetModel, now: number): void {
  const rule = life.budgetRules.get(name);
  if (rule === undefined) return;
  const amount = wantedBy(rule, now, BUDGETS_AHEAD);
  if (amount === 0n) {
    life.happens("budget rests");
    rule.restsUntil = startOfNextMonth(now, BUDGETS_AHEAD);
    return;
  }
  const outcome = life.move(parent ?? OWN, name, amount);
  life.happens(outcome === "done" ? "budget refilled" : "refill stopped");
  if (outcome === "done") fill(rule, amount, now, BUDGETS_AHEAD);
  else rule.stopped = outcome;
}

/** Why a rule stopped that goes on when money comes. */
const NO_MONEY = "insufficient_organization_balance";

/** Tops cards up until no rule wants anything. @returns whether anything came of it */
export function topUpCards(life: LifeState, now: number): boolean {
  for (let rounds = 0; ; rounds += 1) {
    const due = [...life.cards.values()].filter((card) => isTopUpDue(life, card, now));
    if (due.length === 0) return rounds > 0;
    for (const card of due) topUp(life, card, now);
  }
}

/** The rule of a card that answers for its account. */
function ruleOf(life: LifeState, { account, replacedBy }: CardModel): RuleModel | undefined {
  return account === null || replacedBy !== null ? undefined : life.cardRules.get(account);
}

/** What may still come onto a card by its program's maximum; null: any amount. */
function roomOn(life: LifeState, card: CardModel): bigint | null {
  const { maximumBalance } = programs[card.program];
  if (maximumBalance === null || card.account === null) return null;
  const { creditsPosted, debitsPosted } = life.money.sums(card.account);
  const stays = creditsPosted - debitsPosted - life.money.owes(card.account);
  return stays < maximumBalance ? maximumBalance - stays : 0n;
}

const hasMoney = (life: LifeState, card: CardModel, rule: RuleModel): boolean =>
  life.money.available(OWN) >= rule.amount + programs[card.program].topUp;

function isTopUpDue(life: LifeState, card: CardModel, now: number): boolean {
  const rule = ruleOf(life, card);
  if (rule === undefined || life.isSuspended) return false;
  if (statusRefusal("topUp", card, now) !== null) return false;
  if (rule.stopped !== null) return rule.stopped === NO_MONEY && hasMoney(life, card, rule);
  const isLow = life.money.available(life.accountOf(card)) < rule.threshold;
  const room = roomOn(life, card);
  const fits = room === null || room >= programs[card.program].minimumTransfer;
  return isLow && fits && rule.restsUntil <= now;
}

/** Once: less than the amount where the cap or the maximum leaves no more. */
function topUp(life: LifeState, card: CardModel, now: number): void {
  const rule = ruleOf(life, card);
  const { minimumTransfer, topUp: fee } = programs[card.program];
  if (rule === undefined || card.account === null) return;
  if (rule.stopped !== null) {
    if (!hasMoney(life, card, rule)) return;
    life.happens("top-up resumed");
    rule.stopped = null;
    card.version += 1;
  }
  if (life.money.available(card.account) >= rule.threshold) return;
  const wanted = wantedBy(rule, now, aheadOf(card));
  if (wanted < minimumTransfer) {
    life.happens("top-up rests");
    rule.restsUntil = startOfNextMonth(now, aheadOf(card));
    return;
  }
  const room = roomOn(life, card);
  const amount = room === null || room >= wanted ? wanted : room;
  if (amount < minimumTransfer) return;
  if (amount + fee > life.money.available(OWN)) {
    life.happens("top-up stopped");
    rule.stopped = NO_MONEY;
    card.version += 1;
    return;
  }
  life.happens(amount < rule.amount ? "card topped up with less" : "card topped up");
  life.move(OWN, card.account, amount);
  if (fee > 0n) life.move(OWN, FEES, fee);
  fill(rule, amount, now, aheadOf(card));
}
