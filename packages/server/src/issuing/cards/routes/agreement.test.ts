import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../../test/harness/database.ts";
import type { TestOrganization } from "../../../../test/harness/server.ts";
import { type CardBody, type Fields, made, names, startCardTests } from "../fixture.ts";
import {
  COMBINATIONS,
  type Combination,
  combination,
  combinationAt,
  countries,
  dimensionNames,
  dimensions,
  expectedCodes,
  liveCardsOf,
  RESTRICTED,
  statusOfRow,
  termsOf,
} from "../rules/fixture.ts";

const tests = await startCardTests();
const { server } = tests;

for (const subject of ["nationality", "residence"]) {
  const body = { subject, countries: [RESTRICTED], reasonCode: "embargo" };
  made(await server.call("POST", "/compliance-rules", body));
}

/** Combinations at least, so that many have several things in the way. */
const MANY = 150;

/** How far one goes on in the product from one to the next: prime, so that all values take turns. */
const STRIDE = 1_009;

/** Two values that a combination has together, for each two dimensions. */
function pairsOf(given: Combination): string[] {
  return dimensionNames.flatMap((left, index) =>
    dimensionNames
      .slice(index + 1)
      .map((right) => `${left} ${given[left]}, ${right} ${given[right]}`),
  );
}

/** Every two values of two dimensions. */
function everyPair(): string[] {
  return dimensionNames.flatMap((left, index) =>
    dimensionNames
      .slice(index + 1)
      .flatMap((right) =>
        dimensions[left].flatMap((one) =>
          dimensions[right].map((two) => `${left} ${one}, ${right} ${two}`),
        ),
      ),
  );
}

/** Those in which one dimension alone is not as it should be, and such that every two values meet. */
function chosen(): Combination[] {
  const singles = dimensionNames.flatMap((name) =>
    dimensions[name].slice(1).map((value) => combination({ [name]: value })),
  );
  const picked = [combination(), ...singles];
  const unseen = new Set(everyPair());
  for (const pair of picked.flatMap(pairsOf)) unseen.delete(pair);
  for (let step = 1; unseen.size > 0 || picked.length < MANY; step += 1) {
    const given = combinationAt((step * STRIDE) % COMBINATIONS);
    const fresh = pairsOf(given).filter((pair) => unseen.has(pair));
    if (fresh.length === 0 && unseen.size > 0) continue;
    picked.push(given);
    for (const pair of fresh) unseen.delete(pair);
  }
  return picked;
}

const ways: Readonly<Record<Combination["access"], readonly string[]>> = {
  none: [],
  requested: [],
  granted: ["grant"],
  rejected: ["reject"],
  revoked: ["grant", "revoke"],
};

/** Brings a customer's access to a program to where it stands. */
async function access(own: TestOrganization, customerId: string, typeId: string, to: string) {
  if (to === "none") return;
  const { id } = made(
    await own.call("POST", `/customers/${customerId}/access-requests`, { typeId }),
  );
  for (const move of ways[to as Combination["access"]]) {
    const body = move === "grant" ? {} : { reasons: ["For the table."] };
    made(await server.call("POST", `/access-requests/${id}/${move}`, body));
  }
}

/** Writes what verification would have found. */
function verified(customerId: string, given: Combination): Promise<unknown> {
  const status = statusOfRow(given);
  const isOpen = status === "rejected" || status === "needs_information";
  const reason = given.status === "held for sanctions" ? "sanctions" : "investigation";
  return asOwner(
    server.database.url,
    `update customers set status = $2, level = $3, nationality = $4, residence_country = $5,
       hold_reason = $6, status_before_hold = $7, reasons = $8, asked = $9, can_resubmit = $10
     where id = $1`,
    [
      customerId,
      status,
      given.level,
      countries[given.nationality],
      countries[given.residence],
      status === "on_hold" ? reason : null,
      status === "on_hold" ? "active" : null,
      isOpen ? [] : null,
      status === "needs_information" ? [] : null,
      status === "rejected" ? false : null,
    ],
  );
}

type Case = { readonly customerId: string; readonly typeId: string };

/** A program and a customer that stand to each other as the combination says. */
async function caseOf(own: TestOrganization, given: Combination): Promise<Case> {
  const typeId = await tests.program({ requiresCustomer: true });
  const person = { type: "individual", level: "minimum", ...names, birthDate: "1990-05-17" };
  const { id: customerId } = made(await own.call("POST", "/customers", person));
  await verified(customerId, combination());
  if (liveCardsOf(given) === 1) {
    made(await own.call("POST", "/cards", { typeId, customerId, initialBalance: 1 }));
  }
  await access(own, customerId, typeId, given.access);
  made(await server.call("PATCH", `/card-programs/${typeId}`, termsOf(given)));
  await verified(customerId, given);
  return { customerId, typeId };
}

const codesIn = (problems: readonly Fields[]) => problems.map(({ code }) => code);

const cardsOf = async (own: TestOrganization, { customerId }: Case): Promise<CardBody[]> =>
  made(await own.call("GET", `/cards?customerId=${customerId}`)).data;

test("eligibility, preflight and issue say the same wherever two conditions meet", async () => {
  const own = await tests.organization(100_000);
  const combinations = chosen();
  assert.ok(combinations.length >= MANY);
  for (const given of combinations) {
    const the = await caseOf(own, given);
    const words = JSON.stringify(given);
    const expected = expectedCodes(given);
    const eligible = expected.length === 0;
    const path = `/customers/${the.customerId}/eligibility?typeId=${the.typeId}`;
    const told = made(await own.call("GET", path));
    assert.deepEqual([told.eligible, codesIn(told.unmet)], [eligible, expected], words);
    const body = { ...the, initialBalance: 1 };
    const checked = made(await own.call("POST", "/cards/preflight", body));
    assert.deepEqual([checked.eligible, checked.unmet], [eligible, told.unmet], words);
    const before = await cardsOf(own, the);
    const issued = await own.call("POST", "/cards", body);
    const answer = [issued.status, eligible ? [] : issued.body.errors];
    assert.deepEqual(answer, [eligible ? 201 : 422, told.unmet], words);
    const after = await cardsOf(own, the);
    assert.equal(after.length, before.length + (eligible ? 1 : 0), words);
  }
});
