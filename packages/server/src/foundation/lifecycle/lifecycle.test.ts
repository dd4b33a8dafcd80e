import assert from "node:assert/strict";
import test from "node:test";
import { canMove, drawLifecycle, lifecycle } from "./lifecycle.ts";

const door = lifecycle(["open", "closed", "locked"], {
  close: { from: ["open"], to: "closed" },
  lock: { from: ["closed"], to: "locked" },
  jam: { from: ["open", "closed"], to: "locked" },
  free: { from: ["locked"], to: "previous" },
});

test("a move is allowed from its states and from no other", () => {
  const allowed = Object.keys(door.moves).flatMap((move) =>
    door.states
      .filter((state) => canMove(door, move as keyof typeof door.moves, state))
      .map((state) => `${move} ${state}`),
  );
  assert.deepEqual(allowed, ["close open", "lock closed", "jam open", "jam closed", "free locked"]);
});

test("a move to or from a state that is not in the list is found at once", () => {
  const states: string[] = ["open", "closed"];
  assert.throws(() => lifecycle(states, { burn: { from: ["open"], to: "ash" } }), /burn.*ash/);
  assert.throws(() => lifecycle(states, { burn: { from: ["ash"], to: "open" } }), /burn.*ash/);
  assert.throws(
    () => lifecycle(states, { burn: { from: ["previous"], to: "open" } }),
    /burn.*previous/,
  );
});

test("the drawing has one arrow for each state a move starts from", () => {
  assert.equal(
    drawLifecycle(door),
    [
      "stateDiagram-v2",
      "  open --> closed: close",
      "  closed --> locked: lock",
      "  open --> locked: jam",
      "  closed --> locked: jam",
      "  locked --> before_locked: free",
    ].join("\n"),
  );
});
