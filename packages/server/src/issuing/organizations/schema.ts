import { type Static, Type } from "typebox";
import { currencies } from "../../foundation/money/currencies.ts";
import {
  currencyCode,
  idText,
  nullable,
  object,
  oneOf,
  text,
  timestamp,
} from "../../foundation/route/schemas.ts";
import { balancesSchema } from "../../records/ledger/schema.ts";
import {
  MAX_FIRST_CURRENCIES,
  MAX_NAME_LENGTH,
  modes,
  type Organization,
  organizationLifecycle,
} from "./model.ts";

/** An organization as the API shows it. */
export const organizationSchema = object({
  id: idText("Id of the organization."),
  name: Type.String(),
  mode: oneOf(modes, { description: "sandbox: simulated network and movable clock." }),
  status: oneOf(organizationLifecycle.states),
  externalId: nullable(Type.String({ description: "The platform's own name for it." })),
  version: Type.Integer({ description: "Grows by one with each change." }),
  createdAt: timestamp,
});

/** The answer to creating one: with its first API key, which is shown this once. */
export const createdOrganizationSchema = object({
  ...organizationSchema.properties,
  apiKeyId: idText("Id of the first API key."),
  apiKey: nullable(
    Type.String({ description: "The secret of the first API key, with all scopes. Shown once." }),
  ),
});

const name = text(MAX_NAME_LENGTH, { description: "What people call the organization." });

export const newOrganizationSchema = object({
  name,
  mode: Type.Optional(oneOf(modes, { default: "sandbox" })),
  externalId: Type.Optional(
    text(255, { description: "Your own name for it; unique, and good in paths as external:…" }),
  ),
  currencies: Type.Optional(
    Type.Array(oneOf(currencies), {
      maxItems: MAX_FIRST_CURRENCIES,
      uniqueItems: true,
      description:
        "Balances to open at once, at zero. Other currencies open with their first deposit.",
    }),
  ),
});

export const organizationChangesSchema = object({ name: Type.Optional(name) });

export const balancesQuery = object({
  currency: Type.Optional(currencyCode),
  at: Type.Optional(timestamp),
  sequence: Type.Optional(Type.Integer({ minimum: 0, description: "Of a record of the ledger." })),
  organizationId: Type.Optional(idText("For platform keys: whose balances.")),
});

/** An organization's own money, by currency. */
export const organizationBalancesSchema = object({ balances: Type.Array(balancesSchema) });

/** Model → reply. */
export function showOrganization(organization: Organization): Static<typeof organizationSchema> {
  return {
    id: organization.id,
    name: organization.name,
    mode: organization.mode,
    status: organization.status,
    externalId: organization.externalId,
    version: Number(organization.version),
    createdAt: organization.createdAt.toISOString(),
  };
}
