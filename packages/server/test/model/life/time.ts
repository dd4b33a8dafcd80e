import { owed } from "../ledger-model.ts";
import { workOffBatches } from "./batches.ts";
import { monthsAfter } from "./calendar.ts";
import { put, renewsByItself } from "./cards.ts";
import { refillBudgets, topUpCards } from "./rules.ts";
import { type DueModel, type LifeState, OWN } from "./state.ts";
import { type CardModel, isLive, type Outcome, programs, statusOf, type VerbsOf } from "./terms.ts";

/** What happens by itself, and to the organization as a whole. */
export const timeVerbs = (
  life: LifeState,
): VerbsOf<"advance" | "jobs" | "restart" | "suspend" | "activate"> => ({
  advance: ({ ms }) => {
    life.offsetMs += ms;
    return "done";
  },
  jobs: () => runJobs(life),
  restart: () => "done",
  suspend: () => suspend(life, true),
  activate: () => suspend(life, false),
});

/** In the order of the platform's jobs, again and again until nothing is left to do. */
function runJobs(life: LifeState): Outcome {
  const now = life.now();
  const living = () => [...life.cards.values()].filter(({ deletedAt }) => deletedAt === null);
  const jobs: readonly (() => boolean)[] = [
    () => life.payDues(Number.POSITIVE_INFINITY) > 0,
    () => refillBudgets(life, now),
    () => living().filter((card) => recordExpiry(card, now)).length > 0,
    () => living().filter((card) => endRestrictions(card, now)).length > 0,
    () => living().filter((card) => renewsByItself(life, card, now)).length > 0,
    () => topUpCards(life, now),
    () => chargeMonths(life, now),
    () => workOffBatches(life),
    () => blockOrdered(life),
    () => collectDebts(life),
  ];
  for (;;) if (jobs.filter((job) => job()).length === 0) return "done";
}

function recordExpiry(card: CardModel, now: number): boolean {
  if (statusOf(card, now) !== "expired" || card.isExpiryRecorded) return false;
  card.isExpiryRecorded = true;
  card.version += 1;
  return true;
}

function endRestrictions(card: CardModel, now: number): boolean {
  let isDone = false;
  for (const kind of ["block", "freeze"]) {
    const ended = [...card.restrictions].filter(
      ([key, endsAt]) => key.startsWith(`${kind} `) && !isLive(endsAt, now),
    );
    for (const [key] of ended) card.restrictions.delete(key);
    if (ended.length > 0) card.version += 1;
    isDone ||= ended.length > 0;
  }
  return isDone;
}

function blockOrdered(life: LifeState): boolean {
  const isAny = life.ordered.size > 0;
  for (const program of life.ordered) {
    for (const card of life.livingOf(program)) put(life, card, "block platform", null);
  }
  life.ordered.clear();
  return isAny;
}

/** What nobody can bring money to any more: budgets first, as their ids are before those of cards. */
function collectDebts(life: LifeState): boolean {
  const accounts = [...life.budgets.keys(), ...life.cards.keys()];
  let isAny = false;
  for (const account of accounts.filter((name) => life.isClosed(name))) {
    const [debt, left] = [life.money.owes(account), life.money.available(OWN)];
    const amount = debt < left ? debt : left;
    if (amount === 0n) continue;
    life.move(OWN, owed(account), amount);
    life.happens("debt collected");
    isAny = true;
  }
  return isAny;
}

function chargeMonths(life: LifeState, now: number): boolean {
  const charges: DueModel[] = [];
  let isAny = false;
  for (const card of life.cards.values()) {
    const { monthly: amount, aheadHours } = programs[card.program];
    for (;;) {
      const dueAt = monthsAfter(card.anchor, card.months + 1, aheadHours);
      const isOver = card.replacedBy !== null || dueAt > (card.deletedAt ?? now);
      if (dueAt > now || isOver) break;
      card.months += 1;
      isAny = true;
      if (amount > 0n) charges.push({ card: card.name, amount, dueAt });
    }
  }
  life.dues.push(...charges.sort((left, right) => left.dueAt - right.dueAt));
  life.payDues(Number.POSITIVE_INFINITY);
  return isAny;
}

function suspend(life: LifeState, isSuspended: boolean): Outcome {
  life.isSuspended = isSuspended;
  return "done";
}
