import type { Work } from "../../../foundation/database/work.ts";
import { type Route, writeRoute } from "../../../foundation/route/route.ts";
import { idParams } from "../../../foundation/route/schemas.ts";
import type { Hit, HitVerdict } from "../../screening/model/hits.ts";
import { hitSchema, hitVerdictSchema, showHit } from "../../screening/schema/hits.ts";
import { type DecidedHit, decideScreening } from "../actions/screening.ts";

/** What modules to the right do about hits, in the same transaction. */
export type HitFollower = {
  /** Locks the subject of a hit where it is not a customer. */
  lock(work: Work, hit: Hit): Promise<void>;
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
    body: hitVerdictSchema,
    reply: hitSchema,
    status: 200,
    errors: ["not_found", "hit_decided", "four_eyes_required"],
    handle: async ({ params: { id }, body: { reasons, note = null }, work }) => {
      const decided = await decideScreening(work, id, verdict, { reasons, note }, follower.lock);
      await follower.follow(decided);
      return showHit(decided);
    },
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
    `It is somebody else. The last one that is cleared releases the customer, where it was screening that held it. ${eyes}`,
  ),
];
