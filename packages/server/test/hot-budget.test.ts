import assert from "node:assert/strict";
import test from "node:test";
import { Refusal } from "../src/foundation/errors/errors.ts";
import type { CardId, HoldId, OrganizationId } from "../src/foundation/ids/ids.ts";
import { type Settlement, settle } from "../src/issuing/cards/actions/settle.ts";
import { type CardBody, made, names, startCardTests } from "../src/issuing/cards/fixture.ts";
import { type Dice, dice, extent, proofSeed } from "./harness/proof.ts";
import type { CallAnswer, TestOrganization } from "./harness/server.ts";
import { inWork, newId } from "./harness/work.ts";
import { canHaveSeen, firstOutOfOrder, type History, type Span } from "./model/serial.ts";

/**
 * Many clients at one budget (PROOF B2). Each answer must be right for some serial order: the versions
 * of accounts and objects say in which order the changes happened, and their times what a refusal can
 * have seen.
 */
const CLIENTS = 64;
const STEPS = extent(20, 400);

const tests = await startCardTests();
const { server } = tests;

/** One thing that a client did, with its answer. */
type Deed = Span & {
  readonly verb: Verb;
  readonly on: string;
  readonly amount: number;
  readonly status: number;
  /** Why it was refused; null: it was not. */
  readonly code: string | null;
  readonly body: CardBody;
};

type Scene = {
  readonly own: TestOrganization;
  readonly root: string;
  readonly typeId: string;
  readonly card: CardId;
  /** Sub-budgets of the root. */
  readonly subs: readonly string[];
  /** Holds that some client opened and nobody has taken up. */
  readonly holds: HoldId[];
};

type Act = (
  scene: Scene,
  on: string,
  amount: number,
) => Promise<Pick<CallAnswer, "status" | "body">>;

const post =
  (path: (on: string) => string, body: (amount: number, scene: Scene) => object): Act =>
  (scene, on, amount) =>
    scene.own.call("POST", path(on), body(amount, scene));

/** What the network does, as there is no other way in yet; a refusal is an answer. */
const network =
  (stepOf: (scene: Scene, amount: number) => Settlement | null): Act =>
  async (scene, _, amount) => {
    const step = stepOf(scene, amount);
    if (step === null) return { status: 204, body: null };
    const { database, context } = server;
    const id = scene.own.id as OrganizationId;
    const act = inWork(database.app, id, context.keys, (work) => settle(work, scene.card, step));
    return act.then(
      (body) => {
        if (step.verb === "hold") scene.holds.push(step.holdId);
        return { status: 200, body };
      },
      (error: unknown) => {
        if (error instanceof Refusal) return { status: 422, body: { code: error.code } };
        throw error;
      },
    );
  };

const takeHold = ({ holds }: Scene): HoldId | null => holds.shift() ?? null;

const money = (amount: number) => ({ amount });
const verbs = {
  topUpRoot: post((on) => `/budgets/${on}/top-up`, money),
  withdrawRoot: post((on) => `/budgets/${on}/withdraw`, money),
  topUpSub: post((on) => `/budgets/${on}/top-up`, money),
  withdrawSub: post((on) => `/budgets/${on}/withdraw`, money),
  archiveSub: post(
    (on) => `/budgets/${on}/archive`,
    () => ({}),
  ),
  freeze: post(
    (on) => `/budgets/${on}/freeze`,
    () => ({ reason: "check" }),
  ),
  unfreeze: post(
    (on) => `/budgets/${on}/unfreeze`,
    () => ({}),
  ),
  issue: post(
    () => "/cards",
    (_, { typeId, root }) => ({ typeId, budgetId: root, ...names }),
  ),
  limit: ({ own }, on, amount) =>
    own.call("PATCH", `/budgets/${on}`, { limits: [{ kind: "perAuthorization", amount }] }),
  hold: network((_, amount) => ({
    verb: "hold",
    holdId: newId("hold"),
    amount: BigInt(amount),
    expiresAt: null,
  })),
  capture: network((scene, amount) => {
    const holdId = takeHold(scene);
    return holdId && { verb: "capture", holdId, amount: BigInt(amount), final: true };
  }),
  release: network((scene) => {
    const holdId = takeHold(scene);
    return holdId && { verb: "release", holdId, amount: "all" };
  }),
} as const satisfies Record<string, Act>;

type Verb = keyof typeof verbs;

/** Which verbs are tried how often. */
const chances: readonly (readonly [Verb, number])[] = [
  ["topUpRoot", 6],
  ["withdrawRoot", 6],
  ["topUpSub", 5],
  ["withdrawSub", 4],
  ["archiveSub", 4],
  ["freeze", 6],
  ["unfreeze", 6],
  ["issue", 10],
  ["limit", 2],
  ["hold", 4],
  ["capture", 2],
  ["release", 2],
];
const deck = chances.flatMap(([verb, times]) => Array.from({ length: times }, () => verb));

