import type { Route } from "../../foundation/route/route.ts";
import { budgetRoutes } from "../../issuing/budgets/routes.ts";
import { cardRoutes } from "../../issuing/cards/routes.ts";
import { complianceRoutes } from "../../issuing/compliance/routes.ts";
import { customerRoutes } from "../../issuing/customers/routes.ts";
import { readingNamed } from "../../issuing/organizations/actions.ts";
import { organizationRoutes } from "../../issuing/organizations/routes.ts";
import { programRoutes } from "../../issuing/programs/routes.ts";
import { receivableRoutes } from "../../issuing/receivables/routes.ts";
import { screeningRoutes } from "../../issuing/screening/routes.ts";
import { statementRoutes } from "../../issuing/statements/routes.ts";
import { transferRoutes } from "../../issuing/transfers/routes.ts";
import { verificationRoutes } from "../../issuing/verifications/routes.ts";
import { accessRoutes } from "../../records/access/routes.ts";
import { auditRoutes } from "../../records/audit/routes.ts";
import { eventRoutes } from "../../records/events/routes.ts";
import { jobRoutes } from "../../records/jobs/routes.ts";
import { ledgerRoutes } from "../../records/ledger/routes.ts";
import { jobs } from "../worker/jobs.ts";

/** Every route of the API, in the order of the docs. A module's line comes with the module. */
export const routes: readonly Route[] = [
  ...organizationRoutes,
  ...transferRoutes,
  ...programRoutes,
  ...complianceRoutes,
  ...customerRoutes,
  ...screeningRoutes,
  ...verificationRoutes,
  ...budgetRoutes,
  ...cardRoutes,
  ...receivableRoutes,
  ...statementRoutes,
  ...ledgerRoutes(readingNamed),
  ...eventRoutes,
  ...auditRoutes,
  ...accessRoutes,
  ...jobRoutes(jobs),
];
