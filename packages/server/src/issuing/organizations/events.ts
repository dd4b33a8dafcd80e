import { organizationSchema } from "./schema.ts";

/** What organizations announce, in their own stream. */
export const organizationEvents = {
  "organization.created": organizationSchema,
  "organization.updated": organizationSchema,
  "organization.suspended": organizationSchema,
  "organization.activated": organizationSchema,
  "organization.closed": organizationSchema,
} as const;
