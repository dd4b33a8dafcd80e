import type { Work } from "../../../foundation/database/work.ts";
import { eventOfAccessMove } from "../events.ts";
import type { Customer } from "../model.ts";
import { endedWith } from "../rules/access.ts";
import { listStandingAccess, updateAccessRequest } from "../store/access.ts";
import { announceAccess } from "./record.ts";

/** Ends what a customer that is deleted has asked for and was granted. The caller has it locked for a change. */
export async function endAccess(work: Work, customer: Customer): Promise<void> {
  for (const before of await listStandingAccess(work.sql, customer)) {
    const request = endedWith(before, work.now);
    await updateAccessRequest(work.sql, request);
    announceAccess(work, eventOfAccessMove.end, request, before);
  }
}
