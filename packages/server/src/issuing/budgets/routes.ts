import type { Route } from "../../foundation/route/route.ts";
import { fundsRoutes } from "./routes/funds.ts";
import { readRoutes } from "./routes/read.ts";
import { writeRoutes } from "./routes/write.ts";

/** Archiving, changing and the tree ask for a budget's cards, so their routes are with the cards. */
export const budgetRoutes: readonly Route[] = [...writeRoutes, ...readRoutes, ...fundsRoutes];
