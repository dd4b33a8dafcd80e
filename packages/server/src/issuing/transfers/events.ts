import { transferSchema } from "./schema.ts";

/** What transfers announce. */
export const transferEvents = {
  "transfer.completed": transferSchema,
  "transfer.reversed": transferSchema,
} as const;
