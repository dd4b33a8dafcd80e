import assert from "node:assert/strict";
import { test } from "node:test";
import { customerIn } from "../customers/fixture.ts";
import { customerLifecycle } from "../customers/model.ts";
import { now, verificationIn } from "./fixture.ts";
import {
  type Decision,
  type Mover,
  movers,
  movesOf,
  providers,
  type VerificationMove,
  type VerificationStatus,
  verificationLifecycle,
} from "./model.ts";
import {
  cancelled,
  claimedBy,
  decided,
  defaultSettings,
  isDecision,
  isInReview,
  released,
  requireMove,
  requireProvider,
  submitted,
} from "./rules.ts";

const moves = Object.keys(verificationLifecycle.moves) as VerificationMove[];
const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return "allowed";
};

/** Every move that anybody may make, written out once more. */
const allowed: readonly string[] = [
  "queued claim reviewer",
  "claimed claim reviewer",
  "submitted claim reviewer",
  "claimed release reviewer",
  "queued submit provider",
  "claimed decide reviewer",
  "submitted decide provider",
  "queued decide operator",
  "claimed decide operator",
  "submitted decide operator",
  "queued decide simulation",
  "claimed decide simulation",
  "submitted decide simulation",
  "queued decide rule",
  "submitted cancel provider",
  "queued cancel rule",
  "claimed cancel rule",
  "submitted cancel rule",
];

/** Moves that a mover never makes, from whatever status: asking for one is a fault of ours. */
const isNever = (move: VerificationMove, mover: Mover) =>
  !allowed.some((line) => line.endsWith(`${move} ${mover}`));

test("each move of a verification is allowed or refused by status and by who makes it", () => {
  let seen = 0;
  for (const status of verificationLifecycle.states) {
    for (const move of moves) {
      for (const mover of movers) {
        const line = `${status} ${move} ${mover}`;
        const act = () => requireMove(verificationIn(status), move, { mover, id: "key_mine" });
        if (isNever(move, mover)) {
          assert.throws(act, /never makes the move/, line);
        } else {
          const expected = allowed.includes(line) ? "allowed" : "verification_move_not_allowed";
          assert.equal(codeOf(act), expected, line);
          seen += 1;
        }
      }
    }
  }
  assert.ok(seen > allowed.length, "refusals were seen too");
});

test("what the movers may is within the life cycle, and covers each of its moves", () => {
  for (const move of moves) {
    const from = new Set(Object.values(movesOf[move]).flat());
    assert.deepEqual([...from].sort(), [...verificationLifecycle.moves[move].from].sort(), move);
  }
});

test("what another reviewer has claimed is refused with since when, unless it is taken over", () => {
  const claimed = verificationIn("claimed");
  const other = { mover: "reviewer", id: "key_other" } as const;
  for (const move of ["claim", "release", "decide"] as const) {
    assert.throws(
      () => requireMove(claimed, move, other),
      { code: "verification_claimed", detail: /since 2026-06-15T12:00:00.000Z/ },
      move,
    );
  }
  requireMove(claimed, "claim", other, true);
});

test("a move leaves what belongs to its status, and no claim where it is not claimed", () => {
  const claimed = claimedBy(verificationIn("queued"), "key_mine", 7n, now);
  assert.deepEqual(
    [claimed.status, claimed.claimedBy, claimed.customerVersion, claimed.version],
    ["claimed", "key_mine", 7n, 4n],
  );
  const reject: Decision = { move: "reject", reasons: ["Blurred."], canResubmit: true };
  const after = [
    released(claimed),
    submitted(verificationIn("queued"), "ref", 8n),
    decided(claimed, reject, "reviewer", now),
    cancelled(claimed),
  ];
  const statuses: VerificationStatus[] = ["queued", "submitted", "decided", "cancelled"];
  assert.deepEqual(
    after.map(({ status }) => status),
    statuses,
  );
  assert.ok(after.every((each) => each.claimedBy === null && each.claimedAt === null));
  const [, sent, over] = after;
  assert.deepEqual([sent?.providerReference, sent?.customerVersion], ["ref", 8n]);
  assert.deepEqual(
    [over?.outcome, over?.reasons, over?.decidedBy, over?.decidedAt],
    ["rejected", ["Blurred."], "reviewer", now],
  );
});

test("of the verdicts on a customer those are decisions that end its review", () => {
  const verdicts = [
    { move: "approve" },
    { move: "reject", reasons: [], canResubmit: true },
    { move: "requestInformation", reasons: [], asked: [] },
    { move: "hold", reason: "sanctions" },
    { move: "release" },
    { move: "delete" },
  ] as const;
  assert.deepEqual(verdicts.filter(isDecision), verdicts.slice(0, 3));
});

test("a customer is in review while it is pending or update_requested, beneath a hold too", () => {
  const standings = {
    needs_information: { status: "needs_information", reasons: [], asked: [] },
    pending: { status: "pending" },
    active: { status: "active" },
    update_requested: { status: "update_requested" },
    rejected: { status: "rejected", reasons: [], canResubmit: true },
  } as const;
  for (const [status, standing] of Object.entries(standings)) {
    const expected = ["pending", "update_requested"].includes(status);
    assert.equal(isInReview(customerIn(standing)), expected, status);
    const held = { status: "on_hold", reason: "sanctions", before: standing } as const;
    assert.equal(isInReview(customerIn(held)), expected, `${status} on hold`);
  }
  assert.equal(isInReview(customerIn({ status: "deleted" })), false);
  assert.equal(customerLifecycle.states.length, 7);
});

test("nobody outside reviews a sandbox, and no wish decides a live customer", () => {
  const fits = (mode: "sandbox" | "live") =>
    providers.filter((provider) => codeOf(() => requireProvider(provider, mode)) === "allowed");
  assert.deepEqual(fits("sandbox"), ["manual", "sandbox"]);
  assert.deepEqual(fits("live"), ["manual", "sumsub", "persona"]);
  for (const mode of ["sandbox", "live"] as const) {
    requireProvider(defaultSettings("org_example", mode).provider, mode);
  }
  assert.equal(defaultSettings("org_example", "live").delegated, "refused");
});
