import type { TSchema } from "typebox";
import type { Work } from "../../../foundation/database/work.ts";
import { type Route, writeRoute } from "../../../foundation/route/route.ts";
import { idParams, type StaticOf } from "../../../foundation/route/schemas.ts";
import { decideCustomer, workForCustomer } from "../actions.ts";
import type { Customer } from "../model.ts";
import type { Verdict } from "../rules/moves.ts";
import {
  approvalSchema,
  customerSchema,
  holdSchema,
  informationRequestSchema,
  rejectionSchema,
  releaseSchema,
  showCustomer,
} from "../schema.ts";

const tag = "Customers";

type VerbBody<B extends TSchema> = StaticOf<B> & { note?: string };

/** What follows a verdict on a customer, in the same transaction. */
export type VerdictFollower = (work: Work, customer: Customer, verdict: Verdict) => Promise<void>;

/** A decision of the platform about a customer: `POST customers/{id}/<path>`. */
const verb =
  <B extends TSchema>(about: {
    readonly id: string;
    readonly path: string;
    readonly summary: string;
    readonly description: string;
    readonly body: B;
    readonly verdict: (body: StaticOf<B>) => Verdict;
  }) =>
  (follow: VerdictFollower): Route => {
    const { path, verdict, ...rest } = about;
    return writeRoute({
      ...rest,
      method: "POST",
      path: `/customers/{id}/${path}`,
      tag,
      audience: "platform",
      scope: "customers:review",
      params: idParams,
      reply: customerSchema,
      status: 200,
      errors: [
        "not_found",
        "customer_move_not_allowed",
        "customer_incomplete",
        "screening_hits_waiting",
        "sanctions_match_confirmed",
        "customer_deleted",
        "organization_closed",
      ],
      handle: async ({ params: { id }, body, work }) => {
        const { note = null } = body as VerbBody<B>;
        const own = await workForCustomer(work, id);
        const passed = verdict(body as StaticOf<B>);
        const customer = await decideCustomer(own, id, passed, note);
        await follow(own, customer, passed);
        return showCustomer(customer);
      },
    });
  };

const verbs = [
  verb({
    id: "approveCustomer",
    path: "approve",
    summary: "Approve a customer",
    description:
      "From pending or update_requested, where nothing is missing: it is active, and cards can be issued to it. Its documents that are not decided on are accepted.",
    body: approvalSchema,
    verdict: () => ({ move: "approve" }),
  }),
  verb({
    id: "rejectCustomer",
    path: "reject",
    summary: "Reject a customer",
    description: "From needs_information, pending or update_requested, with the reasons.",
    body: rejectionSchema,
    verdict: ({ reasons, canResubmit = true }) => ({ move: "reject", reasons, canResubmit }),
  }),
  verb({
    id: "requestCustomerInformation",
    path: "request-information",
    summary: "Ask for information about a customer",
    description:
      "From pending, active or update_requested. The organization gives the named fields by PATCH, also the same values again, and uploads the named documents anew; then it is pending.",
    body: informationRequestSchema,
    verdict: ({ reasons, fields = [] }) => ({ move: "requestInformation", reasons, asked: fields }),
  }),
  verb({
    id: "holdCustomer",
    path: "hold",
    summary: "Put a customer on hold",
    description: "From every status but deleted. Reason sanctions: issuing answers sanctions_hold.",
    body: holdSchema,
    verdict: ({ reason }) => ({ move: "hold", reason }),
  }),
  verb({
    id: "releaseCustomer",
    path: "release",
    summary: "Release a customer from hold",
    description: "Back to the status before the hold, as it has moved since.",
    body: releaseSchema,
    verdict: () => ({ move: "release" }),
  }),
];

/** What the platform decides about customers; with the reviews, which follow it. */
export const reviewRoutes = (follow: VerdictFollower): readonly Route[] =>
  verbs.map((make) => make(follow));
