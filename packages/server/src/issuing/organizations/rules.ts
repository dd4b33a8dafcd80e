import { assert } from "../../foundation/errors/errors.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import { canMove } from "../../foundation/lifecycle/lifecycle.ts";
import type { Caller } from "../../foundation/route/route.ts";
import { organizationErrors } from "./errors.ts";
import { type Organization, type OrganizationMove, organizationLifecycle } from "./model.ts";

/**
 * For what a suspended organization may not do: issue cards, top up.
 *
 * @throws Refusal `organization_suspended` or `organization_closed`.
 */
export function requireActive(organization: Organization): void {
  requireOpen(organization);
  if (organization.status === "suspended")
    throw organizationErrors.refusal("organization_suspended");
}

/**
 * For what a suspended organization still may do and a closed one may not: every other write.
 *
 * @throws Refusal `organization_closed`.
 */
export function requireOpen(organization: Organization): void {
  if (organization.status === "closed") throw organizationErrors.refusal("organization_closed");
}

/**
 * Who may embed the pages of a live organization: nobody over http.
 *
 * @throws Refusal `embed_origin_not_allowed` with every one that is not.
 */
export function requireEmbeddable({ mode }: Organization, origins: readonly string[]): void {
  const isPlain = (origin: string) => mode === "live" && origin.startsWith("http:");
  const problems = origins.flatMap((origin, index) =>
    isPlain(origin)
      ? [organizationErrors.problem("embed_origin_not_allowed", `embedOrigins.${index}`)]
      : [],
  );
  if (problems.length === 0) return;
  throw organizationErrors.refusal("embed_origin_not_allowed", undefined, { problems });
}

/**
 * The organization after a move, or null where it is already there: repeating a move is no error.
 *
 * @throws Refusal `organization_closed` where the move is not allowed; only closed is final.
 */
export function moved(organization: Organization, move: OrganizationMove): Organization | null {
  const { to } = organizationLifecycle.moves[move];
  assert(to !== "previous", "An organization moves to a named status.");
  if (organization.status === to) return null;
  if (!canMove(organizationLifecycle, move, organization.status)) {
    throw organizationErrors.refusal("organization_closed");
  }
  return { ...organization, status: to, version: organization.version + 1n };
}

/**
 * Whose objects a list shows: an organization's key sees its own; the platform sees those of the
 * organization that it names, or all (undefined).
 *
 * @throws Refusal `organization_not_found` where an organization names another one.
 */
export function listedOrganization(
  caller: Caller,
  named: string | undefined,
): OrganizationId | undefined {
  if (caller.platform) return named as OrganizationId | undefined;
  if (named === undefined || named === caller.organizationId) return caller.organizationId;
  throw organizationErrors.refusal("organization_not_found", undefined, {
    field: "organizationId",
  });
}
