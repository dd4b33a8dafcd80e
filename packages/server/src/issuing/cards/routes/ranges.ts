import { type Route, readRoute } from "../../../foundation/route/route.ts";
import { idText, object } from "../../../foundation/route/schemas.ts";
import { readRangeUse } from "../actions/ranges.ts";
import { rangeUseSchema, showRangeUse } from "../schema/ranges.ts";

const use = readRoute({
  id: "getNumberRangeUse",
  path: "/card-programs/{id}/number-range",
  summary: "Read how much of a program's number range is used",
  description:
    "Numbers of deleted cards count, and those drawn by other programs from ranges that overlap this one: where such ranges are not equal, as if all of them lay in this one. program.number_range_low is announced once at 80 and once at 95 percent.",
  tag: "Card programs",
  audience: "platform",
  scope: "programs:read",
  params: object({ id: idText("Id of the program.") }),
  reply: rangeUseSchema,
  errors: ["not_found"],
  handle: async ({ params: { id }, reading }) => {
    const found = await readRangeUse(reading.sql, id);
    return showRangeUse(found.program, found.use);
  },
});

export const rangeRoutes: readonly Route[] = [use];
