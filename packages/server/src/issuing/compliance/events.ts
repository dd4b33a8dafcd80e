import { ruleSchema } from "./schema.ts";

/** What compliance rules announce, to the platform's own stream. */
export const complianceEvents = {
  "compliance_rule.created": ruleSchema,
  "compliance_rule.ended": ruleSchema,
} as const;
