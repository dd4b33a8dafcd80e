import { type LifeState, NETWORK, OWN } from "./state.ts";
import type { CardModel, Of, Outcome, VerbsOf } from "./terms.ts";

/** What the network brings, whatever the status of the card. */
export const networkVerbs = (
  life: LifeState,
): VerbsOf<"hold" | "release" | "capture" | "refund" | "force"> => ({
  hold: (operation) => hold(life, operation),
  release: ({ hold, amount }) =>
    settle(life, cardOf(life, hold), () => life.money.do({ verb: "release", hold, amount })),
  capture: ({ hold, amount, final }) =>
    settle(life, cardOf(life, hold), (fallback) =>
      life.money.do({ verb: "capture", hold, amount, released: undefined, final, fallback }),
    ),
  refund: (operation) => refund(life, operation),
  force: ({ card, amount }) =>
    settle(life, life.card(card), (fallback) => {
      const from = [life.accountOf(life.card(card)), ...fallback];
      return life.money.do({ verb: "force", from, to: NETWORK, amount });
    }),
});

function hold(life: LifeState, { card: name, hold, amount }: Of<"hold">): Outcome {
  const on = life.accountOf(life.card(name));
  if (life.isClosed(on)) return "account_closed";
  const outcome = life.money.do({ verb: "hold", hold, on, amount });
  if (outcome !== "done") return life.insufficient(on);
  life.holds.set(hold, name);
  return "done";
}

/** What the network brings is done whatever the status; the organization pays for what is gone. */
function settle(
  life: LifeState,
  card: CardModel,
  act: (fallback: readonly string[]) => Outcome,
): Outcome {
  const outcome = act(life.isClosed(life.accountOf(card)) ? [OWN] : []);
  if (outcome === "done") life.sweep(card);
  return outcome;
}

function refund(life: LifeState, { card: name, amount }: Of<"refund">): Outcome {
  const card = life.card(name);
  const account = life.accountOf(card);
  const isArchived = life.budgets.get(account)?.status === "archived";
  const debt = life.money.owes(account);
  return settle(life, card, () => {
    if (!isArchived) return life.move(NETWORK, account, amount);
    const paid = debt < amount ? debt : amount;
    if (paid > 0n) life.move(NETWORK, account, paid);
    return paid < amount ? life.move(NETWORK, OWN, amount - paid) : "done";
  });
}

function cardOf(life: LifeState, hold: string): CardModel {
  return life.card(life.holds.get(hold) ?? "");
}
