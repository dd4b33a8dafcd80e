/** Parts of SQL on the tables of lists, for statements of modules to the right. */

/** The newest version of all lists; 0 where none was ever loaded. */
export const newestVersion = "(select coalesce(max(version), 0) from screening_lists)";

/**
 * How many of some rows there are, and how many of them are behind the newest lists.
 *
 * @param from table with its alias, and the condition of those that are to be screened.
 * @param version the column with the version that they were screened against.
 */
export const screenedCounts = (from: string, version: string): string =>
  `select count(*)::integer as total,
     (count(*) filter (where ${version} < ${newestVersion}))::integer as behind
   from ${from}`;

/**
 * Since when the newest list is in force, in an organization's time.
 *
 * @param now an expression of the organization's now.
 */
export const listsSince = (now: string): string =>
  `((select max(loaded_at) from screening_lists) + (${now} - clock_timestamp()))::timestamptz(3)`;
