import { type Static, Type } from "typebox";
import { idText, object, timestamp } from "../../foundation/route/schemas.ts";
import type { OpenedEvent } from "./model.ts";

/** The largest sequence that a JSON number says exactly. */
const MAX_SEQUENCE = Number.MAX_SAFE_INTEGER;

/** Longest wait for an event, in seconds. */
const MAX_WAIT_SECONDS = 30;

const shown = (description: string) => Type.Object({}, { additionalProperties: true, description });

/** An event as the outside sees it. */
const eventSchema = object(
  {
    id: Type.String(),
    type: Type.String({ description: "What happened: `noun.what_happened`, as `card.frozen`." }),
    sequence: Type.Integer({ description: "From 1, without gaps, in your organization." }),
    objectId: Type.String(),
    objectVersion: Type.Integer({ description: "The object's version after the change." }),
    recordedAt: timestamp,
    data: object({
      object: shown("The object as the API shows it at that version."),
      previous: Type.Optional(shown("The fields that changed, as they were before.")),
    }),
  },
  { title: "Event" },
);

/** One piece of the stream. */
export const eventPage = object({
  data: Type.Array(eventSchema),
  lastSequence: Type.Integer({ description: "Give it as `after` to go on from here." }),
});

/** What may be asked of the stream. */
export const eventQuery = object({
  after: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: MAX_SEQUENCE,
      default: 0,
      description: "Events after this sequence.",
    }),
  ),
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 100, default: 25, description: "Most events to get." }),
  ),
  wait: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: MAX_WAIT_SECONDS,
      default: 0,
      description: "Seconds to wait for an event when there is none yet.",
    }),
  ),
  type: Type.Optional(
    Type.String({ minLength: 1, maxLength: 100, description: "Only events of this type." }),
  ),
  objectId: Type.Optional(idText("Only events of this object.")),
});

/** Model → reply. */
export function showEvent(event: OpenedEvent): Static<typeof eventSchema> {
  return {
    ...event,
    sequence: Number(event.sequence),
    objectVersion: Number(event.objectVersion),
    recordedAt: event.recordedAt.toISOString(),
  };
}
