/**
 * What the tests of cards and budgets share: one server, and short ways to make what cards need.
 */
import assert from "node:assert/strict";
import { asOwner } from "../../../test/harness/database.ts";
import { giveDocuments, givePeople } from "../../../test/harness/evidence.ts";
import {
  type CallAnswer,
  startTestServer,
  type TestOrganization,
  type TestServer,
} from "../../../test/harness/server.ts";

export type Fields = Readonly<Record<string, unknown>>;

export type CardTests = {
  readonly server: TestServer;
  /** A new organization with this much EUR available. */
  organization(available?: number): Promise<TestOrganization>;
  /** Makes a program and gives its id. */
  program(terms?: Fields): Promise<string>;
  /** A customer of level basic, active unless another verdict is given. */
  customer(own: TestOrganization, details?: Fields, verdict?: Verdict): Promise<string>;
  /** Makes a budget for a new program and gives the ids of both. */
  budget(own: TestOrganization, fields?: Fields): Promise<{ id: string; typeId: string }>;
  /** Issues a card of a new program without fees. */
  card(own: TestOrganization, fields?: Fields, terms?: Fields): Promise<CardBody>;
  /** Moves an organization's now on, ms. */
  advance(own: TestOrganization, ms: number): Promise<void>;
  /** The available balance of an organization in EUR. */
  available(own: TestOrganization): Promise<number>;
  /** Asserts every law of an organization's books. */
  lawsHold(own: TestOrganization): Promise<void>;
};

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every route.
export type CardBody = any;

/** What the platform says about a new customer; null leaves it in review. */
export type Verdict = { readonly path: string; readonly body: Fields } | null;

export const person = {
  type: "individual",
  level: "basic",
  firstName: "Ada",
  lastName: "Example",
  birthDate: "1990-05-17",
  nationality: "DEU",
  residence: { country: "FRA", line1: "1 Example Street", city: "Paris", postalCode: "75001" },
  email: "ada@example.com",
} as const;

export const names = { firstName: "Ada", lastName: "Example" } as const;

const approve: Verdict = { path: "approve", body: {} };

/** The body of an answer that must have succeeded. */
export function made({ status, body }: CallAnswer): CardBody {
  assert.ok(status === 200 || status === 201, `${status} ${JSON.stringify(body)}`);
  return body;
}

/** The codes in `errors[]`. */
export const codesOf = ({ body }: CallAnswer): string[] =>
  body.errors.map(({ code }: { code: string }) => code);

export async function startCardTests(): Promise<CardTests> {
  const server = await startTestServer();
  let programs = 0;
  const tests: CardTests = {
    server,
    async organization(available = 1_000_000) {
      const own = await server.newOrganization();
      const deposit = { amount: available, currency: "EUR" };
      if (available > 0) made(await own.call("POST", "/simulations/deposits", deposit));
      return own;
    },
    async program(terms = {}) {
      programs += 1;
      const fixed = { model: "card", brand: "private", bin: "999900", panLength: 16 };
      const body = { name: `Program ${programs}`, currency: "EUR", ...fixed, ...terms };
      return made(await server.call("POST", "/card-programs", body)).id;
    },
    async customer(own, details = {}, verdict = approve) {
      const { id } = made(await own.call("POST", "/customers", { ...person, ...details }));
      const isBusiness = details.type === "business";
      await giveDocuments(own.call, id, [isBusiness ? "company_register" : "passport"]);
      if (isBusiness) await givePeople(own.call, id);
      if (verdict !== null) {
        made(await server.call("POST", `/customers/${id}/${verdict.path}`, verdict.body));
      }
      return id;
    },
    async budget(own, fields = {}) {
      const typeId = await tests.program({ model: "budgetCard" });
      programs += 1;
      const body = { name: `Budget ${programs}`, currency: "EUR", typeIds: [typeId], ...fields };
      return { id: made(await own.call("POST", "/budgets", body)).id, typeId };
    },
    async card(own, fields = {}, terms = {}) {
      const typeId = await tests.program(terms);
      const body = { typeId, ...names, initialBalance: 10_000, ...fields };
      return made(await own.call("POST", "/cards", body));
    },
    async advance(own, ms) {
      await asOwner(
        server.database.url,
        "update organization_clocks set offset_ms = offset_ms + $2 where organization_id = $1",
        [own.id, ms],
      );
    },
    async available(own) {
      const { balances } = made(await own.call("GET", "/balances"));
      const euro = balances.find(({ currency }: { currency: string }) => currency === "EUR");
      return euro?.available ?? 0;
    },
    async lawsHold(own) {
      await server.sequence();
      const { body } = await own.call("GET", "/ledger/invariants");
      assert.equal(body.holds, true, JSON.stringify(body));
    },
  };
  return tests;
}
