import type { Sql } from "../../../foundation/database/sql.ts";
import type { Reading } from "../../../foundation/database/work.ts";
import { type AgeTerms, MINIMUM_AGE } from "../model.ts";
import { findMinimumAge, writeMinimumAge } from "../store/age.ts";

/** Records at start from which age on an individual can be a customer of this installation. */
export const setMinimumAge = (sql: Sql, years: number): Promise<void> =>
  writeMinimumAge(sql, years);

/** By what it is told now whether somebody is old enough. */
export const ageTerms = async ({ sql, now }: Pick<Reading, "sql" | "now">): Promise<AgeTerms> => ({
  now,
  minimumAge: (await findMinimumAge(sql)) ?? MINIMUM_AGE,
});
