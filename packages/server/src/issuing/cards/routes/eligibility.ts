import { type Route, readRoute } from "../../../foundation/route/route.ts";
import { idParams, idText, object } from "../../../foundation/route/schemas.ts";
import { organizationOfCustomer } from "../../customers/actions.ts";
import { readingOf } from "../../organizations/actions.ts";
import { readEligibility } from "../actions/eligibility.ts";
import { eligibilitySchema, showEligibility } from "../schema/eligibility.ts";

const eligibility = readRoute({
  id: "getCustomerEligibility",
  path: "/customers/{id}/eligibility",
  summary: "See whether a customer can have a card of a program",
  description:
    "Every condition that is not met between the customer, the program and the organization: verification, level, product access, type, nationality, residence, number of cards, and whether the program issues. What the rest of a request decides (names, balance, budget, money) is told by preflight.",
  tag: "Customers",
  audience: "any",
  scope: "customers:read",
  params: idParams,
  query: object({ typeId: idText("The card program.") }),
  reply: eligibilitySchema,
  errors: ["not_found"],
  handle: async ({ params: { id }, query: { typeId }, caller, reading }) => {
    const own = await readingOf(caller, reading, organizationOfCustomer, id);
    return showEligibility(await readEligibility(own, id, typeId));
  },
});

export const eligibilityRoutes: readonly Route[] = [eligibility];
