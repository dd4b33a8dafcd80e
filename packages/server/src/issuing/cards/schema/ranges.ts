import { type Static, Type } from "typebox";
import { idText, object } from "../../../foundation/route/schemas.ts";
import type { Program } from "../../programs/model.ts";
import type { RangeUse } from "../../programs/rules.ts";

const count = (description: string) => Type.Integer({ description });

/** How much of a program's number range is used, as the API shows it. */
export const rangeUseSchema = object({
  typeId: idText("Id of the program."),
  numberRange: object({ from: Type.Integer(), to: Type.Integer() }),
  size: count("Numbers in the range."),
  used: count("Of those, given to cards. A number is never free again."),
  free: count("Of those, not given yet."),
  percentUsed: count("Whole percent, rounded down."),
});

/** Model → reply. */
export function showRangeUse(program: Program, use: RangeUse): Static<typeof rangeUseSchema> {
  const { from, to } = program.range;
  return {
    typeId: program.id,
    numberRange: { from: Number(from), to: Number(to) },
    size: Number(use.size),
    used: Number(use.used),
    free: Number(use.size - use.used),
    percentUsed: use.percentUsed,
  };
}
