import { type Static, Type } from "typebox";
import { nullable, object } from "../../../foundation/route/schemas.ts";
import type { BillingAddress } from "../model.ts";
import { billingAddress, email, label, phone, readAddress } from "../schema.ts";

/** What is to change of a card; null clears. */
export const cardChangesSchema = object(
  {
    label: Type.Optional(nullable(label)),
    metadata: Type.Optional(
      nullable(
        Type.Record(
          Type.String({ pattern: "^[A-Za-z0-9_.-]{1,40}$" }),
          nullable(Type.String({ maxLength: 500 })),
          {
            maxProperties: 50,
            description: "Given names are set, null removes one; null for the whole clears it.",
          },
        ),
      ),
    ),
    cardholder: Type.Optional(
      object(
        { email: Type.Optional(nullable(email)), phone: Type.Optional(nullable(phone)) },
        { minProperties: 1, description: "How to reach the cardholder; the name never changes." },
      ),
    ),
    billingAddress: Type.Optional(nullable(billingAddress)),
  },
  { minProperties: 1 },
);

/** What is to change of a card, after the schema: null clears, what is undefined stays. */
export type CardChanges = Omit<Static<typeof cardChangesSchema>, "billingAddress"> & {
  readonly billingAddress?: BillingAddress | null;
};

/** The changes that a body wants. */
export function readChanges(body: Static<typeof cardChangesSchema>): CardChanges {
  const { billingAddress: address, ...rest } = body;
  if (address === undefined) return rest;
  return { ...rest, billingAddress: address === null ? null : readAddress(address) };
}
