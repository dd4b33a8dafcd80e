import { type Static, Type } from "typebox";
import {
  idText,
  nullable,
  object,
  oneOf,
  pageOf,
  pageQuery,
  timestamp,
} from "../../foundation/route/schemas.ts";
import { actorKinds, auditResults, type PlacedEntry } from "./model.ts";

const shown = (description: string) =>
  nullable(Type.Object({}, { additionalProperties: true, description }));

const change = object({
  objectId: Type.String(),
  version: Type.Integer({ description: "The object's version after the change." }),
  event: Type.String({ description: "Type of the event that tells it." }),
  before: shown("The fields that changed, as they were; null for a new object."),
  after: shown("The same fields as they are; the whole object when it is new."),
});

/** An entry of the audit log as the outside sees it. */
export const auditSchema = object(
  {
    id: Type.String(),
    sequence: nullable(
      Type.Integer({ description: "Its place in the hash chain; null until it is linked." }),
    ),
    at: timestamp,
    actor: object({ kind: oneOf(actorKinds), id: Type.String() }),
    action: Type.String({
      description: "The operationId of what was done, or the name of the job.",
    }),
    organizationId: Type.String({ description: "Whose object it was about." }),
    objectId: nullable(Type.String()),
    result: oneOf(auditResults),
    status: Type.Integer({ description: "HTTP status of the answer; 200 for a job." }),
    code: nullable(Type.String({ description: "Why it was refused." })),
    changes: Type.Array(change, { description: "Personal data and secrets are masked." }),
    requestId: Type.String(),
    ip: nullable(Type.String()),
  },
  { title: "AuditEntry" },
);

export const auditPage = pageOf(auditSchema);

/** The filters of the list. */
export const auditQuery = object({
  ...pageQuery,
  action: Type.Optional(
    Type.String({ minLength: 1, maxLength: 100, description: "The operationId, `freezeCard`." }),
  ),
  objectId: Type.Optional(idText("What it was about.")),
  actorId: Type.Optional(idText("Who did it: an API key, or the name of a job.")),
  result: Type.Optional(oneOf(auditResults)),
  from: Type.Optional({ ...timestamp, description: "At this time or later." }),
  to: Type.Optional({ ...timestamp, description: "Before this time." }),
});

/** Model → reply. */
export function showAudit(entry: PlacedEntry): Static<typeof auditSchema> {
  const { organizationId: _, objectOrganizationId, sequence, at, actor, changes, ...rest } = entry;
  return {
    ...rest,
    organizationId: objectOrganizationId,
    sequence: sequence === null ? null : Number(sequence),
    at: at.toISOString(),
    actor: { kind: actor.kind, id: actor.id },
    changes: [...changes],
  };
}
