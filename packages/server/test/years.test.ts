import assert from "node:assert/strict";
import test from "node:test";
import { askWith, secretOf } from "../src/interfaces/hosted/fixture.ts";
import { jobs } from "../src/interfaces/worker/jobs.ts";
import { type CardBody, type Fields, made, startCardTests } from "../src/issuing/cards/fixture.ts";
import { residence } from "../src/issuing/customers/fixture.ts";
import { CONSENT_VERSION } from "../src/issuing/customers/model/sessions.ts";
import { giveDocuments, picture } from "./harness/evidence.ts";
import { runAll } from "./harness/jobs.ts";
import type { TestOrganization } from "./harness/server.ts";

/** What becomes of verifying when a sandbox's clock is moved by years in one step. */
const tests = await startCardTests();
const { server } = tests;
const ask = askWith(server);

const DAY_MS = 86_400_000;
const YEAR_MS = 366 * DAY_MS;
const dayIn = (years: number) => new Date(Date.now() + years * YEAR_MS).toISOString().slice(0, 10);
const consent = { version: CONSENT_VERSION, language: "en" };

/** All that is done by itself in an organization, until nothing is due. @returns how much, by job */
async function settle({ id }: TestOrganization): Promise<Record<string, number>> {
  const done: Record<string, number> = {};
  for (const job of jobs) {
    const count = await runAll(server, job, id);
    if (count > 0) done[job.name] = count;
  }
  return done;
}

const read = async (own: TestOrganization, id: string): Promise<CardBody> =>
  made(await own.call("GET", `/customers/${id}`));
const codeOf = ({ status, body }: { status: number; body: CardBody }) =>
  `${status} ${body.code ?? body.status}`;

/** A customer in review whose passport, or another document, is valid for so many years yet. */
async function validFor(own: TestOrganization, years: number, kind = "passport"): Promise<string> {
  const customer = { type: "individual", level: "basic", ...person };
  const { id } = made(await own.call("POST", "/customers", customer));
  const query = `kind=${kind}&expiryDate=${dayIn(years)}`;
  made(await own.call("POST", `/customers/${id}/documents?${query}`, picture));
  return id;
}
const person = {
  firstName: "Ada",
  lastName: "Example",
  birthDate: "1990-05-17",
  nationality: "DEU",
  residence,
  email: "ada@example.com",
};

test("a document that expires while its review waits is none any more: another is asked for, by the organization's day", async () => {
  const own = await tests.organization();
  const [short, long] = [await validFor(own, 2), await validFor(own, 9)];
  const sided = await validFor(own, 2, "id_card&side=front");
  made(await own.call("POST", `/customers/${sided}/documents?kind=id_card&side=back`, picture));
  const approve = (id: string) => server.call("POST", `/customers/${id}/approve`, {});
  await tests.advance(own, 5 * YEAR_MS);
  const refused = await approve(short);
  assert.equal(codeOf(refused), "409 customer_incomplete");
  assert.deepEqual(
    refused.body.errors.map(({ field }: Fields) => field),
    ["documents.identity"],
  );
  assert.equal((await read(own, short)).status, "pending");
  // The other side of an expired card makes it no younger.
  assert.equal(codeOf(await approve(sided)), "409 customer_incomplete");
  assert.equal(codeOf(await approve(long)), "200 active");
  const wish = { customerId: short, outcome: "approved" };
  const wished = await own.call("POST", "/simulations/verifications", wish);
  assert.equal(codeOf(wished), "409 customer_incomplete");
  await giveDocuments(own.call, short);
  assert.equal(codeOf(await approve(short)), "200 active");
  // Who was verified stays so, whatever expires later.
  await tests.advance(own, 20 * YEAR_MS);
  await settle(own);
  assert.equal((await read(own, long)).status, "active");
});

