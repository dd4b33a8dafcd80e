/** Parts of SQL on the table of customers, for statements of modules to its right. */

/** An organization's customers as a condition on their column of organizations, qualified. */
type Within = (organizationId: string) => string;

/**
 * A subquery of the ids of customers whose name, as it is now, begins like one of some patterns in small
 * letters: an individual's by the last name or the whole, a business's by the legal name.
 */
export const customersNamed = (within: Within, patterns: readonly string[]): string => {
  const names = ["k.last_name", "k.first_name || ' ' || k.last_name", "k.legal_name"];
  const likes = names.flatMap((name) => patterns.map((like) => `lower(${name}) like ${like}`));
  return `(select k.id from customers k
    where ${within("k.organization_id")} and (${likes.join(" or ")}))`;
};

/** A subquery of an organization's customers that wait for a review, beneath a hold too, and since when. */
export const customersInReview = (organizationId: string): string =>
  `(select k.id, k.status_at, k.status = 'on_hold' as held from customers k
    where k.organization_id = ${organizationId}
      and coalesce(k.status_before_hold, k.status) in ('pending', 'update_requested'))`;

/** A subquery of an organization's deleted customers of whom nothing is kept any more, and since when. */
export const customersErased = (organizationId: string): string =>
  `(select k.id, k.erased_at from customers k
    where k.organization_id = ${organizationId} and k.erased_at is not null)`;

/** Statuses of customers as a rule sees them: in which it holds, and in which only for some days. */
export type Standings = {
  readonly always: readonly string[];
  readonly forDays: readonly string[];
};

/**
 * Whether a customer stands so.
 *
 * @param customer expressions of its keys, columns qualified.
 * @param days an expression: how long, from when the status began.
 * @param now an expression of the organization's now.
 */
export const customerStands = (
  customer: { readonly organizationId: string; readonly id: string },
  { always, forDays }: Standings,
  days: string,
  now: string,
): string => `exists (select from customers k
  where k.organization_id = ${customer.organizationId} and k.id = ${customer.id}
    and (k.status in (${quoted(always)}) or (k.status in (${quoted(forDays)})
      and ${now} < k.status_at + ${days} * interval '24 hours')))`;

/**
 * A subquery of an organization's customers with their countries.
 *
 * @param organizationId an expression, its columns qualified.
 */
export const customersOf = (organizationId: string): string =>
  `(select k.id, k.status, k.status_at, k.nationality, k.residence_country as residence
    from customers k where k.organization_id = ${organizationId})`;

const quoted = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(", ");
