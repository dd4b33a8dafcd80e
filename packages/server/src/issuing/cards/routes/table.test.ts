import assert from "node:assert/strict";
import test from "node:test";
import type { CallAnswer, TestOrganization } from "../../../../test/harness/server.ts";
import { inWork, newId } from "../../../../test/harness/work.ts";
import type { CardId, HoldId, OrganizationId } from "../../../foundation/ids/ids.ts";
import { type Settlement, settle } from "../actions/settle.ts";
import { type CardBody, type Fields, made, names, startCardTests } from "../fixture.ts";
import { type CardModel, cardModels } from "../model.ts";

const tests = await startCardTests();
const { server } = tests;
const DAY_MS = 86_400_000;

/**
 * PRODUCT §5's table of what may be done in which status, with the columns that its notes add: `replaced`
 * is deleted by a replacement; `law` is a block of compliance; `old` ones have expired as well.
 *
 * `no` is refused with the code of the status that is shown, `law` with `compliance_restriction`, `block`
 * with `card_blocked`. What is undone of a replaced card is its replacement's. Of money the word says where it then is: on the `card`, its `heir`, or with the `org`.
 */
const TABLE = `
                     active frozen blocked expired deleted replaced law   old-block old-law
  top up             yes    yes    no      no      no      no       no    no        no
  undo a withdrawal  yes    yes    no      no      no      yes      no    no        no
  withdraw           yes    yes    yes     yes     no      no       law   yes       law
  undo a top-up      yes    yes    yes     yes     no      yes      law   yes       law
  delete             yes    yes    yes     yes     no      no       law   yes       law
  freeze             yes    yes    yes     no      no      no       yes   no        no
  unfreeze           yes    yes    yes     no      no      no       yes   no        no
  block              yes    yes    yes     yes     no      no       yes   yes       yes
  unblock            yes    yes    yes     yes     no      no       yes   yes       yes
  replace            yes    yes    no      yes     no      no       no    block     block
  renew              yes    yes    no      yes     no      no       no    block     block
  change label       yes    yes    yes     yes     no      no       yes   yes       yes
  change metadata    yes    yes    yes     yes     no      no       yes   yes       yes
  read               yes    yes    yes     yes     yes     yes      yes   yes       yes
  find in a list     yes    yes    yes     yes     yes     yes      yes   yes       yes
  read history       yes    yes    yes     yes     yes     yes      yes   yes       yes
  read balances      yes    yes    yes     yes     yes     yes      yes   yes       yes
  read statement     yes    yes    yes     yes     yes     yes      yes   yes       yes
  read transfers     yes    yes    yes     yes     yes     yes      yes   yes       yes
  read entries       yes    yes    yes     yes     yes     yes      yes   yes       yes
  read receivables   yes    yes    yes     yes     yes     yes      yes   yes       yes
  clear a hold       card   card   card    card    org     heir     card  card      card
  clear in part      card   card   card    card    org     heir     card  card      card
  clear above it     card   card   card    card    org     heir     card  card      card
  clear without one  card   card   card    card    org     heir     card  card      card
  reverse in part    card   card   card    card    org     heir     card  card      card
  reverse a hold     card   card   card    card    org     heir     card  card      card
  refund             card   card   card    card    org     heir     card  card      card`;

/** Rows of the table about a card's own account, which a budget card has not. */
const OWN_FUNDS = [
  "top up",
  "undo a withdrawal",
  "withdraw",
  "undo a top-up",
  "read balances",
  "read statement",
];

/** A card of the table: issued, with 100 put on it and 50 taken back, and 400 of the rest held. */
type Case = {
  readonly own: TestOrganization;
  readonly card: CardBody;
  /** The card that replaced it. */
  readonly heir: CardBody | null;
  readonly holdId: HoldId;
  readonly topUp: string | null;
  readonly withdrawal: string | null;
};

const post = (own: TestOrganization, { id }: CardBody, verb: string, body: Fields = {}) =>
  own.call("POST", `/cards/${id}/${verb}`, body);
const get = (own: TestOrganization, path: string) => own.call("GET", path);
const read = async (own: TestOrganization, { id }: CardBody): Promise<CardBody> =>
  made(await get(own, `/cards/${id}`));
const asPlatform = ({ id }: CardBody, verb: string, body: Fields = {}) =>
  server.call("POST", `/cards/${id}/${verb}`, body);
const settles = ({ own, card }: Pick<Case, "own" | "card">, step: Settlement) =>
  inWork(server.database.app, own.id as OrganizationId, server.context.keys, (work) =>
    settle(work, card.id as CardId, step),
  );

