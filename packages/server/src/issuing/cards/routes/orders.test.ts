import assert from "node:assert/strict";
import test from "node:test";
import { extent } from "../../../../test/harness/proof.ts";
import type { TestOrganization } from "../../../../test/harness/server.ts";
import { inWork, newId } from "../../../../test/harness/work.ts";
import { Refusal } from "../../../foundation/errors/errors.ts";
import type { CardId, HoldId, OrganizationId } from "../../../foundation/ids/ids.ts";
import { type Settlement, settle } from "../actions/settle.ts";
import { type CardBody, made, names, startCardTests } from "../fixture.ts";
import type { CardModel } from "../model.ts";

const tests = await startCardTests();
const { server } = tests;
const DAY_MS = 86_400_000;

const INITIAL = 1_000;
const HELD = 400;

/** What the network does with a hold of 400 of a card's 1,000: for what it still holds, the amounts. */
const brings = {
  release: (holdId: HoldId): Settlement => ({ verb: "release", holdId, amount: 100n }),
  "partial capture": (holdId: HoldId): Settlement => captures(holdId, 120, false),
  "full capture": (holdId: HoldId, held: number): Settlement => captures(holdId, held, true),
  "over-capture": (holdId: HoldId, held: number): Settlement => captures(holdId, held + 50, true),
  refund: (): Settlement => ({ verb: "refund", amount: 30n }),
} as const;
type Brought = keyof typeof brings;
const everything = Object.keys(brings) as Brought[];

const captures = (holdId: HoldId, amount: number, final: boolean): Settlement => ({
  verb: "capture",
  holdId,
  amount: BigInt(amount),
  final,
});

const lives = ["replace", "renew", "delete"] as const;
type Life = (typeof lives)[number];
type Step = Brought | Life;

function ordersOf(steps: readonly Step[]): Step[][] {
  if (steps.length === 0) return [[]];
  return steps.flatMap((first) =>
    ordersOf(steps.filter((each) => each !== first)).map((rest) => [first, ...rest]),
  );
}

/** Every choice of so many. */
function choices<T>(of: readonly T[], count: number): T[][] {
  if (count === 0) return [[]];
  return of.flatMap((first, at) =>
    choices(of.slice(at + 1), count - 1).map((rest) => [first, ...rest]),
  );
}

/** A deleted card is neither replaced nor renewed. */
const isPossible = (order: readonly Step[]) =>
  !order.includes("delete") ||
  lives.every((life) => order.indexOf(life) <= order.indexOf("delete"));

/** Where the money is, told by what has been done alone. */
type Told = { held: number; spent: number; isOpen: boolean; isGone: boolean };

/** What comes of a step; the code where it is refused. */
function tell(told: Told, step: Step): string | null {
  if (step === "delete") told.isGone = true;
  if (step === "refund") told.spent -= 30;
  if (step === "replace" || step === "renew" || step === "delete" || step === "refund") return null;
  if (!told.isOpen) return "hold_already_resolved";
  const captured = {
    release: 0,
    "partial capture": 120,
    "full capture": told.held,
    "over-capture": told.held + 50,
  }[step];
  told.spent += captured;
  told.isOpen = step === "release" || step === "partial capture";
  told.held = told.isOpen ? told.held - (step === "release" ? 100 : 120) : 0;
  return null;
}

type Case = { readonly card: CardBody; readonly holdId: HoldId; last: CardBody };

const settles = (own: TestOrganization, card: CardBody, step: Settlement) =>
  inWork(server.database.app, own.id as OrganizationId, server.context.keys, (work) =>
    settle(work, card.id as CardId, step),
  );

async function live(own: TestOrganization, the: Case, step: Life): Promise<void> {
  const path = `/cards/${the.last.id}`;
  if (step === "delete") return void made(await own.call("DELETE", path));
  const body = step === "replace" ? { reason: "lost" } : {};
  the.last = made(await own.call("POST", `${path}/${step}`, body));
}

