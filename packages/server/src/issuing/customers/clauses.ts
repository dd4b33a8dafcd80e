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