async function step(scene: Scene, { pick, roll }: Dice): Promise<Deed> {
  const verb = pick(deck);
  const on = verb.endsWith("Sub") ? pick(scene.subs) : scene.root;
  const amount = 1 + roll(verb.startsWith("withdraw") || verb === "hold" ? 900 : 500);
  const begun = performance.now();
  const { status, body } = await verbs[verb](scene, on, amount);
  const code = status < 300 ? null : (body.errors?.[0]?.code ?? body.code);
  return { verb, on, amount, status, code, body, begun, ended: performance.now() };
}

async function makeScene(): Promise<Scene> {
  const own = await tests.organization(1_000_000);
  const { id: root, typeId } = await tests.budget(own);
  made(await own.call("POST", `/budgets/${root}/top-up`, { amount: 500 }));
  const subs: string[] = [];
  for (let at = 0; at < 12; at += 1) {
    const body = { name: `Sub ${at}`, currency: "EUR", typeIds: [typeId], parentId: root };
    subs.push(made(await own.call("POST", "/budgets", body)).id);
  }
  const card = made(await own.call("POST", "/cards", { typeId, budgetId: root, ...names }));
  return { own, root, typeId, card: card.id, subs, holds: [] };
}

/** Every page of a list, first to last. */
async function all({ own }: Scene, path: string): Promise<CardBody[]> {
  const rows: CardBody[] = [];
  for (let cursor = ""; ; ) {
    const page = made(await own.call("GET", `${path}&limit=100${cursor}`));
    rows.push(...page.data);
    if (page.nextCursor === null) return rows.toReversed();
    cursor = `&cursor=${page.nextCursor}`;
  }
}

/** The whole stream of events. */
async function streamOf({ own }: Scene): Promise<CardBody[]> {
  const events: CardBody[] = [];
  for (let after = 0; ; ) {
    const page = made(await own.call("GET", `/events?after=${after}&limit=100`));
    if (page.data.length === 0) return events;
    events.push(...page.data);
    after = page.data.at(-1).sequence;
  }
}

/** What the root owes, among the histories of money. */
const OWED = "owed";

/** Of what was there before the clients came. */
const BEFORE: Span = { begun: 0, ended: 0 };

type Side = { accountId: string; version: number } & Record<string, string>;

const availableOf = (side: Side): number =>
  Number(side.creditsPosted) - Number(side.debitsPosted) - Number(side.debitsPending);

/**
 * What is available on a budget's account, or owed on the receivable beside it, row by row; asserts that
 * its versions have no gap.
 */
async function moneyOf(
  scene: Scene,
  type: "budget" | "receivable",
  budget: string,
  deeds: readonly Deed[],
) {
  const accountId = `acc_${type}_${budget}_EUR`;
  const sign = type === "budget" ? 1 : -1;
  const spans = new Map<string, Span>();
  for (const deed of deeds) {
    const ids = deed.body?.journalIds ?? deed.body?.posted?.map((row: CardBody) => row.journalId);
    for (const id of ids ?? []) spans.set(id, deed);
  }
  const history = { states: [0], changes: [] as Span[] };
  for (const entry of await all(scene, `/ledger/entries?accountId=${accountId}`)) {
    const side: Side = entry.debit?.accountId === accountId ? entry.debit : entry.credit;
    assert.equal(side.version, history.states.length, "versions of an account have no gap");
    const room = sign * availableOf(side);
    assert.ok(room >= 0, "nothing is ever below zero");
    history.states.push(room);
    // What is owed is paid right after what came in, by the same deed.
    const cause = entry.kind === "receivable_repaid" ? history.changes.at(-1) : spans.get(entry.id);
    history.changes.push(cause ?? BEFORE);
  }
  return history;
}

/** The status of a budget after each of its versions that changed it. */
function statusOf(budget: string, events: readonly CardBody[], deeds: readonly Deed[]) {
  const spans = new Map<number, Span>();
  for (const { code, body, begun, ended } of deeds) {
    if (code !== null || body?.id !== budget) continue;
    // An answer that changed nothing shows the version of another: it came after that one was made.
    const known = spans.get(body.version) ?? { begun, ended };
    spans.set(body.version, {
      begun: Math.min(begun, known.begun),
      ended: Math.min(ended, known.ended),
    });
  }
  const own = events.filter(({ objectId }) => objectId === budget);
  assert.deepEqual(
    own.map(({ objectVersion }) => objectVersion),
    own.map((_, index) => index + 1),
    "each version of a budget has its event, in order",
  );
  return {
    states: own.map(({ data }) => data.object.status as string),
    changes: own.slice(1).map((event) => spans.get(event.objectVersion) ?? BEFORE),
  };
}

