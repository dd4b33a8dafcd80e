import type { Config } from "../../../foundation/config/config.ts";
import type { Provider } from "../model.ts";
import { persona } from "./persona.ts";
import type { OutsideProvider } from "./port.ts";
import { type Machine, sumsub } from "./sumsub.ts";

/** The providers outside that this installation has credentials of. */
export type Providers = ReadonlyMap<Provider, OutsideProvider>;

export type ProviderSettings = Pick<
  Config,
  | "CARDWRIGHT_SUMSUB_URL"
  | "CARDWRIGHT_SUMSUB_APP_TOKEN"
  | "CARDWRIGHT_SUMSUB_SECRET_KEY"
  | "CARDWRIGHT_SUMSUB_WEBHOOK_SECRETS"
  | "CARDWRIGHT_SUMSUB_LEVELS"
  | "CARDWRIGHT_PERSONA_URL"
  | "CARDWRIGHT_PERSONA_API_KEY"
  | "CARDWRIGHT_PERSONA_WEBHOOK_SECRETS"
  | "CARDWRIGHT_PERSONA_TEMPLATES"
>;

/** The providers whose credentials are set. */
export function openProviders(config: ProviderSettings, machine: Machine): Providers {
  const found: OutsideProvider[] = [];
  const { CARDWRIGHT_SUMSUB_APP_TOKEN: appToken, CARDWRIGHT_SUMSUB_SECRET_KEY: secretKey } = config;
  if (appToken !== null && secretKey !== null) {
    const { CARDWRIGHT_SUMSUB_URL: url, CARDWRIGHT_SUMSUB_LEVELS: levels } = config;
    const webhookSecrets = config.CARDWRIGHT_SUMSUB_WEBHOOK_SECRETS;
    found.push(sumsub({ url, appToken, secretKey, webhookSecrets, levels }, machine));
  }
  const { CARDWRIGHT_PERSONA_API_KEY: apiKey } = config;
  if (apiKey !== null) {
    const { CARDWRIGHT_PERSONA_URL: url, CARDWRIGHT_PERSONA_TEMPLATES: templates } = config;
    const webhookSecrets = config.CARDWRIGHT_PERSONA_WEBHOOK_SECRETS;
    found.push(persona({ url, apiKey, webhookSecrets, templates }));
  }
  return new Map(found.map((provider) => [provider.name, provider]));
}