type Into = (own: TestOrganization, card: CardBody) => Promise<CardBody>;

const blocked: Into = (_, card) => asPlatform(card, "block", { reason: "fraud" });
const byLaw: Into = (_, card) =>
  asPlatform(card, "block", { reason: "sanctions", owner: "compliance" });
const aged: Into = (own) => tests.advance(own, 100 * DAY_MS);

/** How a card comes into a column of the table, and the status that it then shows. */
const columns: Readonly<Record<string, readonly [status: string, ...steps: Into[]]>> = {
  active: ["active"],
  frozen: ["frozen", (own, card) => post(own, card, "freeze")],
  blocked: ["blocked", blocked],
  expired: ["expired", aged],
  deleted: ["deleted", (own, card) => own.call("DELETE", `/cards/${card.id}`)],
  replaced: ["deleted", (own, card) => post(own, card, "replace", { reason: "lost" })],
  law: ["blocked", byLaw],
  "old-block": ["expired", blocked, aged],
  "old-law": ["expired", byLaw, aged],
};

type Verb = (the: Case) => Promise<CallAnswer>;

const undo = (own: TestOrganization, id: string | null) =>
  own.call("POST", `/transfers/${id}/reverse`, {});

const verbs: Readonly<Record<string, Verb>> = {
  "top up": ({ own, card }) => post(own, card, "top-up", { amount: 5 }),
  "undo a withdrawal": ({ own, withdrawal }) => undo(own, withdrawal),
  withdraw: ({ own, card }) => post(own, card, "withdraw", { amount: 5 }),
  "undo a top-up": ({ own, topUp }) => undo(own, topUp),
  delete: ({ own, card }) => own.call("DELETE", `/cards/${card.id}`),
  freeze: ({ own, card }) => post(own, card, "freeze", { requestedBy: "cardholder" }),
  unfreeze: ({ own, card }) => post(own, card, "unfreeze"),
  block: ({ card }) => asPlatform(card, "block", { reason: "review" }),
  unblock: ({ card }) => asPlatform(card, "unblock"),
  replace: ({ own, card }) => post(own, card, "replace", { reason: "lost" }),
  renew: ({ own, card }) => post(own, card, "renew"),
  "change label": ({ own, card }) => own.call("PATCH", `/cards/${card.id}`, { label: "New" }),
  "change metadata": ({ own, card }) =>
    own.call("PATCH", `/cards/${card.id}`, { metadata: { team: "north" } }),
  read: ({ own, card }) => get(own, `/cards/${card.id}`),
  "find in a list": ({ own, card }) => get(own, `/cards?status=${card.status}`),
  "read history": ({ own, card }) => get(own, `/cards/${card.id}/status-history`),
  "read balances": ({ own, card }) => get(own, `/cards/${card.id}/balances`),
  "read statement": ({ own, card }) => get(own, `/cards/${card.id}/statements`),
  "read transfers": ({ own, card }) => get(own, `/transfers?cardId=${card.id}`),
  "read entries": ({ own, card }) => get(own, `/ledger/entries?cardId=${card.id}`),
  "read receivables": ({ own, card }) => get(own, `/receivables?cardId=${card.id}`),
};

/** What the network brings, and what of the card's money is spent when nothing is held any more. */
const money: Readonly<Record<string, (holdId: HoldId) => [Settlement, spent: number]>> = {
  "clear a hold": (holdId) => [{ verb: "capture", holdId, amount: 400n, final: true }, 400],
  "clear in part": (holdId) => [{ verb: "capture", holdId, amount: 150n, final: true }, 150],
  "clear above it": (holdId) => [{ verb: "capture", holdId, amount: 450n, final: true }, 450],
  "clear without one": () => [{ verb: "forcedDebit", amount: 30n }, 30],
  "reverse in part": (holdId) => [{ verb: "release", holdId, amount: 100n }, 0],
  "reverse a hold": (holdId) => [{ verb: "release", holdId, amount: "all" }, 0],
  refund: () => [{ verb: "refund", amount: 20n }, -20],
};

/** After these something is still held. */
const LEAVES_OPEN = ["clear without one", "reverse in part", "refund"];

const INITIAL = 1_000;

async function issued(own: TestOrganization, model: CardModel): Promise<CardBody> {
  const terms = { validityMonths: 3 };
  if (model === "card") return tests.card(own, { initialBalance: INITIAL }, terms);
  const typeId = await tests.program({ model, ...terms });
  const budget = { name: "Travel", currency: "EUR", typeIds: [typeId] };
  const { id: budgetId } = made(await own.call("POST", "/budgets", budget));
  made(await own.call("POST", `/budgets/${budgetId}/top-up`, { amount: INITIAL }));
  return made(await own.call("POST", "/cards", { typeId, ...names, budgetId }));
}

