import { monthsAfter } from "./calendar.ts";
import { put } from "./cards.ts";
import type { DueModel, LifeState } from "./state.ts";
import { isLive, type Outcome, programs, statusOf, type VerbsOf } from "./terms.ts";

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

function runJobs(life: LifeState): Outcome {
  const now = life.now();
  life.payDues(Number.POSITIVE_INFINITY);
  for (const card of life.cards.values()) {
    if (card.deletedAt !== null) continue;
    if (statusOf(card, now) === "expired" && !card.isExpiryRecorded) {
      card.isExpiryRecorded = true;
      card.version += 1;
    }
    for (const kind of ["block", "freeze"]) {
      const ended = [...card.restrictions].filter(
        ([key, endsAt]) => key.startsWith(`${kind} `) && !isLive(endsAt, now),
      );
      for (const [key] of ended) card.restrictions.delete(key);
      if (ended.length > 0) card.version += 1;
    }
  }
  for (const program of life.ordered) {
    for (const card of life.livingOf(program)) put(life, card, "block platform", null);
  }
  life.ordered.clear();
  chargeMonths(life, now);
  return "done";
}

function chargeMonths(life: LifeState, now: number): void {
  const charges: DueModel[] = [];
  for (const card of life.cards.values()) {
    const { monthly: amount, aheadHours } = programs[card.program];
    for (;;) {
      const dueAt = monthsAfter(card.anchor, card.months + 1, aheadHours);
      const isOver = card.replacedBy !== null || dueAt > (card.deletedAt ?? now);
      if (dueAt > now || isOver) break;
      card.months += 1;
      if (amount > 0n) charges.push({ card: card.name, amount, dueAt });
    }
  }
  life.dues.push(...charges.sort((left, right) => left.dueAt - right.dueAt));
  life.payDues(Number.POSITIVE_INFINITY);
}

function suspend(life: LifeState, isSuspended: boolean): Outcome {
  life.isSuspended = isSuspended;
  return "done";
}
