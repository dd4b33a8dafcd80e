import { type Route, writeRoute } from "../../../foundation/route/route.ts";
import { idParams } from "../../../foundation/route/schemas.ts";
import type { HitVerdict } from "../../screening/model/hits.ts";
import { hitSchema, hitWhySchema, showHit } from "../../screening/schema/hits.ts";
import {
  type DecidedHit,
  decideScreening,
  type LockHit,
  reopenScreening,
} from "../actions/screening.ts";

/** What modules to the right do about hits, in the same transaction. */
export type HitFollower = {
  readonly lock: LockHit;
  /** What follows a decision; nothing where it changes nothing. */
  follow(decided: DecidedHit): Promise<void>;
};

const verb = (
  follower: HitFollower,
  verdict: HitVerdict,
  summary: string,
  description: string,
): Route =>
  writeRoute({
    id: `${verdict}ScreeningHit`,
    method: "POST",
    path: `/screening-hits/{id}/${verdict}`,
    summary,
    description,
    tag: "Screening",
    audience: "platform",
    scope: "compliance:write",
    params: idParams,
    body: hitWhySchema,
    reply: hitSchema,
    status: 200,
    errors: ["not_found", "hit_decided", "four_eyes_required"],
    handle: async ({ params: { id }, body: { reasons, note = null }, work }) => {
      const decided = await decideScreening(work, id, verdict, { reasons, note }, follower.lock);
      await follower.follow(decided);
      return showHit(decided);
    },
  });

const reopen = (follower: HitFollower): Route =>
  writeRoute({
    id: "reopenScreeningHit",
    method: "POST",
    path: "/screening-hits/{id}/reopen",
    summary: "Reopen a confirmed hit of screening",
    description:
      "It was confirmed in error, or the entry is on the list no more: it is decided anew. Customer and cards stay as they are until it is cleared.",
    tag: "Screening",
    audience: "platform",
    scope: "compliance:write",
    params: idParams,
    body: hitWhySchema,
    reply: hitSchema,
    status: 200,
    errors: ["not_found", "hit_not_confirmed", "newer_hit_waiting"],
    handle: async ({ params: { id }, body: { reasons, note = null }, work }) =>
      showHit(await reopenScreening(work, id, { reasons, note }, follower.lock)),
  });

const eyes =
  "Where the installation wants four eyes, the first verdict proposes and another person's, with a key of their own, decides; the opposite takes the proposal back.";

/** What a person decides about hits. @param follower what else is to be done about one. */
export const hitDecisionRoutes = (follower: HitFollower): readonly Route[] => [
  verb(
    follower,
    "confirm",
    "Confirm a hit of screening",
    `It is the same person or entity. Sanctions: the customer stays on hold, and its cards are restricted. An exposed person is recorded. ${eyes}`,
  ),
  verb(
    follower,
    "clear",
    "Clear a hit of screening",
    `It is somebody else. The last one that is cleared releases the customer, where it was screening that held it, and lifts what a confirmed one had put on its cards. ${eyes}`,
  ),
  reopen(follower),
];
