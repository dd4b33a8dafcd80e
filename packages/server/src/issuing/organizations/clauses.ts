/** Parts of SQL on the table of organizations, for statements of modules to its right. */

/**
 * Whether an organization is active.
 *
 * @param id an expression, its columns qualified.
 */
export const isActive = (id: string): string =>
  `exists (select from organizations o where o.id = ${id} and o.status = 'active')`;
