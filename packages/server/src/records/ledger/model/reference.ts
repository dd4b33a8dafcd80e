import { assert } from "../../../foundation/errors/errors.ts";
import type { AccountId } from "../../../foundation/ids/ids.ts";
import { type AccountRef, type AccountType, accountTypes } from "../model.ts";

const CURRENCY_LENGTH = 3;

const starts = (Object.keys(accountTypes) as AccountType[]).map((type): [AccountType, string] => [
  type,
  `acc_${type}_`,
]);

/**
 * What an account's id says: the reverse of `accountId`. No type with its underscore begins another, so
 * there is one answer.
 *
 * @throws Fault when it is no account's id.
 */
export function accountRefOf(id: AccountId): AccountRef {
  const [type, start] = starts.find(([, text]) => id.startsWith(text)) ?? [];
  assert(type !== undefined && start !== undefined, "An account's id begins with its type.");
  const currency = id.slice(-CURRENCY_LENGTH);
  const ownerId = id.slice(start.length, -CURRENCY_LENGTH - 1);
  assert(ownerId !== "", "An account's id names its owner.");
  return { type, ownerId, currency };
}
