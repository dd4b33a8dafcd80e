import assert from "node:assert/strict";
import test from "node:test";
import type { Card, CardStatus, Restriction } from "../model.ts";
import { type CardVerb, cardVerbs, statusRefusal } from "./status.ts";

const now = new Date("2027-03-10T12:00:00Z");
const past = new Date("2027-03-01T00:00:00Z");
const future = new Date("2027-04-01T00:00:00Z");

type Judged = Pick<Card, "deletedAt" | "deletedReason" | "expiresAt" | "restrictions">;

const restriction = (kind: Restriction["kind"], owner: Restriction["owner"]): Restriction => ({
  id: "rst_1",
  kind,
  owner,
  reason: "because",
  note: null,
  actor: { kind: "key", id: "key_1" },
  createdAt: past,
  endsAt: null,
});

const living: Judged = {
  deletedAt: null,
  deletedReason: null,
  expiresAt: future,
  restrictions: [],
};

const cards: Record<CardStatus, Judged> = {
  active: living,
  frozen: { ...living, restrictions: [restriction("freeze", "cardholder")] },
  blocked: { ...living, restrictions: [restriction("block", "platform")] },
  expired: { ...living, expiresAt: past },
  deleted: { ...living, deletedAt: past, deletedReason: "deleted_by_organization" },
};

/** PRODUCT §5's table, written out once more; `-` stands for no. */
const table = `
  verb        active frozen blocked expired deleted
  authorize   yes    -      -       -       -
  settle      yes    yes    yes     yes     yes
  topUp       yes    yes    -       -       -
  withdraw    yes    yes    yes     yes     -
  delete      yes    yes    yes     yes     -
  freeze      yes    yes    yes     -       -
  unfreeze    yes    yes    yes     -       -
  block       yes    yes    yes     yes     -
  unblock     yes    yes    yes     yes     -
  replace     yes    yes    -       yes     -
  renew       yes    yes    -       yes     -
  reveal      yes    -      -       -       -
  setPin      yes    yes    -       -       -
  change      yes    yes    yes     yes     -
  read        yes    yes    yes     yes     yes`;

test("each verb works in exactly the statuses of PRODUCT §5 and is refused by the status's own code", () => {
  const [head = [], ...lines] = table
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/));
  assert.deepEqual(lines.map(([verb]) => verb).sort(), Object.keys(cardVerbs).sort());
  for (const [verb, ...cells] of lines) {
    for (const [index, cell] of cells.entries()) {
      const status = head[index + 1] as CardStatus;
      const refusal = statusRefusal(verb as CardVerb, cards[status], now);
      const expected = cell === "yes" ? undefined : `card_${status}`;
      assert.equal(refusal?.code, expected, `${verb} of a card that is ${status}`);
      if (refusal !== null) assert.equal(refusal.status, 409);
    }
  }
});

test("under a compliance restriction no money leaves a card, expired or not, and nothing else changes", () => {
  const restrictions = [restriction("block", "compliance")];
  for (const expiresAt of [future, past]) {
    const card = { ...living, restrictions, expiresAt };
    assert.equal(statusRefusal("withdraw", card, now)?.code, "compliance_restriction");
    assert.equal(statusRefusal("delete", card, now)?.code, "compliance_restriction");
    assert.equal(statusRefusal("change", card, now), null);
  }
  const deleted = { ...cards.deleted, restrictions };
  assert.equal(statusRefusal("withdraw", deleted, now)?.code, "card_deleted");
});
