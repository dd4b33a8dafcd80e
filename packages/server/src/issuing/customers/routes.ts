import type { Route } from "../../foundation/route/route.ts";
import { accessRoutes } from "./routes/access.ts";
import { dataRoutes } from "./routes/data.ts";
import { documentRoutes } from "./routes/documents.ts";
import { duplicateRoutes } from "./routes/duplicates.ts";
import { peopleRoutes } from "./routes/people.ts";
import { retainedRoutes } from "./routes/retained.ts";
import { sessionRoutes } from "./routes/sessions.ts";

/** Customers and their product access. */
export const customerRoutes: readonly Route[] = [
  ...dataRoutes,
  ...accessRoutes,
  ...documentRoutes,
  ...sessionRoutes,
  ...peopleRoutes,
  ...duplicateRoutes,
  ...retainedRoutes,
];
