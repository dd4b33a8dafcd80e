import { documentSchema } from "./schema.ts";

/** What documents announce: the object as the API shows it, never its bytes. */
export const documentEvents = {
  "document.uploaded": documentSchema,
  "document.updated": documentSchema,
  "document.accepted": documentSchema,
  "document.rejected": documentSchema,
  "document.erased": documentSchema,
};
export type DocumentEvent = keyof typeof documentEvents;
