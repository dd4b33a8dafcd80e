import { Type } from "typebox";
import type { Problem } from "../../../foundation/errors/errors.ts";
import { object, type StaticOf } from "../../../foundation/route/schemas.ts";
import { problemSchema, showProblem } from "../schema.ts";

/** Whether a customer can have a card of a program, and everything that is in the way. */
export const eligibilitySchema = object({
  eligible: Type.Boolean(),
  unmet: Type.Array(problemSchema),
});

/** Model → reply. */
export const showEligibility = (unmet: readonly Problem[]): StaticOf<typeof eligibilitySchema> => ({
  eligible: unmet.length === 0,
  unmet: unmet.map(showProblem),
});
