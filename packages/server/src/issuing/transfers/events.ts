import { dueFeeSchema } from "./schema/dues.ts";
import { transferSchema } from "./schema.ts";

/** What transfers announce. */
export const transferEvents = {
  "transfer.completed": transferSchema,
  "transfer.reversed": transferSchema,
  "fee.due": dueFeeSchema,
  "fee.paid": dueFeeSchema,
  "fee.waived": dueFeeSchema,
} as const;
