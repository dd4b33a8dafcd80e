import assert from "node:assert/strict";

/** How the data of a release is made: over HTTP alone, but for the clock, which only tests move. */
export type Filling = {
  readonly url: string;
  readonly apiKey: string;
  readonly platformKey: string;
  readonly organizationId: string;
  /** Moves an organization's now on to the noon (UTC) of a day, `2027-01-31`. */
  readonly advance: (organizationId: string, day: string) => Promise<void>;
};

// biome-ignore lint/suspicious/noExplicitAny: looks into answers of every route.
type Reply = any;

/** Everything that one key asks for. */
class Asker {
  readonly #url: string;
  readonly #key: string;

  constructor(url: string, key: string) {
    this.#url = url;
    this.#key = key;
  }

  /** @param wanted the status that the answer must have, where it is not 200 or 201. */
  async ask(method: string, path: string, body?: object, wanted?: number, idempotencyKey?: string) {
    const answer = await fetch(`${this.#url}/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#key}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const fits = wanted === undefined ? answer.ok : answer.status === wanted;
    assert.ok(fits, `${method} ${path}: ${answer.status} ${text}`);
    return text === "" ? null : (JSON.parse(text) as Reply);
  }

  post(path: string, body: object = {}, wanted?: number): Promise<Reply> {
    return this.ask("POST", path, body, wanted);
  }
}

const person = (externalId: string, over: object = {}) => ({
  type: "individual",
  level: "basic",
  externalId,
  firstName: "Ada",
  lastName: "Example",
  birthDate: "1990-05-17",
  nationality: "DEU",
  residence: { country: "DEU", line1: "1 Example Street", city: "Berlin", postalCode: "10115" },
  email: `${externalId}@example.com`,
  ...over,
});

const holder = { firstName: "Grace", lastName: "Sample" };

/** What everything of one organization is made with. */
type Scene = {
  readonly filling: Filling;
  readonly own: Asker;
  readonly platform: Asker;
  readonly organizationId: string;
  readonly programs: Readonly<Record<string, string>>;
};

/**
 * Fills a fresh sandbox of the first release (migrations up to 0014) with everything that it had: each
 * kind of object in each of its states, and each kind of movement.
 */
export async function fillFirstRelease(filling: Filling): Promise<void> {
  const platform = new Asker(filling.url, filling.platformKey);
  const own = new Asker(filling.url, filling.apiKey);
  const { organizationId } = filling;
  const programs = await makePrograms(platform);
  const scene = { filling, own, platform, organizationId, programs };
  await moveOwnMoney(scene);
  await meetCustomers(scene);
  await issueCards(scene, "first");
  await stopCards(scene);
  await moveCardMoney(scene);
  await useBudgets(scene);
  await makeKeys(scene);
  await growOld(scene);
  await endPrograms(scene);
  await otherOrganizations(filling, platform, programs);
}

async function makePrograms(platform: Asker): Promise<Record<string, string>> {
  const make = async (name: string, more: object): Promise<string> => {
    const program = await platform.post("/card-programs", {
      name,
      model: "card",
      brand: "private",
      bin: "999911",
      panLength: 16,
      currency: "EUR",
      availability: "all",
      ...more,
    });
    return program.id;
  };
  const fees = { issuance: 120, replacement: 45, monthly: 30, topUp: 7, fxBasisPoints: 150 };
  return {
    tokyo: await make("Tokyo", { fees, timeZone: "Asia/Tokyo", maximumBalance: 100_000 }),
    newYork: await make("New York", {
      fees: { monthly: 55 },
      timeZone: "America/New_York",
      bin: "99991200",
      numberRange: { from: 1_000_000, to: 1_999_999 },
    }),
    customers: await make("Customers", {
      bin: "999913",
      requiresCustomer: true,
      requiresAccess: true,
      accessGrant: "manual",
      minimumLevel: "basic",
      customerTypes: ["individual"],
      cardsPerCustomer: 3,
      validityMonths: 12,
    }),
    blocked: await make("Blocked at first", {
      initialCardStatus: "blocked",
      bin: "999914",
      panLength: 19,
    }),
    fleet: await make("Fleet", { model: "budgetCard", bin: "99991500", fees: { issuance: 60 } }),
    pool: await make("Pool", { model: "budgetCard", bin: "99991600", panLength: 17 }),
    yen: await make("Yen", { bin: "99991700", currency: "JPY", fees: { monthly: 3 } }),
    old: await make("Old", { bin: "999918" }),
    idle: await make("Idle", { bin: "999919" }),
  };
}

async function moveOwnMoney({ own, platform, organizationId }: Scene): Promise<void> {
  await own.post("/simulations/deposits", { amount: 50_000, currency: "EUR", note: "First" });
  const path = `/organizations/${organizationId}`;
  const twice = await platform.post(`${path}/deposits`, { amount: 7_000, currency: "EUR" });
  await platform.post(`/transfers/${twice.id}/reverse`, { reason: "duplicate" });
  await platform.post(`${path}/payouts`, { amount: 3_000, currency: "EUR" });
  const back = await platform.post(`${path}/payouts`, { amount: 1_000, currency: "EUR" });
  await platform.post(`/transfers/${back.id}/reverse`, { reason: "wrong_recipient" });
  await platform.post(`${path}/payouts`, { amount: 999_999_999, currency: "EUR" }, 422);
}

/** Customers in every status, and access in every one. */
async function meetCustomers({ own, platform, programs }: Scene): Promise<void> {
  const meet = async (body: object): Promise<string> => (await own.post("/customers", body)).id;
  const asPlatform = (id: string, verb: string, body: object = {}) =>
    platform.post(`/customers/${id}/${verb}`, body);
  await meet(person("needs", { email: null }));
  await meet(person("pending"));
  const rejected = await meet(person("rejected"));
  await asPlatform(rejected, "reject", { reasons: ["unreadable"], canResubmit: false });
  const updated = await meet(person("updated"));
  await asPlatform(updated, "approve");
  await own.ask("PATCH", `/customers/${updated}`, { lastName: "Renamed" });
  const held = await meet(person("held"));
  await asPlatform(held, "approve");
  await asPlatform(held, "hold", { reason: "sanctions", note: "A possible match" });
  const asked = await meet(person("asked"));
  await asPlatform(asked, "approve");
  await asPlatform(asked, "request-information", { reasons: ["address"], fields: ["phone"] });
  await own.ask("DELETE", `/customers/${await meet(person("deleted"))}`);
  await meet({
    type: "business",
    level: "minimum",
    externalId: "business",
    legalName: "Example Works",
    residence: { country: "FRA" },
  });
  const active = await meet(person("active"));
  await asPlatform(active, "approve");
  await asPlatform(active, "hold", { reason: "investigation" });
  await asPlatform(active, "release", { note: "Nothing found" });
  const access = async (customer: string, program: string): Promise<string> => {
    const body = { product: "cards", typeId: programs[program] };
    return (await own.post(`/customers/${customer}/access-requests`, body)).id;
  };
  const decide = (id: string, verb: string) =>
    platform.post(`/access-requests/${id}/${verb}`, verb === "grant" ? {} : { reasons: ["other"] });
  await decide(await access(active, "customers"), "reject");
  await decide(await access(active, "customers"), "grant");
  await access(updated, "customers");
}

/** Cards of each program, with everything that a card can carry. */
async function issueCards({ own, programs }: Scene, name: string): Promise<void> {
  const issue = (externalId: string, body: object) =>
    own.ask("POST", "/cards", { externalId, ...body }, 201, `issue-${externalId}`);
  const { tokyo, newYork, customers, blocked, fleet, pool } = programs;
  await issue(`${name}-tokyo`, {
    typeId: tokyo,
    ...holder,
    initialBalance: 900,
    label: `Travel ${name}`,
    metadata: { team: "north", cost: "100" },
    cardholder: { email: "grace@example.com", phone: "+4930123456" },
    billingAddress: { line1: "2 Example Street", city: "Bonn", country: "DEU" },
  });
  await issue(`${name}-new-york`, { typeId: newYork, ...holder, initialBalance: 500 });
  const { id: customerId } = await own.ask("GET", "/customers/external:active");
  await issue(`${name}-customer`, { typeId: customers, customerId, initialBalance: 0 });
  await issue(`${name}-blocked`, { typeId: blocked, ...holder, initialBalance: 0 });
  const budget = await own.post("/budgets", {
    name: `Budget ${name}`,
    currency: "EUR",
    typeIds: [fleet, pool],
    externalId: `${name}-budget`,
    label: "Cars",
  });
  await own.post(`/budgets/${budget.id}/top-up`, { amount: 1_500 });
  await issue(`${name}-fleet`, { typeId: fleet, ...holder, budgetId: budget.id });
  await issue(`${name}-pool`, { typeId: pool, ...holder, budgetId: budget.id });
  await own.post("/cards", { typeId: tokyo, ...holder }, 422);
}

/** Cards stopped by everybody who may, alone and together, and let go again. */
async function stopCards({ own, platform, programs }: Scene): Promise<void> {
  const { newYork: typeId, fleet } = programs;
  const stop = async (name: string, ...stops: readonly string[]): Promise<string> => {
    const body = { typeId, ...holder, externalId: name, initialBalance: 100 };
    const { id } = await own.post("/cards", body);
    for (const each of stops) {
      const [verb, owner] = each.split(" ");
      if (verb === "freeze" || verb === "unfreeze") {
        await own.post(`/cards/${id}/${verb}`, { requestedBy: owner });
      } else {
        await platform.post(`/cards/${id}/${verb}`, { reason: "review", owner });
      }
    }
    return id;
  };
  await stop("frozen", "freeze organization");
  await stop("frozen-twice", "freeze organization", "freeze cardholder");
  await stop("thawed", "freeze cardholder", "unfreeze cardholder");
  await stop("blocked", "block platform");
  await stop("compliance", "block compliance");
  await stop("everything", "freeze cardholder", "block platform", "block compliance");
  await stop("released", "block platform", "unblock platform", "freeze organization");
  const gone = await stop("gone-frozen", "freeze organization");
  await own.ask("DELETE", `/cards/${gone}`);
  const { id: budgetId } = await own.ask("GET", "/budgets/external:first-budget");
  const budgetCard = { typeId: fleet, ...holder, budgetId };
  const frozen = await own.post("/cards", { ...budgetCard, externalId: "fleet-frozen" });
  await own.post(`/cards/${frozen.id}/freeze`, { requestedBy: "cardholder", reason: "lost" });
  const blocked = await own.post("/cards", { ...budgetCard, externalId: "fleet-blocked" });
  await platform.post(`/cards/${blocked.id}/block`, { reason: "fraud" });
  const deleted = await own.post("/cards", { ...budgetCard, externalId: "fleet-deleted" });
  await own.ask("DELETE", `/cards/${deleted.id}`);
}

/** Top-ups with a fee, withdrawals, both undone, refusals, and a card deleted with money on it. */
async function moveCardMoney({ own, platform }: Scene): Promise<void> {
  const card = "/cards/external:first-tokyo";
  const keyed = (path: string, body: object, key: string, wanted?: number) =>
    own.ask("POST", path, body, wanted, key);
  await keyed(`${card}/top-up`, { amount: 250, note: "For the train" }, "top-up");
  const up = await keyed(`${card}/top-up`, { amount: 75 }, "to-undo");
  await own.post(`/transfers/${up.id}/reverse`, { reason: "wrong_amount" });
  await keyed(`${card}/withdraw`, { amount: 40 }, "withdrawal");
  const down = await keyed(`${card}/withdraw`, { amount: 15 }, "withdrawal-to-undo");
  await own.post(`/transfers/${down.id}/reverse`);
  await keyed(`${card}/withdraw`, { amount: 1_000_000 }, "refused", 422);
  await keyed(`${card}/top-up`, { amount: 1_000_000 }, "too-much", 422);
  const fees = await own.ask("GET", "/transfers?kind=fee&limit=1");
  await platform.post(`/transfers/${fees.data[0].id}/reverse`, { reason: "other" });
  await own.ask("PATCH", card, { label: "Train", metadata: { team: "south" } });
  await own.ask("DELETE", "/cards/external:thawed");
  await own.post("/cards/external:thawed/top-up", { amount: 10 }, 409);
}

/** Budgets in every status, and money that comes and goes. */
async function useBudgets({ own, programs }: Scene): Promise<void> {
  const make = async (name: string): Promise<string> => {
    const body = { name, currency: "EUR", typeIds: [programs.pool] };
    return (await own.post("/budgets", body)).id;
  };
  const frozen = await make("Frozen");
  await own.post(`/budgets/${frozen}/top-up`, { amount: 800 });
  const back = await own.post(`/budgets/${frozen}/withdraw`, { amount: 300 });
  await own.post(`/transfers/${back.id}/reverse`);
  await own.post(`/budgets/${frozen}/withdraw`, { amount: 120 });
  await own.post(`/budgets/${frozen}/freeze`, { reason: "Audit" });
  const archived = await make("Archived");
  await own.post(`/budgets/${archived}/archive`, { reason: "Over" });
  const emptied = await make("Emptied");
  await own.post(`/budgets/${emptied}/top-up`, { amount: 60 });
  await own.post(`/budgets/${emptied}/withdraw`, { amount: 60 });
  await own.post(`/budgets/${emptied}/archive`);
  await own.post(`/budgets/${frozen}/archive`, {}, 409);
}

async function makeKeys({ own }: Scene): Promise<void> {
  const make = async (name: string): Promise<string> => {
    const scopes = ["cards:read", "funds:read"];
    const body = { name, scopes, ipAllowList: ["10.0.0.0/8"] };
    return (await own.post("/api-keys", body)).id;
  };
  await make("Reader");
  await own.ask("DELETE", `/api-keys/${await make("Revoked")}`);
  await own.post(`/api-keys/${await make("Rotated")}/rotate`, { overlapSeconds: 3_600 });
}

/** Days at which months end differently: cards issued then have anniversaries that are clamped. */
const days = ["2027-01-31", "2027-02-28", "2027-03-30", "2027-05-01"];

async function growOld({ filling, own, organizationId, programs }: Scene): Promise<void> {
  for (const day of days) {
    await filling.advance(organizationId, day);
    for (const program of ["tokyo", "newYork"]) {
      await own.post("/cards", {
        typeId: programs[program],
        ...holder,
        externalId: `${program}-${day}`,
        initialBalance: 20,
      });
    }
  }
  // What was deleted long before it is looked at has no month to come.
  await own.ask("DELETE", "/cards/external:tokyo-2027-01-31");
  await filling.advance(organizationId, "2027-06-30");
}

async function endPrograms({ own, platform, programs }: Scene): Promise<void> {
  const numberRange = { from: 1_000_000, to: 2_999_999 };
  await platform.ask("PATCH", `/card-programs/${programs.newYork}`, { numberRange });
  await own.post("/cards", {
    typeId: programs.old,
    ...holder,
    initialBalance: 30,
    externalId: "old",
  });
  const successorId = programs.newYork;
  await platform.post(`/card-programs/${programs.old}/retire`, { successorId });
  await platform.ask("PATCH", `/card-programs/${programs.idle}`, { status: "inactive" });
}

/** One with two currencies, one suspended, one closed. */
async function otherOrganizations(
  filling: Filling,
  platform: Asker,
  programs: Readonly<Record<string, string>>,
): Promise<void> {
  const make = async (name: string, currencies: readonly string[]) => {
    const externalId = name.toLowerCase();
    const made = await platform.post("/organizations", { name, externalId, currencies });
    return { id: made.id as string, own: new Asker(filling.url, made.apiKey) };
  };
  const second = await make("Second", ["EUR", "JPY"]);
  await second.own.post("/simulations/deposits", { amount: 9_000, currency: "EUR" });
  await second.own.post("/simulations/deposits", { amount: 4_000, currency: "JPY" });
  const yen = { typeId: programs.yen, ...holder, initialBalance: 600 };
  await second.own.post("/cards", {
    ...yen,
    externalId: "first-tokyo",
    label: "Same id, other owner",
  });
  await second.own.post("/cards", { ...yen, externalId: "yen-2" });
  await filling.advance(second.id, "2027-01-30");
  const dollar = { typeId: programs.newYork, ...holder, initialBalance: 70 };
  await second.own.post("/cards", { ...dollar, externalId: "second-new-york" });
  await second.own.ask("DELETE", "/cards/external:yen-2");
  const suspended = await make("Suspended", ["EUR"]);
  await suspended.own.post("/simulations/deposits", { amount: 500, currency: "EUR" });
  await platform.post(`/organizations/${suspended.id}/suspend`);
  const closed = await make("Closed", ["EUR"]);
  await platform.post(`/organizations/${closed.id}/close`);
}
