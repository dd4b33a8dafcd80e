import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../../test/harness/database.ts";
import { giveDocuments, picture } from "../../../../test/harness/evidence.ts";
import { startTestServer } from "../../../../test/harness/server.ts";
import { person } from "../fixture.ts";

const server = await startTestServer();
const own = await server.newOrganization();

const newCustomer = async (body: object = {}): Promise<string> => {
  const given = { type: "individual", level: "basic", ...person, ...body };
  return (await own.call("POST", "/customers", given)).body.id;
};

const read = async (id: string) => (await own.call("GET", `/customers/${id}`)).body;

const upload = async (id: string, query: string) =>
  (await own.call("POST", `/customers/${id}/documents?${query}`, picture)).body;

const decide = (id: string, document: string, move: string, body: object = {}) =>
  server.call("POST", `/customers/${id}/documents/${document}/${move}`, body);

const codeOf = ({ status, body }: Awaited<ReturnType<typeof decide>>) =>
  `${status} ${body.code ?? body.status}`;

const reasons = ["The picture is of another person."];

test("a customer of whom only a document is missing is in review once it is uploaded", async () => {
  const id = await newCustomer();
  assert.deepEqual((await read(id)).missing, ["documents.identity"]);
  await upload(id, "kind=selfie");
  assert.equal((await read(id)).status, "needs_information");
  await upload(id, "kind=id_card");
  const { status, missing, evidence, version } = await read(id);
  assert.deepEqual([status, missing, evidence], ["pending", [], ["id_card", "selfie"]]);
  await server.sequence();
  const { body } = await own.call("GET", `/events?objectId=${id}`);
  assert.deepEqual(
    body.data.map(({ type }: { type: string }) => type),
    ["customer.created", "customer.updated", "customer.submitted"],
  );
  assert.equal(body.data.at(-1).objectVersion, version);
});

test("an expired document does not count until its date is put right", async () => {
  const id = await newCustomer();
  const { id: passport } = await upload(id, "kind=passport&expiryDate=2020-01-01");
  assert.deepEqual((await read(id)).evidence, []);
  const path = `/customers/${id}/documents/${passport}`;
  assert.equal((await own.call("PATCH", path, { expiryDate: "2099-01-01" })).status, 200);
  assert.equal((await read(id)).status, "pending");
});

test("approving accepts the documents that stand; what is rejected or erased stays so", async () => {
  const id = await newCustomer();
  const first = await upload(id, "kind=passport");
  const second = await upload(id, "kind=id_card");
  assert.equal(codeOf(await decide(id, second.id, "reject", { reasons })), "200 rejected");
  assert.equal((await server.call("POST", `/customers/${id}/approve`)).status, 200);
  const { body } = await own.call("GET", `/customers/${id}/documents`);
  assert.deepEqual(
    body.data.map((one: { id: string; status: string }) => `${one.id} ${one.status}`),
    [`${second.id} rejected`, `${first.id} accepted`],
  );
  assert.deepEqual(body.data[0].statusReasons, reasons);
  const erase = await own.call("DELETE", `/customers/${id}/documents/${first.id}`);
  assert.equal(codeOf(erase), "409 document_move_not_allowed");
});

test("a rejected document is missing again, and nobody is approved without it", async () => {
  const id = await newCustomer();
  const { id: passport } = await upload(id, "kind=passport");
  await decide(id, passport, "reject", { reasons });
  const approve = await server.call("POST", `/customers/${id}/approve`);
  assert.equal(codeOf(approve), "409 customer_incomplete");
  assert.deepEqual(
    approve.body.errors.map(({ field }: { field: string }) => field),
    ["documents.identity"],
  );
  const ask = { reasons: ["Another person."], fields: ["documents.identity", "documents.selfie"] };
  const asked = await server.call("POST", `/customers/${id}/request-information`, ask);
  assert.deepEqual(asked.body.missing, ["documents.identity", "documents.selfie"]);
  await giveDocuments(own.call, id, ["passport"]);
  assert.deepEqual((await read(id)).missing, ["documents.selfie"]);
  await giveDocuments(own.call, id, ["selfie"]);
  assert.equal((await read(id)).status, "pending");
});

test("document_needed: what a review rests on is erased only once there is another", async () => {
  const id = await newCustomer();
  const first = await upload(id, "kind=passport");
  const erase = (document: string) => own.call("DELETE", `/customers/${id}/documents/${document}`);
  assert.equal(codeOf(await erase(first.id)), "409 document_needed");
  assert.equal(
    (await own.call("GET", `/customers/${id}/documents/${first.id}`)).body.status,
    "uploaded",
  );
  await upload(id, "kind=id_card");
  assert.equal(codeOf(await erase(first.id)), "200 erased");
  assert.equal((await read(id)).status, "pending");
});

test("every move of a document, legal and illegal, by a reviewer and by its organization", async () => {
  const id = await newCustomer();
  const ways = {
    uploaded: () => upload(id, "kind=other"),
    accepted: async () => {
      const document = await upload(id, "kind=other");
      await decide(id, document.id, "accept");
      return document;
    },
    rejected: async () => {
      const document = await upload(id, "kind=other");
      await decide(id, document.id, "reject", { reasons });
      return document;
    },
    erased: async () => {
      const document = await upload(id, "kind=other");
      await own.call("DELETE", `/customers/${id}/documents/${document.id}`);
      return document;
    },
  };
  const no = "409 document_move_not_allowed";
  const table = {
    uploaded: ["200 accepted", "200 rejected", "200 erased"],
    accepted: [no, no, no],
    rejected: [no, no, "200 erased"],
    erased: [no, no, no],
  };
  for (const [status, expected] of Object.entries(table)) {
    const make = ways[status as keyof typeof ways];
    const erase = async () => own.call("DELETE", `/customers/${id}/documents/${(await make()).id}`);
    const answers = [
      codeOf(await decide(id, (await make()).id, "accept")),
      codeOf(await decide(id, (await make()).id, "reject", { reasons })),
      codeOf(await erase()),
    ];
    assert.deepEqual(answers, expected, status);
  }
  const { id: another } = await upload(id, "kind=other");
  const path = `/customers/${id}/documents/${another}/accept`;
  assert.equal((await own.call("POST", path)).body.code, "key_of_wrong_audience");
});

test("of a reviewer's two decisions about a document at once one is carried out", async () => {
  const id = await newCustomer();
  const { id: document } = await upload(id, "kind=passport");
  const answers = await Promise.all([
    decide(id, document, "accept"),
    decide(id, document, "reject", { reasons }),
  ]);
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409]);
});

test("a decision about a document stands in the audit log with who made it", async () => {
  const id = await newCustomer();
  const { id: document } = await upload(id, "kind=passport");
  await decide(id, document, "reject", { reasons });
  const [row, ...more] = await asOwner<{ actor: string; changes: string }>(
    server.database.url,
    `select actor_id as actor, changes::text as changes from audit_log
     where action = 'rejectDocument' and object_id = $1 and result = 'done'`,
    [id],
  );
  assert.equal(more.length, 0);
  assert.match(row?.actor ?? "", /^key_/);
  assert.ok(row?.changes.includes(document));
});
