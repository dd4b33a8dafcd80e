import type { TSchema } from "typebox";
import type { Work } from "../../../foundation/database/work.ts";
import { type Route, writeRoute } from "../../../foundation/route/route.ts";
import { idParams, type StaticOf } from "../../../foundation/route/schemas.ts";
import {
  approvalSchema,
  informationRequestSchema,
  rejectionSchema,
} from "../../customers/schema.ts";
import { claimVerification, decideVerification, releaseVerification } from "../actions.ts";
import type { Verification } from "../model.ts";
import { claimSchema, showVerification, verificationSchema } from "../schema.ts";

/** What a reviewer does with a verification: `POST verifications/{id}/<path>`. */
const verb = <B extends TSchema>(about: {
  readonly id: string;
  readonly path: string;
  readonly summary: string;
  readonly description: string;
  readonly body?: B;
  readonly errors?: readonly string[];
  readonly act: (work: Work, id: string, body: StaticOf<B>) => Promise<Verification>;
}): Route => {
  const { path, act, errors = [], ...rest } = about;
  return writeRoute({
    ...rest,
    method: "POST",
    path: `/verifications/{id}/${path}`,
    tag: "Verifications",
    audience: "platform",
    scope: "customers:review",
    params: idParams,
    reply: verificationSchema,
    status: 200,
    errors: ["not_found", "verification_move_not_allowed", "verification_claimed", ...errors],
    handle: async ({ params: { id }, body, work }) =>
      showVerification(await act(work, id, (body ?? {}) as StaticOf<B>)),
  });
};

const deciding = [
  "verification_outdated",
  "customer_move_not_allowed",
  "customer_incomplete",
  "organization_closed",
];

/** The queue of the platform's reviewers. */
export const reviewRoutes: readonly Route[] = [
  verb({
    id: "claimVerification",
    path: "claim",
    summary: "Claim a review",
    description:
      "From queued, or from a provider that is down (submitted). Until it is released nobody else decides it; with takeOver also where another reviewer has it. Claimed again by the same key, it is of the customer as it is now.",
    body: claimSchema,
    errors: ["customer_deleted", "organization_closed"],
    act: (work, id, { takeOver = false }) => claimVerification(work, id, takeOver),
  }),
  verb({
    id: "releaseVerification",
    path: "release",
    summary: "Give a claimed review back",
    description: "By the key that has it: it is queued again.",
    act: (work, id) => releaseVerification(work, id),
  }),
  verb({
    id: "approveVerification",
    path: "approve",
    summary: "Approve a claimed review",
    description: "The customer is active. Refused where the customer has changed since the claim.",
    body: approvalSchema,
    errors: deciding,
    act: (work, id, { note = null }) => decideVerification(work, id, { move: "approve" }, note),
  }),
  verb({
    id: "rejectVerification",
    path: "reject",
    summary: "Reject a claimed review",
    description: "The customer is rejected, with the reasons.",
    body: rejectionSchema,
    errors: deciding,
    act: (work, id, { reasons, canResubmit = true, note = null }) =>
      decideVerification(work, id, { move: "reject", reasons, canResubmit }, note),
  }),
  verb({
    id: "requestVerificationInformation",
    path: "request-information",
    summary: "Ask for information about a claimed review",
    description: "The customer is needs_information; what it gives then is another review.",
    body: informationRequestSchema,
    errors: deciding,
    act: (work, id, { reasons, fields = [], note = null }) =>
      decideVerification(work, id, { move: "requestInformation", reasons, asked: fields }, note),
  }),
];
