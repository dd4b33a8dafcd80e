import type { Reading, Work } from "../../../foundation/database/work.ts";
import { generalErrors, type Refusal } from "../../../foundation/errors/errors.ts";
import type { Outside, OutsideLink } from "../../../foundation/route/route.ts";
import { findCustomer } from "../../customers/actions.ts";
import { customerErrors } from "../../customers/errors.ts";
import type { Customer } from "../../customers/model.ts";
import { requireOpen } from "../../organizations/rules.ts";
import { findVerification, lockReviewed } from "../actions.ts";
import { verificationErrors } from "../errors.ts";
import { isOutside, type Verification } from "../model.ts";
import { ProviderFailure } from "../providers/port.ts";

/**
 * Asks the provider of a verification for a link, by which the person gives what it still wants. It waits on the
 * provider: not for a transaction.
 *
 * @throws Refusal `not_found`, `link_not_supported`, `verification_move_not_allowed`,
 * `customer_move_not_allowed` (on hold), `unavailable` (also while the provider is left alone).
 */
export async function askForLink(
  { sql, organizationId }: Reading,
  outside: Outside,
  id: string,
): Promise<OutsideLink> {
  const verification = await findVerification(sql, organizationId, id);
  if (verification === null) throw generalErrors.refusal("not_found");
  const by = { by: "id", value: verification.customerId } as const;
  const customer = await findCustomer(sql, organizationId, by);
  if (customer === null) throw generalErrors.refusal("not_found");
  const reference = requireAtProvider(verification, customer);
  const provider = outside.get(verification.provider);
  if (provider === undefined) throw unavailable("The provider is not set up on this server.");
  const { type, level } = customer;
  try {
    return await provider.link({ id, reference, kind: `${type}.${level}` });
  } catch (error) {
    if (!(error instanceof ProviderFailure)) throw error;
    throw unavailable(error.message, error.retryAfterS);
  }
}

/**
 * That what a link was asked for is so still, under the lock: what is over needs none.
 *
 * @throws Refusal as `askForLink`, `organization_closed`.
 */
export async function requireLinked(work: Work, id: string): Promise<void> {
  const { organization, customer, verification } = await lockReviewed(work, id);
  requireOpen(organization);
  requireAtProvider(verification, customer);
}

/** @returns what the provider calls it */
function requireAtProvider(
  { provider, status, providerReference }: Verification,
  customer: Customer,
): string {
  if (!isOutside[provider]) throw verificationErrors.refusal("link_not_supported");
  if (status !== "submitted" || providerReference === null) {
    const detail = `The verification is ${status}; there is a link while it is submitted.`;
    throw verificationErrors.refusal("verification_move_not_allowed", detail);
  }
  if (customer.status === "on_hold") {
    throw customerErrors.refusal("customer_move_not_allowed", "The customer is on hold.");
  }
  return providerReference;
}

const unavailable = (detail: string, retryAfterS: number | null = null): Refusal =>
  generalErrors.refusal("unavailable", detail, retryAfterS === null ? {} : { retryAfterS });
