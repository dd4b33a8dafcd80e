import type { DecidedHit } from "../../customers/actions/screening.ts";
import { isSanctions } from "../../screening/model/hits.ts";
import { SANCTIONS_MATCH } from "../model.ts";
import { listOfCustomer } from "../store/facts.ts";
import { lockRows } from "../store.ts";
import { restrictAll } from "./restrict.ts";

/**
 * Restricts the cards of a customer that is confirmed to be on a list of sanctions, in the name of compliance: their
 * money stays where it is. The customer is locked by the decision, so no card comes in between.
 */
export async function followHit({ hit, work }: DecidedHit): Promise<void> {
  if (hit.status !== "confirmed" || !isSanctions(hit) || hit.subjectKind !== "customer") return;
  const own = await listOfCustomer(work.sql, work.organizationId, hit.subjectId);
  const locked = [...(await lockRows(work.sql, own, "change")).values()];
  const cards = locked.filter(({ deletedAt }) => deletedAt === null);
  await restrictAll(work, cards, "block", "compliance", { reason: SANCTIONS_MATCH, note: null });
}
