import { Type } from "typebox";
import {
  idText,
  nullable,
  object,
  oneOf,
  type StaticOf,
  timestamp,
} from "../../../foundation/route/schemas.ts";
import { ruleSubjects } from "../../compliance/model.ts";
import { type WindDown, windDownLifecycle } from "../model/winddowns.ts";

const instant = (description: string) =>
  nullable(Type.String({ format: "date-time", description }));

/** The announced end of a card, as the API shows it. */
export const windDownSchema = object({
  id: idText("Id of the wind-down."),
  organizationId: idText("Whose card it is."),
  cardId: idText("The card that ends."),
  subject: oneOf(ruleSubjects, { description: "What of its customer is restricted." }),
  ruleId: nullable(idText("The compliance rule; null: the lists of the card program.")),
  reasonCode: Type.String({ description: "Of the rule; program_terms without one." }),
  status: oneOf(windDownLifecycle.states),
  announcedAt: timestamp,
  dueAt: Type.String({ format: "date-time", description: "When the card is blocked." }),
  blockedAt: instant("When it was blocked."),
  liftedAt: instant("When the cause was found to be gone, or the card deleted."),
  version: Type.Integer({ description: "Grows by one with each change." }),
});

/** Model → reply. */
export function showWindDown(windDown: WindDown): StaticOf<typeof windDownSchema> {
  return {
    ...windDown,
    announcedAt: windDown.announcedAt.toISOString(),
    dueAt: windDown.dueAt.toISOString(),
    blockedAt: windDown.blockedAt?.toISOString() ?? null,
    liftedAt: windDown.liftedAt?.toISOString() ?? null,
    version: Number(windDown.version),
  };
}
