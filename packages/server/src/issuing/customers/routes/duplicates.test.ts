import assert from "node:assert/strict";
import test from "node:test";
import { startTestServer } from "../../../../test/harness/server.ts";
import { person } from "../fixture.ts";

const server = await startTestServer();
const own = await server.newOrganization();
const other = await server.newOrganization();

const create = async (body: object, call = own.call): Promise<string> =>
  (await call("POST", "/customers", { type: "individual", level: "basic", ...body })).body.id;

const duplicates = async (id: string, call = own.call) =>
  (await call("GET", `/customers/${id}/duplicates`)).body.data;

test("customers with something in common are named to each other, by either, and no one else's", async () => {
  const { firstName, lastName, birthDate, email, phone, nationalId } = person;
  const first = await create({ firstName, lastName, birthDate, externalId: "first" });
  const again = await create({ firstName: "ada", lastName: "Exampel", birthDate });
  const mail = await create({ email: email.toUpperCase() });
  const mine = await create({ email, phone, nationalId: `${nationalId.toLowerCase()}-` });
  const number = await create({ nationalId });
  await create(person, other.call);
  assert.deepEqual(await duplicates(again), [
    {
      customerId: first,
      externalId: "first",
      status: "needs_information",
      likelihood: "likely",
      shared: ["nameAndBirthDate"],
      keep: first,
    },
  ]);
  const seen = (await duplicates(mine)).map((one: { customerId: string; likelihood: string }) => [
    one.customerId,
    one.likelihood,
  ]);
  assert.deepEqual(seen, [
    [number, "certain"],
    [mail, "possible"],
  ]);
  assert.deepEqual(await duplicates(first, server.call), await duplicates(first));
  assert.equal((await other.call("GET", `/customers/${first}/duplicates`)).status, 404);
});

test("a customer of whom nothing is known is like nobody", async () => {
  const nobody = await create({});
  await create({});
  assert.deepEqual(await duplicates(nobody), []);
});

test("the surest are named also where more share a birth date than are looked at", async () => {
  const crowd = await server.newOrganization();
  const { birthDate, nationalId } = person;
  const one = await create({ birthDate, nationalId }, crowd.call);
  await Promise.all(Array.from({ length: 210 }, () => create({ birthDate }, crowd.call)));
  const same = await create({ nationalId }, crowd.call);
  const [first, ...rest] = await duplicates(one, crowd.call);
  assert.deepEqual([first?.customerId, first?.likelihood, rest], [same, "certain", []]);
});

test("numbers in signs that the database may not know are not taken for one another", async () => {
  const crowd = await server.newOrganization();
  const { email } = person;
  const number = (at: number) =>
    [...String(at)].map((digit) => "٠١٢٣٤٥٦٧٨٩"[Number(digit)]).join("");
  const one = await create({ nationalId: number(1_000), email }, crowd.call);
  await Promise.all(
    Array.from({ length: 210 }, (_, at) => create({ nationalId: number(at) }, crowd.call)),
  );
  const same = await create({ email }, crowd.call);
  const found = await duplicates(one, crowd.call);
  assert.deepEqual(
    found.map(({ customerId }: { customerId: string }) => customerId),
    [same],
  );
});
