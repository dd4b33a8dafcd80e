import assert from "node:assert/strict";
import test from "node:test";
import { startTestServer } from "../../../test/harness/server.ts";
import { person } from "../../issuing/customers/fixture.ts";
import { CONSENT_VERSION } from "../../issuing/customers/model/sessions.ts";
import { passportUntil, pngOf } from "../../issuing/documents/fixture.ts";
import { askWith, secretOf } from "./fixture.ts";

const server = await startTestServer();
const own = await server.newOrganization();
const ask = askWith(server);
const picture = pngOf(900, 700);
const consent = { version: CONSENT_VERSION, language: "en" };
const { nationalId: _, phone: __, ...basics } = person;

const read = async (id: string) => (await own.call("GET", `/customers/${id}`)).body;

/** A customer whose link was exchanged. */
async function begin(known: object = {}) {
  const body = { type: "individual", level: "basic", ...known };
  const { id, verification } = (await own.call("POST", "/customers", body)).body;
  const started = await ask("POST", "exchange", { secret: secretOf(verification.link) });
  return { id, options: { bearer: started.body.bearer as string } };
}

test("what is given again takes the place of what was given there before; another side is beside it", async () => {
  const { id, options } = await begin(person);
  const give = async (side: string) =>
    (await ask("POST", `documents?kind=id_card&side=${side}`, picture, options)).body.documents;
  const [first] = await give("front");
  await give("back");
  const given = await give("front");
  assert.deepEqual(
    given.map((one: { side: string }) => one.side),
    ["back", "front"],
  );
  const { status } = (await own.call("GET", `/customers/${id}/documents/${first.id}`)).body;
  assert.equal(status, "erased");
  assert.equal((await ask("POST", "submit", { consent }, options)).body.outcome, "in_review");
});

test("that a document names somebody else is told of details that the session gave, and of no others", async () => {
  const lines = passportUntil("991231");
  const eriksson = { firstName: "Anna Maria", lastName: "Eriksson", birthDate: "1974-08-12" };
  const findings = async (known: object, given: object | null) => {
    const { options } = await begin(known);
    if (given !== null) await ask("PUT", "details", given, options);
    const { body } = await ask("POST", "documents?kind=passport", picture, options);
    const path = `documents/${body.documents[0].id}`;
    const described = await ask("PATCH", path, { mrz: lines }, options);
    assert.equal(described.status, 200, JSON.stringify(described.body));
    return described.body.documents[0].findings;
  };
  assert.deepEqual(await findings({}, basics), ["holder"]);
  assert.deepEqual(await findings({}, { ...basics, ...eriksson }), []);
  assert.deepEqual(await findings(person, null), []);
  assert.deepEqual(await findings({ ...person, birthDate: null }, { birthDate: "1990-05-17" }), []);
});

test("who issued a document and until when it is valid is kept; expired on one side is expired on both", async () => {
  const { id, options } = await begin(person);
  const give = (side: string) =>
    ask("POST", `documents?kind=id_card&side=${side}`, picture, options);
  await give("front");
  const [front, back] = (await give("back")).body.documents;
  const say = (description: object) => ask("PATCH", `documents/${front.id}`, description, options);
  const { body } = await say({ country: "DEU", expiryDate: "2020-12-31" });
  const { country, expiryDate, findings } = body.documents[0];
  assert.deepEqual([country, expiryDate, findings], ["DEU", "2020-12-31", ["expiry"]]);
  assert.deepEqual([body.documents[1].id, body.documents[1].findings], [back.id, []]);
  const refused = await ask("POST", "submit", { consent }, options);
  assert.deepEqual(refused.body.errors[0].field, "documents.identity");
  assert.equal((await read(id)).status, "needs_information");
  await say({ expiryDate: "2099-12-31" });
  assert.equal((await ask("POST", "submit", { consent }, options)).body.outcome, "in_review");
  const kept = (await own.call("GET", `/customers/${id}/documents/${front.id}`)).body;
  assert.deepEqual([kept.country, kept.expiryDate], ["DEU", "2099-12-31"]);
});
