import type { Work } from "../../../foundation/database/work.ts";
import { openPersonal, sealPersonal } from "../../../records/vault/actions.ts";
import type { Customer } from "../../customers/model.ts";
import type { Organization } from "../../organizations/model.ts";
import { keep, openFor } from "../actions.ts";
import { verificationErrors } from "../errors.ts";
import { SHARING_PROVIDER, type Verification } from "../model.ts";
import { cancelled, requireMove } from "../rules.ts";
import { findToken, putToken } from "../store/tokens.ts";
import { findOpenRow } from "../store.ts";

/**
 * The verification of a customer in review that the provider has not seen: a token imports the person under a
 * name of ours that nobody has there yet.
 *
 * @returns null where the customer is not in review.
 * @throws Refusal `share_token_not_supported`, `verification_already_delegated`, `verification_claimed`.
 */
export async function openForToken(
  work: Work,
  organization: Organization,
  customer: Customer,
): Promise<Verification | null> {
  const unseen = await findOpenRow(work.sql, work.organizationId, customer.id);
  if (unseen === null) return requireSharing(customer, await openFor(work, organization, customer));
  requireSharing(customer, unseen);
  if (unseen.delegated !== null) {
    throw verificationErrors.refusal("verification_already_delegated");
  }
  if (unseen.status === "claimed") {
    const detail = "A reviewer of the platform has it: attest without shareToken.";
    throw verificationErrors.refusal("verification_claimed", detail);
  }
  requireMove(unseen, "cancel", { mover: "rule", id: work.actor.id });
  await keep(work, "verification.cancelled", cancelled(unseen), unseen);
  return requireSharing(customer, await openFor(work, organization, customer));
}

function requireSharing(customer: Customer, open: Verification | null): Verification | null {
  if (open === null) return null;
  if (customer.type === "individual" && open.provider === SHARING_PROVIDER) return open;
  throw verificationErrors.refusal("share_token_not_supported");
}

/** Keeps a token, sealed under the customer's key, until the verification moves. */
export async function keepToken(work: Work, verification: Verification, token: string) {
  const { organizationId, now } = work;
  const { customerId: subjectId, id: recordId } = verification;
  const [sealed] = await sealPersonal(work, [
    { organizationId, subjectId, recordId, json: token, now },
  ]);
  if (sealed !== undefined && sealed.length > 0) await putToken(work.sql, verification, sealed);
}

/** The token of a verification in clear; null where it has none. */
export async function tokenOf(work: Work, verification: Verification): Promise<string | null> {
  const sealed = await findToken(work.sql, verification);
  if (sealed === null) return null;
  const { customerId: subjectId, id: recordId } = verification;
  const [token = null] = await openPersonal(work, [{ subjectId, recordId, sealed }]);
  return token;
}
