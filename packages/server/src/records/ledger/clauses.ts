/** Parts of SQL on the ledger's tables, for statements of modules to its right. */

/**
 * What is available on an ordered account that is normally in credit, as it is stored; null where there
 * is no such account.
 *
 * @param organizationId an expression, its columns qualified; so is `id`, the account's.
 */
export const availableOn = (organizationId: string, id: string): string =>
  `(select a.credits_posted - a.debits_posted - a.debits_pending from ledger_accounts a
    where a.organization_id = ${organizationId} and a.id = ${id})`;

/** As `availableOn`: what is posted on the account, held or not. */
export const postedOn = (organizationId: string, id: string): string =>
  `(select a.credits_posted - a.debits_posted from ledger_accounts a
    where a.organization_id = ${organizationId} and a.id = ${id})`;

/** What is owed beside the account of a card or budget; all three are expressions. */
export const owedBeside = (organizationId: string, ownerId: string, currency: string): string =>
  `coalesce((select a.debits_posted - a.credits_posted from ledger_accounts a
    where a.organization_id = ${organizationId} and a.type = 'receivable'
      and a.owner_id = ${ownerId} and a.currency = ${currency}), 0)`;

/**
 * Accounts with less available than they are watched for (`watchAccount`): `organization_id`, `owner_id`.
 */
export const lowAccounts = (type: "card" | "budget"): string =>
  `(select organization_id, owner_id from ledger_accounts where low and type = '${type}')`;

/** The id of an organization's own account, as `accountId` makes it; both are expressions. */
export const availableAccountOf = (organizationId: string, currency: string): string =>
  `'acc_organization_available_' || ${organizationId} || '_' || ${currency}`;
