/** Parts of SQL on the table of programs, for statements of modules to its right. */

/** A subquery of the programs whose cards renew by themselves, with the terms of it. */
export const renewingPrograms = `(select p.id, p.renewal_days, p.information_days from programs p
  where p.organization_id = 'org_platform' and p.renewal = 'automatic' and p.status <> 'retired')`;

/** A subquery of the programs that grant access by a rule, with the rule as JSON. */
export const grantingPrograms = `(select p.id, p.access_rule from programs p
  where p.organization_id = 'org_platform' and p.access_rule is not null)`;

/** A subquery of every program with what decides about top-ups of its cards. */
export const fundingTerms = `(select p.id, p.minimum_transfer, p.maximum_balance, p.fee_top_up,
    p.information_days from programs p where p.organization_id = 'org_platform')`;
