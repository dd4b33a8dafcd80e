import assert from "node:assert/strict";
import test from "node:test";
import { columnsOf, maskSecrets } from "./rules.ts";

/** Made from parts, so that no text here has the shape it is about. */
const number = ["4000", "0012", "3456", "7899"];
const secret = `cw_${"sandbox"}_${"a1".repeat(16)}`;

test("G1: what looks like a card number or an API key is masked, wherever it stands", () => {
  const changes = [
    {
      objectId: "card_example",
      after: {
        label: `number ${number.join("")}`,
        metadata: { spaced: number.join(" "), dashed: number.join("-"), order: "A-12345" },
        notes: ["fine", `key ${secret}`],
      },
    },
  ];
  assert.deepEqual(maskSecrets(changes), [
    {
      objectId: "card_example",
      after: {
        label: "[masked]",
        metadata: { spaced: "[masked]", dashed: "[masked]", order: "A-12345" },
        notes: ["fine", "[masked]"],
      },
    },
  ]);
});

test("a value with a secret's name is masked whatever it looks like; null stays null", () => {
  const values = { secret: "x", pin: 1234, cvc: null, token: { deep: "x" }, pins: "x" };
  assert.deepEqual(maskSecrets(values), {
    secret: "[masked]",
    pin: "[masked]",
    cvc: null,
    token: "[masked]",
    pins: "x",
  });
});

test("ids, times, amounts and masked numbers are left as they are", () => {
  const plain = {
    id: "card_01k9zz3v9q7x1x2y3z4a5b6c7d",
    at: "2030-01-31T12:00:00.123Z",
    amount: 1_000_000_000_000,
    active: true,
    lastFour: "1234",
    birth: null,
  };
  assert.deepEqual(maskSecrets(plain), plain);
});

test("each column of an entry is hashed", () => {
  const entry = {
    id: "aud_1",
    organizationId: "org_1",
    at: new Date(5),
    actor: { kind: "key", id: "key_1" },
    action: "freezeCard",
    objectOrganizationId: "org_2",
    objectId: null,
    result: "done",
    status: 200,
    code: null,
    changes: "[]",
    requestId: "req_1",
    ip: null,
  } as const;
  assert.deepEqual(columnsOf(entry), [
    5n,
    "key",
    "key_1",
    "freezeCard",
    "org_2",
    null,
    "done",
    200n,
    null,
    "[]",
    "req_1",
    null,
  ]);
});
