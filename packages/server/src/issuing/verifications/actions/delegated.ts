import type { Work } from "../../../foundation/database/work.ts";
import { generalErrors } from "../../../foundation/errors/errors.ts";
import { instantOf, type Reference } from "../../../foundation/route/schemas.ts";
import { decideCustomer, lockCustomerByReference } from "../../customers/actions.ts";
import { customerErrors } from "../../customers/errors.ts";
import type { Customer } from "../../customers/model.ts";
import { standingDocuments } from "../../documents/actions.ts";
import { lockOrganization } from "../../organizations/actions.ts";
import { requireOpen } from "../../organizations/rules.ts";
import { decide, keep, notInReview, openFor } from "../actions.ts";
import { verificationErrors } from "../errors.ts";
import type { Delegated, Verification } from "../model.ts";
import { settingsOf } from "./settings.ts";
import { keepToken, openForToken } from "./tokens.ts";

/**
 * Records that an organization verified its customer itself, with a provider of its own. Where the platform
 * accepts that, the customer is active at once; otherwise it is reviewed with what was attested. With a share
 * token the provider decides, always: the token is given for that.
 *
 * @throws Refusal `not_found`, `delegated_verification_refused`, `customer_deleted`,
 * `customer_not_in_review`, `verification_already_delegated`, `delegated_verification_invalid`,
 * `document_not_found`, `share_token_not_supported`, `verification_claimed`, `customer_move_not_allowed` (on hold, where it would be accepted),
 * `organization_closed`.
 */
export async function delegateVerification(
  work: Work,
  reference: Reference,
  delegated: Delegated,
  shareToken: string | null = null,
): Promise<Verification> {
  const { sql, organizationId } = work;
  const organization = await lockOrganization(sql, organizationId, "share");
  requireOpen(organization);
  const customer = await lockCustomerByReference(work, reference, "change");
  if (customer === null) throw generalErrors.refusal("not_found");
  const { delegated: allowed } = await settingsOf(sql, organization);
  if (allowed === "refused") throw verificationErrors.refusal("delegated_verification_refused");
  if (customer.status === "deleted") throw customerErrors.refusal("customer_deleted");
  if (instantOf(delegated.verifiedAt) > work.now) throw inFuture();
  await requireDocuments(work, customer, delegated.documentIds);
  const opening = shareToken === null ? openFor : openForToken;
  const open = await opening(work, organization, customer);
  if (open === null) throw notInReview(customer);
  if (open.delegated !== null) {
    throw verificationErrors.refusal("verification_already_delegated");
  }
  const recorded = { ...open, delegated, version: open.version + 1n };
  await keep(work, "verification.delegated", recorded, open);
  if (shareToken !== null) {
    await keepToken(work, recorded, shareToken);
    return recorded;
  }
  // What a person or a provider has in hand, it decides.
  if (allowed !== "accepted" || open.status !== "queued") return recorded;
  await decideCustomer(work, customer.id, { move: "approve" });
  return decide(work, recorded, { move: "approve" }, "rule");
}

const inFuture = () =>
  verificationErrors.refusal("delegated_verification_invalid", undefined, {
    problems: [verificationErrors.problem("verified_in_future", "verifiedAt")],
  });

/** @throws Refusal `document_not_found` unless all are the customer's and stand */
async function requireDocuments(
  { sql, organizationId }: Work,
  customer: Customer,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return;
  const standing = await standingDocuments(sql, { organizationId, customerId: customer.id });
  if (ids.every((id) => standing.some((document) => document.id === id))) return;
  throw verificationErrors.refusal("document_not_found", undefined, { field: "documentIds" });
}
