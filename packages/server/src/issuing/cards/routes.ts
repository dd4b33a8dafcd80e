import type { Route } from "../../foundation/route/route.ts";
import { accessDecisionRoutes } from "../customers/routes/access.ts";
import { hitDecisionRoutes } from "../customers/routes/screening.ts";
import { followAccess } from "./actions/access.ts";
import { followHit, lockHitCard } from "./actions/screening.ts";
import { batchRoutes } from "./routes/batches.ts";
import { blockRoutes } from "./routes/blocks.ts";
import { cardsBudgetRoutes } from "./routes/budgets.ts";
import { eligibilityRoutes } from "./routes/eligibility.ts";
import { fundsRoutes } from "./routes/funds.ts";
import { issueRoutes } from "./routes/issue.ts";
import { lifeRoutes } from "./routes/life.ts";
import { rangeRoutes } from "./routes/ranges.ts";
import { readRoutes } from "./routes/read.ts";
import { retainedCardRoutes } from "./routes/retained.ts";
import { screeningProgressRoutes } from "./routes/screening.ts";
import { statusRoutes } from "./routes/status.ts";
import { topUpRoutes } from "./routes/topups.ts";
import { windDownRoutes } from "./routes/winddowns.ts";

/** Everything about cards; and of budgets and customers what depends on their cards. */
export const cardRoutes: readonly Route[] = [
  ...issueRoutes,
  ...eligibilityRoutes,
  ...batchRoutes,
  ...readRoutes,
  ...fundsRoutes,
  ...topUpRoutes,
  ...statusRoutes,
  ...lifeRoutes,
  ...retainedCardRoutes,
  ...blockRoutes,
  ...rangeRoutes,
  ...windDownRoutes,
  ...screeningProgressRoutes,
  ...cardsBudgetRoutes,
  ...accessDecisionRoutes(followAccess),
  ...hitDecisionRoutes({ lock: lockHitCard, follow: followHit }),
];