/** What the network brings is always for the card that it knows: the first. */
async function bring(own: TestOrganization, the: Case, step: Brought, held: number) {
  try {
    await settles(own, the.card, brings[step](the.holdId, held));
    return null;
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
}

type World = {
  readonly own: TestOrganization;
  readonly cases: Case[];
  /** What is on the card, or on its budget, and with the organization. */
  balances(the: Case): Promise<readonly [posted: number, held: number, owed: number, own: number]>;
};

/** An organization with a card for each order, all of them old enough to be renewed. */
async function worldOf(model: CardModel, count: number): Promise<World> {
  const own = await tests.organization();
  const typeId = await tests.program({ model, validityMonths: 1 });
  const cases: Case[] = [];
  for (let at = 0; at < count; at += 1) {
    const budget = { name: `Budget ${at}`, currency: "EUR", typeIds: [typeId] };
    const money =
      model === "card"
        ? { initialBalance: INITIAL }
        : { budgetId: made(await own.call("POST", "/budgets", budget)).id };
    if (model === "budgetCard") {
      made(await own.call("POST", `/budgets/${money.budgetId}/top-up`, { amount: INITIAL }));
    }
    const card = made(await own.call("POST", "/cards", { typeId, ...names, ...money }));
    const holdId = newId("hold");
    const amount = BigInt(HELD);
    await settles(own, card, { verb: "hold", holdId, amount, expiresAt: null });
    cases.push({ card, holdId, last: card });
  }
  await tests.advance(own, 40 * DAY_MS);
  return {
    own,
    cases,
    async balances({ card }) {
      const path = model === "card" ? `/cards/${card.id}` : `/budgets/${card.budgetId}`;
      const { posted, held, owed } = made(await own.call("GET", path)).balances;
      return [posted, held, owed, await tests.available(own)];
    },
  };
}

async function follow(world: World, model: CardModel, the: Case, order: readonly Step[]) {
  const { own } = world;
  const before = await tests.available(own);
  const told: Told = { held: HELD, spent: 0, isOpen: true, isGone: false };
  const done: Step[] = [];
  for (const step of order) {
    const { held } = told;
    const expected = tell(told, step);
    done.push(step);
    const isLife = step === "replace" || step === "renew" || step === "delete";
    const answer = isLife ? await live(own, the, step) : await bring(own, the, step, held);
    assert.equal(answer ?? null, expected, done.join(", "));
    const left = INITIAL - told.spent;
    const isSwept = told.isGone && model === "card";
    const onCard = isSwept ? told.held : left;
    const expectedBalances = [onCard, told.held, 0, before + (isSwept ? left - told.held : 0)];
    assert.deepEqual(await world.balances(the), expectedBalances, done.join(", "));
  }
  if (told.isOpen) {
    await settles(own, the.card, { verb: "release", holdId: the.holdId, amount: "all" });
  }
  const left = INITIAL - told.spent;
  const isSwept = told.isGone && model === "card";
  const end = [isSwept ? 0 : left, 0, 0, before + (isSwept ? left : 0)];
  assert.deepEqual(await world.balances(the), end, order.join(", "));
}

const LANES = 6;

/** Follows every order of a life with each choice of so many of what the network may bring. */
function everyOrder(model: CardModel, life: readonly Life[], count: number): void {
  const chosen = choices(everything, count);
  const title = `${life.join(" and ")} among every order of ${count} of what the network brings`;
  test(`A2: no money is lost or doubled by ${title}, model ${model}`, async () => {
    const orders = chosen.flatMap((set) => ordersOf([...life, ...set])).filter(isPossible);
    const lanes = Array.from({ length: LANES }, (_, lane) =>
      orders.filter((_, at) => at % LANES === lane),
    );
    await Promise.all(
      lanes.map(async (lane) => {
        const world = await worldOf(model, lane.length);
        for (const [at, order] of lane.entries()) {
          await follow(world, model, world.cases[at] as Case, order);
        }
        await tests.lawsHold(world.own);
      }),
    );
  });
}

const MOST = extent(3, everything.length);
for (const life of lives) everyOrder("card", [life], MOST);
for (const life of lives) everyOrder("budgetCard", [life], 2);
everyOrder("card", ["replace", "delete"], 2);
everyOrder("card", ["renew", "delete"], 2);
