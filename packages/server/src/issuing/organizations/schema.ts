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
  MAX_EMBED_ORIGINS,
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
  embedOrigins: Type.Array(Type.String(), {
    description: "Origins whose pages may show the hosted pages of its links in a frame.",
  }),
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

const LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const PORT = "(?::[1-9][0-9]{0,4})?";
/** As browsers write origins: no path, no capitals, no wildcard, letters beyond ASCII as Punycode. */
const EMBED_ORIGIN = `^(?:https://(?:${LABEL}[.])*${LABEL}|http://localhost)${PORT}$`;

/** What an organization changes of itself. */
export const ownChangesSchema = object(
  {
    embedOrigins: Type.Optional(
      Type.Array(Type.String({ maxLength: 267, pattern: EMBED_ORIGIN }), {
        maxItems: MAX_EMBED_ORIGINS,
        uniqueItems: true,
        description:
          "Origins such as https://shop.example.com whose pages may show the hosted pages of your links in a frame; in a sandbox also http://localhost. None to begin with: nobody may.",
      }),
    ),
  },
  { title: "OwnOrganizationChanges" },
);

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
    embedOrigins: [...organization.embedOrigins],
    version: Number(organization.version),
    createdAt: organization.createdAt.toISOString(),
  };
}
