import type { Work } from "../../../foundation/database/work.ts";
import { grantByRule } from "../../customers/actions/access.ts";
import type { AccessRequest } from "../../customers/model.ts";
import { ACCESS_REVOKED, type Restriction } from "../model.ts";
import { listLive } from "../store/facts.ts";
import { lockRows } from "../store.ts";
import { inOrder } from "./facts.ts";
import { releaseAll, restrictAll } from "./restrict.ts";

/**
 * Lets a customer's cards of a program follow the access to it: revoked, they are blocked by a rule;
 * granted again, the rule lifts its block. The customer is locked by the decision, so no card comes in
 * between.
 */
export async function followAccess(work: Work, request: AccessRequest): Promise<void> {
  const { status, customerId, programId, reasons } = request;
  if (status !== "revoked" && status !== "granted") return;
  const live = await listLive(work.sql, { ...request, customerId, programId });
  const locked = [...(await lockRows(work.sql, live, "change")).values()];
  const cards = locked.filter(({ deletedAt }) => deletedAt === null);
  if (status === "revoked") {
    const why = { reason: ACCESS_REVOKED, note: reasons.join("; ") };
    await restrictAll(work, cards, "block", "rule", why);
  } else {
    const why = { reason: "product_access_granted", note: null };
    const isRules = ({ owner, reason }: Restriction) =>
      owner === "rule" && reason === ACCESS_REVOKED;
    await releaseAll(work, cards, "unblock", isRules, why);
  }
}

/** Grants requests that the rules of their programs grant. @returns how many. */
export async function grantDue(work: Work, ids: readonly string[]): Promise<number> {
  let granted = 0;
  for (const id of inOrder(ids)) {
    const request = await grantByRule(work, id);
    if (request === null) continue;
    await followAccess(work, request);
    granted += 1;
  }
  return granted;
}
