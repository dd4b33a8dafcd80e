import { type Route, readRoute, writeRoute } from "../../../foundation/route/route.ts";
import { idParams, reference } from "../../../foundation/route/schemas.ts";
import { getOrganization, workIn } from "../../organizations/actions.ts";
import { delegateVerification } from "../actions/delegated.ts";
import { askForLink, requireLinked } from "../actions/links.ts";
import { changeSettings, settingsOf } from "../actions/settings.ts";
import { simulateVerification } from "../actions.ts";
import {
  delegatedSchema,
  linkSchema,
  readWish,
  settingsChangeSchema,
  settingsSchema,
  showSettings,
  showVerification,
  simulationSchema,
  verificationSchema,
} from "../schema.ts";

const tag = "Verifications";

const delegate = writeRoute({
  id: "delegateVerification",
  method: "POST",
  path: "/customers/{id}/verifications",
  summary: "Attest a verification of your own",
  description:
    "You verified a customer in review with a provider of your own: name it, its reference and the documents that it rests on, and attest that the person was there. It is recorded as delegated. The platform says whether that is refused, reviewed or accepted at once. With a shareToken, Sumsub reviews the person by what it knows from you; the review that was open is cancelled for another.",
  tag,
  audience: "organization",
  scope: "customers:write",
  params: idParams,
  body: delegatedSchema,
  reply: verificationSchema,
  status: 201,
  errors: [
    "not_found",
    "delegated_verification_refused",
    "delegated_verification_invalid",
    "verification_already_delegated",
    "verification_claimed",
    "share_token_not_supported",
    "customer_not_in_review",
    "customer_move_not_allowed",
    "customer_incomplete",
    "document_not_found",
    "customer_deleted",
    "organization_closed",
  ],
  handle: async ({ params: { id }, body, work }) => {
    const { documentIds = [], shareToken, ...given } = body;
    const delegated = { ...given, documentIds };
    return showVerification(await delegateVerification(work, reference(id), delegated, shareToken));
  },
});

const link = writeRoute({
  id: "createProviderLink",
  method: "POST",
  path: "/verifications/{id}/link",
  summary: "Ask the provider for a link for the person",
  description:
    "While the review is submitted to Sumsub or Persona: by the link the person gives the provider what it wants, in its own flow. It is shown once. expiresAt is null where the provider does not tell it.",
  tag,
  audience: "organization",
  scope: "customers:write",
  params: idParams,
  reply: linkSchema,
  status: 201,
  secretFields: ["link"],
  errors: [
    "not_found",
    "link_not_supported",
    "verification_move_not_allowed",
    "customer_move_not_allowed",
    "organization_closed",
  ],
  prepare: ({ params: { id }, reading, outside }) => askForLink(reading, outside, id),
  handle: async ({ params: { id }, work, prepared }) => {
    await requireLinked(work, id);
    return { link: prepared.link, expiresAt: prepared.expiresAt?.toISOString() ?? null };
  },
});

const simulate = writeRoute({
  id: "simulateVerification",
  method: "POST",
  path: "/simulations/verifications",
  summary: "Decide a review as you wish",
  description: "Of a customer that is pending or update_requested, whoever has its review.",
  tag: "Simulations",
  audience: "organization",
  scope: "simulate",
  sandboxOnly: true,
  body: simulationSchema,
  reply: verificationSchema,
  status: 201,
  errors: [
    "customer_not_found",
    "customer_not_in_review",
    "customer_move_not_allowed",
    "customer_incomplete",
    "organization_closed",
  ],
  handle: async ({ body, work }) =>
    showVerification(await simulateVerification(work, body.customerId, readWish(body))),
});

const settings = readRoute({
  id: "getVerificationSettings",
  path: "/organizations/{id}/verification-settings",
  summary: "Read how an organization's customers are reviewed",
  tag,
  audience: "platform",
  scope: "platform:read",
  params: idParams,
  reply: settingsSchema,
  errors: ["not_found"],
  handle: async ({ params: { id }, reading: { sql } }) =>
    showSettings(await settingsOf(sql, await getOrganization(sql, id))),
});

const change = writeRoute({
  id: "changeVerificationSettings",
  method: "PATCH",
  path: "/organizations/{id}/verification-settings",
  summary: "Change how an organization's customers are reviewed",
  description: "For reviews from now on: what is open stays with whom it was opened for.",
  tag,
  audience: "platform",
  scope: "organizations:write",
  params: idParams,
  body: settingsChangeSchema,
  reply: settingsSchema,
  status: 200,
  errors: ["not_found", "provider_not_available", "organization_closed"],
  handle: async ({ params: { id }, body, work }) => {
    const organization = await getOrganization(work.sql, id);
    return showSettings(await changeSettings(await workIn(work, organization.id), body));
  },
});

/** What organizations attest and wish, and what the platform says about their reviews. */
export const organizationRoutes: readonly Route[] = [delegate, link, simulate, settings, change];
