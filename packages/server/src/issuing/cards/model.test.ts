import assert from "node:assert/strict";
import test from "node:test";
import { testDatabase, wordsOf } from "../../../test/harness/database.ts";
import {
  type Card,
  type CardStatus,
  cardLifecycle,
  holdsMoney,
  maskedNumber,
  type Restriction,
  restrictedStatus,
  restrictionKinds,
  statusOf,
  statusReasonOf,
  storedStatuses,
} from "./model.ts";

const now = new Date("2027-03-10T12:00:00Z");
const later = new Date("2027-04-01T00:00:00Z");
const earlier = new Date("2027-03-01T00:00:00Z");

function restriction(
  kind: Restriction["kind"],
  owner: Restriction["owner"],
  reason = `${kind}_by_${owner}`,
): Restriction {
  return {
    id: "rst_1",
    kind,
    owner,
    reason,
    note: null,
    actor: { kind: "key", id: "key_1" },
    createdAt: earlier,
    endsAt: null,
  };
}

type Lived = Pick<Card, "deletedAt" | "deletedReason" | "expiresAt" | "restrictions">;

const living: Lived = { deletedAt: null, deletedReason: null, expiresAt: later, restrictions: [] };
const freeze = restriction("freeze", "organization");
const block = restriction("block", "platform");

test("a card's status goes by precedence: deleted, expired, blocked, frozen, active", () => {
  const strengths = ["active", "frozen", "blocked", "expired", "deleted"] as const;
  for (let mask = 0; mask < 16; mask += 1) {
    const has = (bit: number) => (mask & bit) !== 0;
    const card: Lived = {
      restrictions: [...(has(1) ? [freeze] : []), ...(has(2) ? [block] : [])],
      expiresAt: has(4) ? earlier : later,
      deletedAt: has(8) ? earlier : null,
      deletedReason: has(8) ? "deleted_by_organization" : null,
    };
    const strongest = Math.max(0, ...[1, 2, 4, 8].map((bit, index) => (has(bit) ? index + 1 : 0)));
    assert.equal(statusOf(card, now), strengths[strongest], `mask ${mask}`);
  }
});

test("a card works to the last instant of its month and is expired from the next on", () => {
  assert.equal(statusOf(living, new Date(later.getTime() - 1)), "active");
  assert.equal(statusOf(living, later), "expired");
});

test("the reason shown is that of the status shown; among blocks that of compliance speaks", () => {
  const cases: [Partial<Lived>, string | null][] = [
    [{}, null],
    [{ restrictions: [freeze] }, "freeze_by_organization"],
    [{ restrictions: [freeze, block] }, "block_by_platform"],
    [{ restrictions: [block, restriction("block", "compliance", "sanctions")] }, "sanctions"],
    [{ restrictions: [block], expiresAt: earlier }, "expired"],
    [{ restrictions: [block], deletedAt: now, deletedReason: "replaced_lost" }, "replaced_lost"],
  ];
  for (const [changes, reason] of cases) {
    assert.equal(statusReasonOf({ ...living, ...changes }, now), reason);
  }
});

test("only a restriction of compliance holds the money", () => {
  for (const [kind, { owners }] of Object.entries(restrictionKinds)) {
    for (const owner of owners) {
      const restrictions = [restriction(kind as Restriction["kind"], owner)];
      assert.equal(holdsMoney({ restrictions }, now), owner === "compliance", owner);
    }
  }
});

test("the stored status is what the restrictions make of it", () => {
  assert.equal(restrictedStatus([]), "active");
  assert.equal(restrictedStatus([freeze]), "frozen");
  assert.equal(restrictedStatus([block]), "blocked");
  assert.equal(restrictedStatus([freeze, block]), "blocked");
});

test("a masked number has first six and last four and says nothing of the rest", () => {
  const card = { firstSix: "411111", lastFour: "0042", panLength: 19 };
  assert.equal(maskedNumber(card), "411111*********0042");
});

test("the life cycle, the stored statuses and the kinds of restrictions agree with the database", async () => {
  const { url } = await testDatabase();
  assert.deepEqual(await wordsOf(url, "cards_status_check"), [...storedStatuses].sort());
  assert.deepEqual(
    await wordsOf(url, "card_restrictions_kind_check"),
    Object.keys(restrictionKinds).sort(),
  );
  const owners = Object.values(restrictionKinds).flatMap((kind): string[] => [...kind.owners]);
  assert.deepEqual(await wordsOf(url, "card_restrictions_owner_check"), owners.sort());
  const shown: CardStatus[] = [...storedStatuses, "expired"];
  assert.deepEqual([...cardLifecycle.states].sort(), shown.sort());
});
