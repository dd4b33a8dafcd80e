import assert from "node:assert/strict";
import { giveDocuments, owner, picture } from "./evidence.ts";
import type { Call, CallAnswer, TestServer } from "./server.ts";

/** An organization that has one object of every kind, with all their ids. */
export type Furnished = {
  readonly id: string;
  readonly call: Call;
  /** The secret that `call` calls with. */
  readonly key: string;
  readonly programs: { readonly card: string; readonly budgetCard: string };
  /** By kind: the object's id. */
  readonly objects: Readonly<Record<ObjectKind, string>>;
  readonly ids: readonly string[];
  readonly externalIds: readonly string[];
};

/** `business` is a customer that has a document, a person and a verification session. */
type ObjectKind =
  | "customer"
  | "business"
  | "document"
  | "person"
  | "session"
  | "verification"
  | "accessRequest"
  | "card"
  | "budgetCard"
  | "budget"
  | "batch"
  | "transfer"
  | "apiKey";

/** How a program of the tests is made; both models are for every organization. */
export async function makeProgram(
  server: TestServer,
  model: "card" | "budgetCard",
  overrides: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const answer = await server.call("POST", "/card-programs", {
    name: `Tests ${model}`,
    model,
    brand: "private",
    bin: model === "card" ? "99990001" : "99990002",
    panLength: 16,
    currency: "EUR",
    availability: "all",
    ...overrides,
  });
  return made(answer).id;
}

/** Makes an organization with money and one object of each kind. */
export async function furnish(server: TestServer): Promise<Furnished> {
  const { id, call, apiKey } = await server.newOrganization();
  const programs = {
    card: await makeProgram(server, "card"),
    budgetCard: await makeProgram(server, "budgetCard"),
  };
  const suffix = id.slice(-10);
  const deposit = made(
    await call("POST", "/simulations/deposits", { amount: 10_000_000, currency: "EUR" }),
  );
  const customer = made(
    await call("POST", "/customers", {
      type: "individual",
      level: "basic",
      externalId: `customer-${suffix}`,
      firstName: "Ada",
      lastName: "Example",
      birthDate: "1990-05-17",
      nationality: "DEU",
      residence: { country: "DEU", line1: "1 Example Street", city: "Berlin", postalCode: "10115" },
      email: "ada@example.com",
      phone: "+4930123456",
    }),
  );
  await giveDocuments(call, customer.id);
  const verification = made(
    await call("POST", `/customers/${customer.id}/verifications`, {
      provider: "Example Checks",
      reference: "chk-1",
      livenessAttested: true,
      verifiedAt: "2026-01-31T00:00:00Z",
    }),
  );
  made(await server.call("POST", `/customers/${customer.id}/approve`, {}));
  const accessRequest = made(
    await call("POST", `/customers/${customer.id}/access-requests`, {
      product: "cards",
      typeId: programs.card,
    }),
  );
  const card = made(
    await call("POST", "/cards", {
      typeId: programs.card,
      customerId: customer.id,
      initialBalance: 10_000,
      externalId: `card-${suffix}`,
    }),
  );
  const budget = made(
    await call("POST", "/budgets", {
      name: `Budget ${suffix}`,
      currency: "EUR",
      typeIds: [programs.budgetCard],
      externalId: `budget-${suffix}`,
    }),
  );
  made(await call("POST", `/budgets/${budget.id}/top-up`, { amount: 50_000 }));
  const budgetCard = made(
    await call("POST", "/cards", {
      typeId: programs.budgetCard,
      budgetId: budget.id,
      customerId: customer.id,
    }),
  );
  const batch = made(await call("POST", "/cards/batches", { rows: [{}] }));
  const keys = await call("GET", "/api-keys");
  assert.equal(keys.status, 200);
  const objects = {
    customer: customer.id,
    ...(await makeBusiness(call)),
    verification: verification.id,
    accessRequest: accessRequest.id,
    card: card.id,
    budgetCard: budgetCard.id,
    budget: budget.id,
    batch: batch.id,
    transfer: deposit.id,
    apiKey: keys.body.data[0].id as string,
  };
  assert.ok(apiKey.startsWith("cw_"));
  return {
    id,
    call,
    key: apiKey,
    programs,
    objects,
    ids: Object.values(objects),
    externalIds: [`customer-${suffix}`, `card-${suffix}`, `budget-${suffix}`],
  };
}

/** A customer that is not yet complete, with one of everything that a customer can have. */
async function makeBusiness(call: Call) {
  const { id, verification } = made(
    await call("POST", "/customers", {
      type: "business",
      level: "basic",
      legalName: "Example GmbH",
    }),
  );
  const document = made(await call("POST", `/customers/${id}/documents?kind=passport`, picture));
  const person = made(await call("POST", `/customers/${id}/people`, owner));
  const session = verification.sessionId as string;
  return { business: id, document: document.id, person: person.id, session };
}

// biome-ignore lint/suspicious/noExplicitAny: what is made differs by route.
export function made({ status, body }: CallAnswer): any {
  assert.ok(status === 200 || status === 201, JSON.stringify(body));
  return body;
}