test("links and sessions live by real time; what was given in one is looked at by the organization's day", async () => {
  const own = await tests.organization();
  const create = async () =>
    made(await own.call("POST", "/customers", { type: "individual", level: "basic" }));
  const [waiting, started] = [await create(), await create()];
  const begin = async ({ verification }: CardBody) => {
    const secret = secretOf(verification.link);
    const { status, body } = await ask("POST", "exchange", { secret });
    assert.equal(status, 200, JSON.stringify(body));
    return { bearer: body.bearer as string };
  };
  const options = await begin(started);
  const kept = await ask("PUT", "details", person, options);
  assert.equal(kept.status, 200, JSON.stringify(kept.body));
  const given = await ask("POST", "documents?kind=passport", picture, options);
  const path = `documents/${given.body.documents[0].id}`;
  const described = await ask("PATCH", path, { expiryDate: dayIn(2) }, options);
  assert.equal(described.status, 200, JSON.stringify(described.body));
  await tests.advance(own, 10 * YEAR_MS);
  await settle(own);
  await begin(waiting);
  const early = await ask("POST", "submit", { consent }, options);
  assert.deepEqual([early.status, early.body.code], [422, "verification_incomplete"]);
  assert.deepEqual(
    early.body.errors.map(({ field }: Fields) => field),
    ["documents.identity"],
  );
  assert.equal((await ask("DELETE", path, undefined, options)).status, 200);
  const again = await ask("POST", "documents?kind=passport", picture, options);
  assert.equal(again.status, 200, JSON.stringify(again.body));
  const done = await ask("POST", "submit", { consent }, options);
  assert.equal(done.body.outcome, "in_review", JSON.stringify(done.body));
});

test("ages are those of the organization's day: who is a child today is none ten years on", async () => {
  const own = await tests.organization();
  const { birthDate: _, ...rest } = person;
  const child = { type: "individual", level: "minimum", ...rest, birthDate: dayIn(-10) };
  const refused = await own.call("POST", "/customers", child);
  assert.deepEqual(
    refused.body.errors.map(({ code }: Fields) => code),
    ["age_too_low"],
  );
  await tests.advance(own, 10 * YEAR_MS);
  assert.equal(codeOf(await own.call("POST", "/customers", child)), "201 active");
});

test("a review that was claimed years ago is its reviewer's still, and its customer waits in the same queue", async () => {
  const own = await tests.organization();
  const id = await validFor(own, 40);
  await settle(own);
  const [review] = made(await own.call("GET", `/verifications?customerId=${id}`)).data;
  made(await server.call("POST", `/verifications/${review.id}/claim`, {}));
  await tests.advance(own, 15 * YEAR_MS);
  assert.deepEqual(await settle(own), {});
  const other = server.callAs(await server.newKey(null, ["customers:review"]));
  const taken = await other("POST", `/verifications/${review.id}/claim`, {});
  assert.equal(codeOf(taken), "409 verification_claimed");
  const approved = await server.call("POST", `/verifications/${review.id}/approve`, {});
  assert.equal(approved.body.outcome, "approved", JSON.stringify(approved.body));
});

