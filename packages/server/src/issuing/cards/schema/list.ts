import { type Static, Type } from "typebox";
import { idText, object, oneOf, pageQuery, timestamp } from "../../../foundation/route/schemas.ts";
import { cardLifecycle, cardModels } from "../model.ts";
import { MAX_LABEL } from "../schema.ts";

/** Longest text to search for, in characters. */
const MAX_SEARCH = 100;

export const cardListSchema = object({
  ...pageQuery,
  status: Type.Optional(oneOf(cardLifecycle.states)),
  model: Type.Optional(oneOf(cardModels)),
  typeId: Type.Optional(idText("Cards of this program.")),
  customerId: Type.Optional(idText("Cards of this customer.")),
  budgetId: Type.Optional(idText("Cards that spend from this budget.")),
  search: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: MAX_SEARCH,
      pattern: "\\S",
      description:
        "The last four digits, or how the label, your own id, or the name of the holder begins, in any case.",
    }),
  ),
  lastFour: Type.Optional(Type.String({ pattern: "^\\d{4}$", description: "Last four digits." })),
  label: Type.Optional(Type.String({ minLength: 1, maxLength: MAX_LABEL })),
  externalId: Type.Optional(idText("Your own id.")),
  from: Type.Optional(timestamp),
  to: Type.Optional(timestamp),
  organizationId: Type.Optional(idText("Only those of this organization; for platform keys.")),
});
export type CardFilter = Omit<Static<typeof cardListSchema>, "limit" | "cursor">;
