import assert from "node:assert/strict";
import { test } from "node:test";
import type { AccountId } from "../../../foundation/ids/ids.ts";
import { type AccountType, accountId, accountTypes } from "../model.ts";
import { accountRefOf } from "./reference.ts";

test("an account's id says what the account is, for every type and any owner", () => {
  for (const type of Object.keys(accountTypes) as AccountType[]) {
    for (const ownerId of ["card_01", "org_a_b_c", "acc_card_x", "receivable_1"]) {
      const ref = { type, ownerId, currency: "EUR" };
      assert.deepEqual(accountRefOf(accountId(ref)), ref);
    }
  }
});

test("what is no account's id is a fault", () => {
  for (const id of ["acc_savings_card_1_EUR", "acc_card__EUR", "acc_card_EUR", "card_1"]) {
    assert.throws(() => accountRefOf(id as AccountId), { name: "Fault" }, id);
  }
});
