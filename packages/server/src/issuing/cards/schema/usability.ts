import { Type } from "typebox";
import {
  nullable,
  object,
  oneOf,
  type StaticOf,
  timestamp,
} from "../../../foundation/route/schemas.ts";
import { channels, type Usability } from "../model/usability.ts";
import { type RestrictionOwner, restrictionKinds } from "../model.ts";

const owners: RestrictionOwner[] = Object.values(restrictionKinds).flatMap(
  (kind): RestrictionOwner[] => [...kind.owners],
);

const blockerSchema = object({
  code: Type.String({ description: "As in /v1/error-codes." }),
  since: nullable(timestamp),
  endsAt: nullable(
    Type.String({ format: "date-time", description: "When it ends by itself, where it does." }),
  ),
  owner: oneOf(owners, { description: "Who can cure it." }),
  message: Type.String(),
  remedy: nullable(Type.String()),
  channels: Type.Array(oneOf(channels), { description: "Where it stops the card." }),
});

/** Whether a card can be used, channel by channel, and everything that is in the way. */
export const usabilitySchema = object({
  usable: Type.Boolean({ description: "Whether at least one channel works." }),
  channels: object({
    ecommerce: Type.Boolean(),
    pos: Type.Boolean(),
    contactless: Type.Boolean(),
    atm: Type.Boolean(),
    moto: Type.Boolean(),
    recurring: Type.Boolean(),
  }),
  blockers: Type.Array(blockerSchema),
  warnings: Type.Array(
    object({
      code: Type.String({ description: "As in /v1/error-codes." }),
      at: Type.String({ format: "date-time", description: "When it will stop the whole card." }),
      owner: oneOf(owners, { description: "Who can cure it." }),
      message: Type.String(),
      remedy: nullable(Type.String()),
    }),
    { description: "What will stop the card and does not stop it yet." },
  ),
});

/** Model → reply. */
export function showUsability(usability: Usability): StaticOf<typeof usabilitySchema> {
  return {
    usable: usability.usable,
    channels: { ...usability.channels },
    blockers: usability.blockers.map(({ since, endsAt, channels: stopped, ...blocker }) => ({
      ...blocker,
      since: since?.toISOString() ?? null,
      endsAt: endsAt?.toISOString() ?? null,
      channels: [...stopped],
    })),
    warnings: usability.warnings.map(({ at, ...warning }) => ({
      ...warning,
      at: at.toISOString(),
    })),
  };
}