/** A card of a column; it is old enough to be renewed. */
async function caseOf(column: string, model: CardModel): Promise<Case> {
  const own = await tests.organization(10_000);
  const card = await issued(own, model);
  await tests.advance(own, 40 * DAY_MS);
  const funds = async (verb: string, amount: number): Promise<string | null> =>
    model === "card" ? made(await post(own, card, verb, { amount })).id : null;
  const topUp = await funds("top-up", 100);
  const withdrawal = await funds("withdraw", 50);
  const holdId = newId("hold");
  await settles({ own, card }, { verb: "hold", holdId, amount: 400n, expiresAt: null });
  const [status, ...steps] = columns[column] ?? ["unknown"];
  for (const step of steps) {
    const answer = await step(own, card);
    if (answer !== undefined) made(answer);
  }
  const now = await read(own, card);
  assert.equal(now.status, status, `brought into ${column}`);
  const heir = now.replacedBy === null ? null : await read(own, { id: now.replacedBy });
  return { own, card: now, heir, holdId, topUp, withdrawal };
}

const meanings: Readonly<Record<string, (status: string) => string>> = {
  no: (status) => `card_${status}`,
  law: () => "compliance_restriction",
  block: () => "card_blocked",
};

async function judgeVerb(the: Case, name: string, cell: string): Promise<void> {
  const { own, card } = the;
  const before = [await read(own, card), await tests.available(own)];
  const answer = await (verbs[name] as Verb)(the);
  const said = `${name}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 300)}`;
  if (cell === "yes") {
    assert.ok([200, 201].includes(answer.status), said);
    const { data } = answer.body;
    if (name === "find in a list") assert.ok(data.some(({ id }: CardBody) => id === card.id));
    return;
  }
  const code = meanings[cell]?.(card.status);
  assert.deepEqual([answer.status, answer.body.code], [409, code], said);
  const after = [await read(own, card), await tests.available(own)];
  assert.deepEqual(after, before, `${name} changed nothing`);
}

async function judgeMoney(the: Case, name: string, cell: string): Promise<void> {
  const { own, card, heir, holdId } = the;
  const isBudgets = card.model === "budgetCard";
  const [step, spent] = (money[name] as (typeof money)[string])(holdId);
  await settles(the, step);
  if (LEAVES_OPEN.includes(name)) await settles(the, { verb: "release", holdId, amount: "all" });
  const moved = isBudgets ? 0 : 50;
  const left = INITIAL + moved - spent;
  const isGone = cell === "org" && !isBudgets;
  const onCard = async (one: CardBody): Promise<number> => {
    const { balances, budget } = await read(own, one);
    if (!isBudgets) assert.deepEqual([balances.held, balances.owed], [0, 0], name);
    return isBudgets ? budget.available : balances.available;
  };
  assert.equal(cell === "heir", heir !== null);
  for (const one of heir === null ? [card] : [card, heir]) {
    assert.equal(await onCard(one), isGone ? 0 : left, `${name}: on the card`);
  }
  const rest = 10_000 - INITIAL - moved + (isGone ? left : 0);
  assert.equal(await tests.available(own), rest, `${name}: with the organization`);
}

/** Where the cells of the table begin. */
const CELLS_AT = 21;
const [head = "", ...lines] = TABLE.slice(1).split("\n");
const rows = lines.map((line) => ({
  name: line.slice(0, CELLS_AT).trim(),
  cells: line.slice(CELLS_AT).split(/ +/),
}));

for (const [place, column] of head.trim().split(/ +/).entries()) {
  for (const model of cardModels) {
    test(`the table of PRODUCT §5, cell by cell: ${column}, model ${model}`, async () => {
      for (const { name, cells } of rows) {
        if (model === "budgetCard" && OWN_FUNDS.includes(name)) continue;
        const the = await caseOf(column, model);
        const cell = cells[place] ?? "missing";
        await (name in money ? judgeMoney(the, name, cell) : judgeVerb(the, name, cell));
        if (name in money) await tests.lawsHold(the.own);
      }
    });
  }
}

test("the table has every verb that there is and a cell in every column", () => {
  const known = [...Object.keys(verbs), ...Object.keys(money)].sort();
  assert.deepEqual(rows.map(({ name }) => name).sort(), known);
  for (const { name, cells } of rows) {
    assert.equal(cells.length, Object.keys(columns).length, name);
  }
});
