import { Refusal } from "../../foundation/errors/errors.ts";
import type { Caller } from "../../foundation/route/route.ts";
import { listPrograms } from "../../issuing/programs/actions.ts";
import { authenticate } from "../../records/access/actions.ts";
import type { ApiContext } from "../api/context.ts";
import type { DevFacts } from "./devfile.ts";
import { sandboxKeys } from "./seed.ts";

/** Most programs that the facts name. */
const MAX_PROGRAMS = 100;

/** What a developer needs of the running sandbox. A key that was revoked is null. */
export async function factsOf(context: ApiContext, url: string): Promise<DevFacts> {
  const { apiKey, platformKey } = sandboxKeys(context.keys);
  const [own, platform] = await Promise.all([whose(context, apiKey), whose(context, platformKey)]);
  const page = { after: undefined, limit: MAX_PROGRAMS };
  const { rows } = await listPrograms(context.database, { status: "active" }, page);
  return {
    url,
    apiKey: own === null ? null : apiKey,
    platformKey: platform === null ? null : platformKey,
    organizationId: own?.organizationId ?? null,
    programs: rows.map(({ id, model, currency }) => ({ id, model, currency })),
  };
}

async function whose(context: ApiContext, secret: string): Promise<Caller | null> {
  const { database, keyCache, clock } = context;
  try {
    return await authenticate(database, keyCache, secret, "127.0.0.1", clock.now());
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

/** What the terminal shows when everything runs. */
export function greeting(facts: DevFacts, folder: string): string {
  const key = facts.apiKey ?? "(revoked; create another with a platform key)";
  return `
Cardwright is ready.

  API    ${facts.url}/v1
  Docs   ${facts.url}/docs/
  Key    ${key}
  Facts  ${folder}/dev.json

Try it:

  curl -H 'Authorization: Bearer ${key}' ${facts.url}/v1/balances

Stop with Ctrl-C.

`;
}
