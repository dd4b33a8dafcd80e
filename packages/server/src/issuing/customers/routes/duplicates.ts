import { Type } from "typebox";
import { type Route, readRoute } from "../../../foundation/route/route.ts";
import { idParams, idText, nullable, object, oneOf } from "../../../foundation/route/schemas.ts";
import { findDuplicates } from "../actions.ts";
import { customerLifecycle } from "../model.ts";
import { likelihoods, type SharedPart, sharedParts } from "../rules/duplicates.ts";
import { customerFor } from "./seen.ts";

const duplicateSchema = object({
  customerId: idText("The other customer."),
  externalId: nullable(Type.String({ description: "Your own id for it." })),
  status: oneOf(customerLifecycle.states),
  likelihood: oneOf(likelihoods),
  shared: Type.Array(oneOf(Object.keys(sharedParts) as SharedPart[]), {
    description: "What the two have in common; names by how they sound, in any spelling.",
  }),
  keep: idText("Which of the two to go on with: the one that is verified, else the older."),
});

const duplicates = readRoute({
  id: "listDuplicates",
  path: "/customers/{id}/duplicates",
  summary: "List customers that may be the same person or business",
  description:
    "Among the organization's own, the surest first. To merge two: issue to the one to keep, delete the cards of the other, then delete it.",
  tag: "Customers",
  audience: "any",
  scope: "customers:read",
  params: idParams,
  reply: object({ data: Type.Array(duplicateSchema) }),
  errors: ["not_found"],
  handle: async ({ params: { id }, caller, reading }) => {
    const customer = await customerFor(caller, reading, id);
    const found = await findDuplicates(reading.sql, customer);
    const data = found.map(({ customer: other, likelihood, shared, keep }) => ({
      customerId: other.id,
      externalId: other.externalId,
      status: other.status,
      likelihood,
      shared: [...shared],
      keep,
    }));
    return { data };
  },
});

/** Hints at customers that are there twice. */
export const duplicateRoutes: readonly Route[] = [duplicates];
