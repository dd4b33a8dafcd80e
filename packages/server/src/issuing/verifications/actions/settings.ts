import type { Sql } from "../../../foundation/database/sql.ts";
import type { Work } from "../../../foundation/database/work.ts";
import { announce } from "../../../records/events/actions.ts";
import { previousOf } from "../../../records/events/rules.ts";
import { lockOrganization } from "../../organizations/actions.ts";
import type { Organization } from "../../organizations/model.ts";
import { requireOpen } from "../../organizations/rules.ts";
import { isOutside, settingsIdOf, type VerificationSettings } from "../model.ts";
import type { Providers } from "../providers/open.ts";
import { defaultSettings, requireProvider } from "../rules.ts";
import { showSettings } from "../schema.ts";
import { findNamedProviders, findSettingsRow, writeSettings } from "../store.ts";

/** How an organization's customers are reviewed. */
export async function settingsOf(
  sql: Sql,
  { id, mode }: Pick<Organization, "id" | "mode">,
): Promise<VerificationSettings> {
  return (await findSettingsRow(sql, id)) ?? defaultSettings(id, mode);
}

/** In words for an operator: settings that name a provider which this server has no credentials of. */
export async function providerWarnings(sql: Sql, providers: Providers): Promise<readonly string[]> {
  const unset = (await findNamedProviders(sql)).filter(
    (name) => isOutside[name] && !providers.has(name),
  );
  return unset.map(
    (name) =>
      `Organizations are reviewed by ${name}, which is not set up on this server: their customers wait in the queue.`,
  );
}

export type SettingsChange = Partial<Pick<VerificationSettings, "provider" | "delegated">>;

/**
 * Changes how an organization's customers are reviewed, from now on: what is open stays with whom it was
 * opened for. What is so already changes nothing.
 *
 * @param work of that organization.
 * @throws Refusal `provider_not_available`, `organization_closed`.
 */
export async function changeSettings(
  work: Work,
  change: SettingsChange,
): Promise<VerificationSettings> {
  const organization = await lockOrganization(work.sql, work.organizationId, "change");
  requireOpen(organization);
  const before = await settingsOf(work.sql, organization);
  const { provider = before.provider, delegated = before.delegated } = change;
  requireProvider(provider, organization.mode);
  if (provider === before.provider && delegated === before.delegated) return before;
  const after = { ...before, provider, delegated, version: before.version + 1n };
  await writeSettings(work.sql, after);
  announce(work, {
    type: "verification_settings.changed",
    objectId: settingsIdOf(organization.id),
    objectVersion: after.version,
    object: showSettings(after),
    previous: previousOf(showSettings(before), showSettings(after)),
  });
  return after;
}
