/** Parts of SQL on the table of compliance rules, for statements of modules to its right. */

/**
 * A subquery of the rules that are in force at an instant, one row for each of their countries.
 *
 * @param now an expression, its columns qualified.
 */
export const restrictedCountries = (now: string): string =>
  `(select r.id, r.program_id, r.subject, r.effective_from, country
    from compliance_rules r, unnest(r.countries) as country
    where r.organization_id = 'org_platform' and r.effective_from <= ${now}
      and (r.effective_to is null or r.effective_to > ${now}))`;