test("B2: 64 clients at one hot budget: each answer is right for some serial order, and the laws hold", async () => {
  const seed = proofSeed();
  const scene = await makeScene();
  const deeds = (
    await Promise.all(
      Array.from({ length: CLIENTS }, async (_, client) => {
        const own: Deed[] = [];
        const dealt = dice(seed + client);
        for (let done = 0; done < STEPS; done += 1) own.push(await step(scene, dealt));
        return own;
      }),
    )
  ).flat();
  await server.sequence();
  const unexpected = deeds.filter(({ status }) => status >= 500 || status === 404);
  assert.deepEqual(unexpected, []);
  const events = await streamOf(scene);
  const statuses = new Map<string, History<string>>();
  const moneys = new Map<string, History<number>>();
  for (const budget of [scene.root, ...scene.subs]) {
    statuses.set(budget, statusOf(budget, events, deeds));
    moneys.set(budget, await moneyOf(scene, "budget", budget, deeds));
  }
  moneys.set(OWED, await moneyOf(scene, "receivable", scene.root, deeds));
  for (const history of [...moneys.values(), ...statuses.values()]) {
    assert.equal(firstOutOfOrder(history), null, "versions follow the times of the answers");
    const known = history.changes.findIndex((change) => change !== BEFORE);
    if (known !== -1)
      assert.ok(!history.changes.slice(known).includes(BEFORE), "each is a client's");
  }
  const count = judge(scene, deeds, moneys, statuses);
  assertOrderOf(events, scene);
  for (const [what, least] of [
    ["withdrawRoot insufficient_budget_balance", 1],
    ["issue budget_frozen", 1],
    ["archiveSub", 1],
    ["topUpSub budget_archived", 1],
  ] as const) {
    assert.ok((count.get(what) ?? 0) >= least, `${what} happened in ${[...count.keys()]}`);
  }
  await tests.lawsHold(scene.own);
});

/** Whether each refusal can have been right. @returns how often what happened */
function judge(
  scene: Scene,
  deeds: readonly Deed[],
  moneys: ReadonlyMap<string, History<number>>,
  statuses: ReadonlyMap<string, History<string>>,
): Map<string, number> {
  const count = new Map<string, number>();
  for (const deed of deeds) {
    const { verb, on, amount, code } = deed;
    const what = code === null ? verb : `${verb} ${code}`;
    count.set(what, (count.get(what) ?? 0) + 1);
    if (code === null) continue;
    const money = (budget: string, isRight: (available: number) => boolean) =>
      canHaveSeen(moneys.get(budget) as History<number>, deed, isRight);
    const status = (budget: string, wanted: string) =>
      canHaveSeen(statuses.get(budget) as History<string>, deed, (state) => state === wanted);
    const isOwed = () => money(OWED, (owed) => owed > 0);
    const reasons: Readonly<Record<string, () => boolean>> = {
      "withdrawRoot insufficient_budget_balance": () => money(on, (left) => left < amount),
      "withdrawSub insufficient_budget_balance": () => money(on, (left) => left < amount),
      "topUpSub insufficient_budget_balance": () => money(scene.root, (left) => left < amount),
      "hold insufficient_budget_balance": () => money(on, (left) => left < amount),
      "topUpSub budget_archived": () => status(on, "archived"),
      "withdrawSub budget_archived": () => status(on, "archived"),
      "withdrawRoot receivable_outstanding": isOwed,
      "topUpSub receivable_outstanding": isOwed,
      "archiveSub budget_archived": () => status(on, "archived"),
      "archiveSub budget_not_empty": () => money(on, (left) => left > 0),
      "issue budget_frozen": () => status(scene.root, "frozen"),
    };
    assert.ok(reasons[what]?.(), `${what} of ${amount} on ${on} was not right at any time`);
  }
  return count;
}

/** Nothing is issued from a frozen budget, and nothing moves on an archived one. */
function assertOrderOf(events: readonly CardBody[], scene: Scene): void {
  let isFrozen = false;
  let issued = 0;
  const archived = new Set<string>();
  for (const { type, objectId, data } of events) {
    if (type === "budget.frozen" && objectId === scene.root) isFrozen = true;
    if (type === "budget.unfrozen" && objectId === scene.root) isFrozen = false;
    if (type === "budget.archived") archived.add(objectId);
    if (type === "card.issued") {
      issued += 1;
      assert.ok(!isFrozen, "a card was issued from a frozen budget");
    }
    if (type.startsWith("transfer.") && data.object.budgetId !== null) {
      const { budgetId } = data.object;
      assert.ok(!archived.has(budgetId), `money moved on ${budgetId} after it was archived`);
    }
  }
  assert.ok(issued > 1 && archived.size > 0, `${issued} cards, ${archived.size} archived`);
}
