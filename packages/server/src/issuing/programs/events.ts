import { programSchema } from "./schema.ts";

/** What programs announce, to the platform's own stream: the program as the platform sees it. */
export const programEvents = {
  "program.created": programSchema,
  "program.updated": programSchema,
  "program.retired": programSchema,
  "program.number_range_low": programSchema,
};
