import assert from "node:assert/strict";
import test from "node:test";
import { Refusal } from "../../../foundation/errors/errors.ts";
import type { CustomerId, OrganizationId } from "../../../foundation/ids/ids.ts";
import { canMove } from "../../../foundation/lifecycle/lifecycle.ts";
import { listed } from "../fixture.ts";
import {
  type Hit,
  type HitMove,
  type HitStatus,
  hitLifecycle,
  hitVerdicts,
} from "../model/hits.ts";
import type { ListedEntry, Match, Subject } from "../model.ts";
import { findingsOf, hashOfEntry, moveOf } from "./hits.ts";

/** Every status, verdict and setting: the move, or the code of its refusal. */
const table: Readonly<Record<HitStatus, readonly (readonly string[])[]>> = {
  // Each line: confirm and clear, of who proposed; then of another.
  open: [
    ["confirm", "clear", "confirm", "clear"],
    ["proposeConfirm", "proposeClear", "proposeConfirm", "proposeClear"],
  ],
  confirm_proposed: [
    ["four_eyes_required", "takeBack", "confirm", "takeBack"],
    ["four_eyes_required", "takeBack", "confirm", "takeBack"],
  ],
  clear_proposed: [
    ["takeBack", "four_eyes_required", "takeBack", "clear"],
    ["takeBack", "four_eyes_required", "takeBack", "clear"],
  ],
  confirmed: [Array(4).fill("hit_decided"), Array(4).fill("hit_decided")],
  cleared: [Array(4).fill("hit_decided"), Array(4).fill("hit_decided")],
};

for (const status of hitLifecycle.states) {
  test(`G16: what a verdict does to a hit that is ${status}, with and without four eyes`, () => {
    for (const [place, fourEyes] of [false, true].entries()) {
      const found = [true, false].flatMap((own) =>
        hitVerdicts.map((verdict) => {
          try {
            const move = moveOf(status, verdict, { fourEyes, own });
            assert.ok(canMove(hitLifecycle, move as HitMove, status), `${move} from ${status}`);
            return move;
          } catch (error) {
            assert.ok(error instanceof Refusal, String(error));
            return error.code;
          }
        }),
      );
      assert.deepEqual(found, table[status][place], `four eyes: ${fourEyes}`);
    }
  });
}

const subject: Subject = { name: "Zoltan Example", kind: "person", birthDate: "1970-02-03" };
const entry = listed("7", "Zoltan Example");
const matchOf = (of: ListedEntry): Match => ({
  entry: of,
  name: { text: "Zoltan Example", quality: "strong" },
  score: 10_000,
  reasons: [],
});
const before = (status: HitStatus, of = entry): Hit => ({
  subjectKind: "customer",
  subjectId: "cus_example" as CustomerId,
  personId: null,
  organizationId: "org_example" as OrganizationId,
  id: "hit_example",
  source: of.source,
  sourceId: of.sourceId,
  listVersion: 1n,
  entryHash: hashOfEntry(of),
  score: 10_000,
  status,
  proposal: null,
  decision: null,
  version: 1n,
  createdAt: new Date(0),
});

for (const status of hitLifecycle.states) {
  test(`a match that is ${status} already is not looked at again while nothing has changed`, () => {
    const known = [{ hit: before(status), subject }];
    assert.deepEqual(findingsOf(subject, [matchOf(entry)], known), []);
    const other = { ...entry, remarks: "Said otherwise.", programmes: ["OTHER"] };
    assert.deepEqual(findingsOf(subject, [matchOf(other)], known), [], "what scores is the same");
  });

  for (const [what, now, of] of [
    ["the customer", { ...subject, birthDate: "1971-02-03" }, entry],
    ["the entry", subject, { ...entry, nationalities: ["HUN"] }],
  ] as const) {
    const waits = !["confirmed", "cleared"].includes(status);
    test(`a match that is ${status} is looked at again when ${what} changed: ${waits ? "the same hit" : "another"}`, () => {
      const hit = before(status);
      const [finding, ...more] = findingsOf(now, [matchOf(of)], [{ hit, subject }]);
      assert.deepEqual(more, []);
      assert.deepEqual(finding?.waiting, waits ? hit : null);
    });
  }
}

test("the same number in another list is another entry", () => {
  const other = { ...entry, source: "pep" as const };
  assert.equal(
    findingsOf(subject, [matchOf(other)], [{ hit: before("cleared"), subject }]).length,
    1,
  );
});
