import { owed } from "../ledger-model.ts";
import { endOfValidity } from "./calendar.ts";
import { FEES, type LifeState, OWN } from "./state.ts";
import {
  type CardModel,
  CUSTOMERS,
  isLive,
  type Of,
  type Outcome,
  programs,
  type RestrictionKind,
  statusRefusal,
  type VerbsOf,
} from "./terms.ts";

/** What people do with cards. */
export const cardVerbs = (
  life: LifeState,
): VerbsOf<
  | "issue"
  | "delete"
  | "replace"
  | "renew"
  | "freeze"
  | "unfreeze"
  | "block"
  | "unblock"
  | "revoke"
  | "grant"
  | "blockProgram"
> => ({
  issue: (operation) => issue(life, operation),
  delete: ({ card }) => remove(life, life.card(card)),
  replace: ({ card, fresh }) => replace(life, life.card(card), fresh),
  renew: ({ card }) => renew(life, life.card(card)),
  freeze: (operation) => restrict(life, "freeze", operation),
  block: (operation) => restrict(life, "block", operation),
  unfreeze: (operation) => lift(life, "freeze", operation),
  unblock: (operation) => lift(life, "block", operation),
  revoke: () => {
    life.isGranted = false;
    for (const card of life.livingOf(CUSTOMERS)) put(life, card, "block rule", null);
    return "done";
  },
  grant: () => {
    life.isGranted = true;
    for (const card of life.livingOf(CUSTOMERS)) take(card, "block rule");
    return "done";
  },
  blockProgram: ({ program }) => {
    life.ordered.add(program);
    return "done";
  },
});

/** Issues a card, as it is asked for alone or in a row of a batch. */
export function issue(
  life: LifeState,
  { card: name, program, amount, budget, transfer }: Of<"issue">,
): Outcome {
  const terms = programs[program];
  const above = budget === null ? [] : life.pathOf(budget);
  const problems = [
    life.isSuspended ? "organization_suspended" : null,
    terms.maximumBalance !== null && amount > terms.maximumBalance
      ? "initial_balance_too_high"
      : null,
    above[0]?.status === "archived" ? "budget_archived" : null,
    above[0]?.status !== "archived" && above.some(({ status }) => status === "frozen")
      ? "budget_frozen"
      : null,
    terms.issuance + amount > life.money.available(OWN)
      ? "insufficient_organization_balance"
      : null,
  ].filter((problem) => problem !== null);
  if (problems.length > 0) return `card_not_issuable: ${problems.join(", ")}`;
  const now = life.now();
  life.cards.set(name, {
    name,
    program,
    account: budget === null ? name : null,
    budget,
    expiresAt: endOfValidity(now, terms.validityMonths, terms.aheadHours),
    isExpiryRecorded: false,
    restrictions: new Map(),
    deletedAt: null,
    replacedBy: null,
    anchor: now,
    months: 0,
    version: 1,
  });
  if (budget === null) life.money.open(name);
  if (terms.issuance > 0n) life.move(OWN, FEES, terms.issuance);
  if (amount === 0n) return "done";
  life.move(OWN, name, amount);
  return life.record({ name: transfer, kind: "topUp", from: OWN, to: name, amount, card: name });
}

function remove(life: LifeState, card: CardModel): Outcome {
  const refusal = statusRefusal("delete", card, life.now());
  if (refusal !== null) return refusal;
  if (card.account !== null) {
    const debt = life.money.owes(card.account);
    if (debt > life.money.available(OWN)) return "receivable_outstanding";
    if (debt > 0n) life.move(OWN, owed(card.account), debt);
  }
  card.deletedAt = life.now();
  card.version += 1;
  life.sweep(card);
  if (card.account !== null) life.cardRules.delete(card.account);
  return "done";
}

function replace(life: LifeState, card: CardModel, fresh: string): Outcome {
  const { replacement, validityMonths, aheadHours } = programs[card.program];
  const now = life.now();
  const refusal = statusRefusal("replace", card, now);
  if (refusal !== null) return refusal;
  const problems = [
    ...(life.isSuspended ? ["organization_suspended"] : []),
    ...(replacement > life.money.available(OWN) ? ["insufficient_organization_balance"] : []),
  ];
  if (problems.length > 0) return `card_not_replaceable: ${problems.join(", ")}`;
  life.cards.set(fresh, {
    ...card,
    name: fresh,
    expiresAt: endOfValidity(now, validityMonths, aheadHours),
    isExpiryRecorded: false,
    restrictions: new Map(),
    version: 1,
  });
  card.deletedAt = now;
  card.replacedBy = fresh;
  card.version += 1;
  return replacement > 0n ? life.move(OWN, FEES, replacement) : "done";
}

function renew(life: LifeState, card: CardModel): Outcome {
  const { validityMonths, aheadHours } = programs[card.program];
  const refusal = statusRefusal("renew", card, life.now());
  if (refusal !== null) return refusal;
  if (life.isSuspended) return "card_not_renewable: organization_suspended";
  const expiresAt = endOfValidity(life.now(), validityMonths, aheadHours);
  if (expiresAt <= card.expiresAt) return "renewal_too_early";
  card.expiresAt = expiresAt;
  card.isExpiryRecorded = false;
  card.version += 1;
  return "done";
}

const DAY_MS = 86_400_000;

/** Whether a card renews by itself: from some days before its expiry to as many after it. */
export function renewsByItself(life: LifeState, card: CardModel, now: number): boolean {
  const { renewalDays } = programs[card.program];
  const awayMs = Math.abs(card.expiresAt - now);
  if (renewalDays === null || awayMs > renewalDays * DAY_MS) return false;
  if (renew(life, card) !== "done") return false;
  life.happens("card renewed");
  return true;
}

function restrict(
  life: LifeState,
  kind: RestrictionKind,
  { card: name, owner, endsAt }: Of<"freeze" | "block">,
): Outcome {
  const card = life.card(name);
  const refusal = statusRefusal(kind, card, life.now());
  if (refusal !== null) return refusal;
  put(life, card, `${kind} ${owner}`, endsAt);
  return "done";
}

/** Puts a restriction on a card; one that stands already is another only where its end is. */
export function put(
  life: LifeState,
  card: CardModel,
  key: string,
  endsAt: number | null | undefined,
): void {
  const standing = card.restrictions.get(key);
  const stands = standing !== undefined && isLive(standing, life.now());
  if (stands && (endsAt === undefined || endsAt === standing)) return;
  card.restrictions.set(key, endsAt ?? null);
  card.version += 1;
}

function take(card: CardModel, key: string): void {
  if (card.restrictions.delete(key)) card.version += 1;
}

function lift(
  life: LifeState,
  kind: RestrictionKind,
  { card: name, owner }: Of<"unfreeze" | "unblock">,
): Outcome {
  const card = life.card(name);
  const refusal = statusRefusal(`un${kind}`, card, life.now());
  if (refusal !== null) return refusal;
  take(card, `${kind} ${owner}`);
  return "done";
}
