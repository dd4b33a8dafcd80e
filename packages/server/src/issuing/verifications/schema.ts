import { Type } from "typebox";
import {
  idText,
  nullable,
  object,
  oneOf,
  type StaticOf,
  text,
  timestamp,
} from "../../foundation/route/schemas.ts";
import { needs } from "../customers/model.ts";
import { verificationLevels } from "../programs/model.ts";
import {
  type Decision,
  delegations,
  isOutside,
  MAX_DELEGATED_DOCUMENTS,
  MAX_SHARE_TOKEN,
  movers,
  outcomes,
  providers,
  settingsIdOf,
  type Verification,
  type VerificationRead,
  type VerificationSettings,
  verificationLifecycle,
} from "./model.ts";

const shownText = (description: string) => nullable(Type.String({ description }));

/** A verification as the API shows it. */
export const verificationSchema = object({
  id: idText("Id of the verification."),
  organizationId: idText("Whose customer it is."),
  customerId: idText("The customer."),
  level: oneOf(verificationLevels),
  provider: oneOf(providers, { description: "Who reviews." }),
  status: oneOf(verificationLifecycle.states),
  customerVersion: Type.Integer({
    description:
      "The customer's version that is reviewed: at opening, then as claimed or submitted.",
  }),
  claimedBy: shownText("The reviewer's key, while it is claimed."),
  claimedAt: nullable(timestamp),
  providerReference: shownText("What the provider calls it."),
  delegated: nullable(
    object(
      {
        provider: Type.String({ description: "The organization's own provider." }),
        reference: Type.String({ description: "What that one calls the verification." }),
        livenessAttested: Type.Boolean(),
        verifiedAt: timestamp,
        documentIds: Type.Array(Type.String()),
      },
      { description: "What the organization attested of a verification of its own." },
    ),
  ),
  outcome: nullable(oneOf(outcomes)),
  reasons: Type.Array(Type.String()),
  decidedBy: nullable(oneOf(movers)),
  decidedAt: nullable(timestamp),
  version: Type.Integer({ description: "Grows by one with each move." }),
  createdAt: timestamp,
});
export type VerificationShown = StaticOf<typeof verificationSchema>;

export function showVerification(verification: Verification): VerificationShown {
  const { delegated, claimedAt, decidedAt, createdAt } = verification;
  return {
    id: verification.id,
    organizationId: verification.organizationId,
    customerId: verification.customerId,
    level: verification.level,
    provider: verification.provider,
    status: verification.status,
    customerVersion: Number(verification.customerVersion),
    claimedBy: verification.claimedBy,
    claimedAt: claimedAt?.toISOString() ?? null,
    providerReference: verification.providerReference,
    delegated: delegated && { ...delegated, documentIds: [...delegated.documentIds] },
    outcome: verification.outcome,
    reasons: [...verification.reasons],
    decidedBy: verification.decidedBy,
    decidedAt: decidedAt?.toISOString() ?? null,
    version: Number(verification.version),
    createdAt: createdAt.toISOString(),
  };
}

/** A verification as it is read: with the traffic with its provider, which is not counted by its version. */
export const verificationReadSchema = object({
  ...verificationSchema.properties,
  traffic: nullable(
    object(
      {
        attempts: Type.Integer({
          description: "How often the provider was asked in vain in a row.",
        }),
        nextAttemptAt: nullable(timestamp),
        lastError: shownText("What went wrong the last time."),
        heardAt: nullable(timestamp),
      },
      { description: "With a provider outside, in real time; otherwise null." },
    ),
  ),
});

export function showRead(read: VerificationRead): StaticOf<typeof verificationReadSchema> {
  const traffic = {
    attempts: read.attempts,
    nextAttemptAt: read.nextAttemptAt?.toISOString() ?? null,
    lastError: read.lastError,
    heardAt: read.heardAt?.toISOString() ?? null,
  };
  return { ...showVerification(read), traffic: isOutside[read.provider] ? traffic : null };
}

export const claimSchema = object({
  takeOver: Type.Optional(
    Type.Boolean({ default: false, description: "Also where another reviewer has it." }),
  ),
});

const reasons = Type.Array(text(500), { minItems: 1, maxItems: 20 });

export const simulationSchema = object({
  customerId: idText("A customer in review."),
  outcome: oneOf(outcomes),
  reasons: Type.Optional(reasons),
  canResubmit: Type.Optional(
    Type.Boolean({
      default: true,
      description: "Of rejected: whether a change is reviewed again.",
    }),
  ),
  fields: Type.Optional(
    Type.Array(oneOf(needs), {
      uniqueItems: true,
      maxItems: needs.length,
      description: "Of needs_information: what is to be given again.",
    }),
  ),
});

/** What a wish of a sandbox decides. */
export function readWish(body: StaticOf<typeof simulationSchema>): Decision {
  const { outcome, reasons: why = ["Simulated."], canResubmit = true, fields = [] } = body;
  const decisions: Readonly<Record<typeof outcome, Decision>> = {
    approved: { move: "approve" },
    rejected: { move: "reject", reasons: why, canResubmit },
    needs_information: { move: "requestInformation", reasons: why, asked: fields },
  };
  return decisions[outcome];
}

export const delegatedSchema = object({
  provider: text(100, { description: "Your provider's name." }),
  reference: text(255, { description: "What it calls the verification." }),
  livenessAttested: Type.Literal(true, {
    description: "That the person was there, alive, when the provider looked.",
  }),
  verifiedAt: timestamp,
  documentIds: Type.Optional(
    Type.Array(idText("A document of this customer."), {
      uniqueItems: true,
      maxItems: MAX_DELEGATED_DOCUMENTS,
      description: "Documents of the customer that it rests on.",
    }),
  ),
  shareToken: Type.Optional(
    text(MAX_SHARE_TOKEN, {
      description:
        "By which Sumsub shares the person that you verified there: where Sumsub reviews your customers, it decides by what it knows. A secret: it is never shown, and erased once it is used.",
    }),
  ),
});

/** A link of the provider, for the person. */
export const linkSchema = object({
  link: Type.String({ description: "For the person alone." }),
  expiresAt: nullable(timestamp),
});

const settings = {
  provider: oneOf(providers, { description: "Who reviews the customers from now on." }),
  delegated: oneOf(delegations, {
    description:
      "What becomes of verifications that the organization attests: refused, reviewed like all others, or accepted at once.",
  }),
};

/** How an organization's customers are reviewed, as the API shows it. */
export const settingsSchema = object({
  id: idText("Of the settings: one for each organization."),
  organizationId: idText("Whose customers."),
  ...settings,
  version: Type.Integer({
    description: "0 until the platform says something else than the default.",
  }),
});

export const settingsChangeSchema = object(Type.Partial(object(settings)).properties, {
  minProperties: 1,
});

export const showSettings = (one: VerificationSettings): StaticOf<typeof settingsSchema> => ({
  id: settingsIdOf(one.organizationId),
  ...one,
  version: Number(one.version),
});
