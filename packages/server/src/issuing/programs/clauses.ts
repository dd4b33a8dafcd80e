/** Parts of SQL on the table of programs, for statements of modules to its right. */

/** A subquery of the programs whose cards renew by themselves, with the terms of it. */
export const renewingPrograms = `(select p.id, p.renewal_days, p.information_days from programs p
  where p.organization_id = 'org_platform' and p.renewal = 'automatic' and p.status <> 'retired')`;

/**
 * A subquery of the ids of programs that an organization may use.
 *
 * @param organizationId an expression of its id.
 */
export const programsFor = (organizationId: string): string => `(select p.id from programs p
  where p.organization_id = 'org_platform' and (p.availability = 'all' or exists (
    select from program_availability a
    where a.program_id = p.id and a.organization_id = ${organizationId})))`;

/** A subquery of the programs that grant access by a rule, with the rule as JSON. */
export const grantingPrograms = `(select p.id, p.access_rule from programs p
  where p.organization_id = 'org_platform' and p.access_rule is not null)`;

/** A subquery of every program with what decides about top-ups of its cards. */
export const fundingTerms = `(select p.id, p.minimum_transfer, p.maximum_balance, p.fee_top_up,
    p.information_days from programs p where p.organization_id = 'org_platform')`;

/** A subquery of the programs with lists about a subject, which are theirs for as long as they have them. */
export const countryLists = (subject: "nationality" | "residence"): string => {
  const column = subject === "nationality" ? "nationalities" : "residences";
  return `(select p.id, p.allowed_${column} as allowed, p.restricted_${column} as restricted
    from programs p where p.organization_id = 'org_platform'
      and (p.allowed_${column} is not null or cardinality(p.restricted_${column}) > 0))`;
};
