import { Type } from "typebox";
import { about, personal, personalFieldsOf } from "../../../foundation/route/personal.ts";
import {
  date,
  idText,
  nullable,
  object,
  oneOf,
  type StaticOf,
  text,
  timestamp,
} from "../../../foundation/route/schemas.ts";
import { actorKinds } from "../../../records/audit/model.ts";
import type { Hit, HitChange, HitDecision, HitMatch } from "../model/hits.ts";
import { hitArrivals, hitLifecycle, hitSubjects } from "../model/hits.ts";
import { entryKinds, listSources } from "../model.ts";
import { reasonSchema } from "../schema.ts";

const said = object({
  by: Type.String({ description: "Id of the key." }),
  at: timestamp,
  reasons: Type.Array(Type.String()),
  note: nullable(Type.String()),
});

const match = object({
  name: Type.String({ description: "Of the subject, as it was compared." }),
  kind: Type.Optional(oneOf(entryKinds)),
  birthDate: Type.Optional(date),
  nationality: Type.Optional(Type.String()),
  listedName: Type.String({ description: "The name of the entry that fits best." }),
  reasons: Type.Array(reasonSchema),
});

/** An entry of a list that may be a customer or a cardholder. */
export const hitSchema = object(
  {
    id: idText("Id of the hit."),
    organizationId: idText("Whose customer or card it is about."),
    subjectKind: oneOf(hitSubjects),
    subjectId: idText("The customer, or the card that has none."),
    personId: nullable(
      Type.String({
        description: "Of a business: the director or owner; null: the customer itself.",
      }),
    ),
    source: oneOf(listSources),
    sourceId: nullable(Type.String({ description: "The list's own number of the entry." })),
    listVersion: Type.Integer({ description: "The version of the list that it was found in." }),
    score: Type.Integer({ description: "In basis points; 10,000 is certainty." }),
    status: oneOf(hitLifecycle.states),
    match: personal(nullable(match)),
    proposal: nullable(said),
    decision: nullable(said),
    version: Type.Integer({ description: "Grows by one with each change." }),
    createdAt: timestamp,
  },
  about("subjectId"),
);

/** What of a shown hit is personal data. */
export const personalFields = personalFieldsOf(hitSchema);

export const hitWhySchema = object({
  reasons: Type.Array(text(500), { minItems: 1, maxItems: 20 }),
  note: Type.Optional(text(1000, { description: "For the record." })),
});

/** A step in the life of a hit. */
export const hitChangeSchema = object({
  version: Type.Integer({ description: "Version of the hit that this made." }),
  move: oneOf([...hitArrivals, ...Object.keys(hitLifecycle.moves)], {
    description:
      "find: it came into the queue; renew: it came anew, because the subject or the entry has changed; carry: with its card, to the one that takes its place; else what somebody did.",
  }),
  from: nullable(oneOf(hitLifecycle.states)),
  to: oneOf(hitLifecycle.states),
  reasons: Type.Array(Type.String()),
  note: nullable(Type.String()),
  actor: object({ kind: oneOf(actorKinds), id: Type.String() }),
  at: timestamp,
});

export const showHitChange = (change: HitChange): StaticOf<typeof hitChangeSchema> => ({
  ...change,
  version: Number(change.version),
  reasons: [...change.reasons],
  actor: { kind: change.actor.kind, id: change.actor.id },
  at: change.at.toISOString(),
});

export function showHit({
  hit,
  match: compared,
}: {
  readonly hit: Hit;
  readonly match: HitMatch | null;
}): StaticOf<typeof hitSchema> {
  const { entryHash: _, proposal, decision, ...rest } = hit;
  return {
    ...rest,
    listVersion: Number(hit.listVersion),
    match: compared && {
      ...compared.subject,
      listedName: compared.name,
      reasons: compared.reasons.map((reason) => ({ ...reason })),
    },
    proposal: showDecision(proposal),
    decision: showDecision(decision),
    version: Number(hit.version),
    createdAt: hit.createdAt.toISOString(),
  };
}

const showDecision = (decision: HitDecision | null) =>
  decision && { ...decision, at: decision.at.toISOString(), reasons: [...decision.reasons] };