test("a rule that began and ended within the step touches no card; one that goes on gives its days from when it is told", async () => {
  const own = await tests.organization();
  const typeId = await tests.program({ requiresCustomer: true, validityMonths: 180 });
  const issue = async (nationality: string) => {
    const customerId = await tests.customer(own, { nationality });
    return made(await own.call("POST", "/cards", { typeId, customerId, initialBalance: 100 }));
  };
  const [over, lasting] = [await issue("BFA"), await issue("BGD")];
  const rule = { typeId, subject: "nationality", reasonCode: "embargo", windDownDays: 30 };
  const instantIn = (years: number) => new Date(Date.now() + years * YEAR_MS).toISOString();
  const [from, to] = [instantIn(1), instantIn(3)];
  const restrict = async (terms: Fields) =>
    made(await server.call("POST", "/compliance-rules", { ...rule, ...terms }));
  await restrict({ countries: ["BFA"], effectiveFrom: from, effectiveTo: to });
  await restrict({ countries: ["BGD"], effectiveFrom: from });
  assert.deepEqual(await settle(own), {});
  await tests.advance(own, 10 * YEAR_MS);
  assert.deepEqual(await settle(own), {
    "cards.announceWindDowns": 1,
    // A card's months are gone through by the year.
    "cards.chargeMonthlyFees": 20,
  });
  const [windDown] = made(await own.call("GET", "/wind-downs")).data;
  assert.equal(windDown.cardId, lasting.id);
  assert.equal(Date.parse(windDown.dueAt) - Date.parse(windDown.announcedAt), 30 * DAY_MS);
  const statusOf = async ({ id }: CardBody) => made(await own.call("GET", `/cards/${id}`)).status;
  assert.deepEqual([await statusOf(over), await statusOf(lasting)], ["active", "active"]);
  await tests.advance(own, 31 * DAY_MS);
  assert.equal((await settle(own))["cards.blockWindDowns"], 1);
  assert.deepEqual([await statusOf(over), await statusOf(lasting)], ["active", "blocked"]);
});

test("who is asked for information is served until its days are over, and asked no less after years", async () => {
  const own = await tests.organization();
  const customerId = await tests.customer(own);
  const typeId = await tests.program({ requiresCustomer: true, validityMonths: 180 });
  const card = made(await own.call("POST", "/cards", { typeId, customerId, initialBalance: 100 }));
  const asks = { reasons: ["Where do you live?"], fields: ["residence.line1"] };
  made(await server.call("POST", `/customers/${customerId}/request-information`, asks));
  const topUp = () => own.call("POST", `/cards/${card.id}/top-up`, { amount: 1 });
  assert.equal((await topUp()).status, 201);
  await tests.advance(own, 12 * YEAR_MS);
  assert.deepEqual(await settle(own), { "cards.chargeMonthlyFees": 12 });
  assert.equal((await topUp()).body.errors[0].code, "customer_not_verified");
  assert.deepEqual((await read(own, customerId)).missing, ["residence.line1"]);
  assert.equal(
    (await own.call("POST", `/customers/${customerId}/verification-sessions`, {})).status,
    201,
  );
});

test("ten years of a card and its customer are done in as many turns as there is work, once, and in no other organization", async () => {
  const [own, other] = [await tests.organization(), await tests.organization()];
  const terms = {
    requiresCustomer: true,
    validityMonths: 24,
    renewal: "automatic",
    renewalDays: 30,
    fees: { monthly: 100 },
  };
  const typeId = await tests.program(terms);
  for (const organization of [own, other]) {
    const customerId = await tests.customer(organization);
    const card = { typeId, customerId, initialBalance: 100 };
    const { id } = made(await organization.call("POST", "/cards", card));
    const endsAt = new Date(Date.now() + 30 * DAY_MS).toISOString();
    made(await organization.call("POST", `/cards/${id}/freeze`, { endsAt }));
    const gone = await tests.customer(organization);
    made(await organization.call("DELETE", `/customers/${gone}`));
    const held = await tests.customer(organization);
    made(await organization.call("DELETE", `/customers/${held}`));
    made(await server.call("POST", `/customers/${held}/legal-hold`, { reason: "Case 1" }));
  }
  await settle(own);
  await settle(other);
  await tests.advance(own, 10 * YEAR_MS);
  const done = await settle(own);
  assert.deepEqual(done, {
    "customers.eraseRetained": 1,
    "cards.endRestrictions": 1,
    "cards.expire": 1,
    "cards.chargeMonthlyFees": 10,
  });
  assert.equal(await tests.available(own), 1_000_000 - 100 - 120 * 100);
  assert.deepEqual(await settle(own), {});
  assert.deepEqual(await settle(other), {});
  await tests.lawsHold(own);
});
