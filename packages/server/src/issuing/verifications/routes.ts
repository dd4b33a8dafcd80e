import type { Route } from "../../foundation/route/route.ts";
import { reviewRoutes as customerReviewRoutes } from "../customers/routes/review.ts";
import { followVerdict } from "./actions.ts";
import { organizationRoutes } from "./routes/organization.ts";
import { readRoutes } from "./routes/read.ts";
import { reviewRoutes } from "./routes/review.ts";

/** Reviews of customers, and the verbs of customers themselves, which reviews follow. */
export const verificationRoutes: readonly Route[] = [
  ...customerReviewRoutes(followVerdict),
  ...readRoutes,
  ...reviewRoutes,
  ...organizationRoutes,
];
