import type { Sql } from "../../../foundation/database/sql.ts";
import { generalErrors } from "../../../foundation/errors/errors.ts";
import { isIdOf } from "../../../foundation/ids/ids.ts";
import { providers as names, type Provider } from "../model.ts";
import type { Providers } from "../providers/open.ts";
import type { Headers } from "../providers/port.ts";
import { writeHeard } from "../store/traffic.ts";

/**
 * Takes a webhook of a provider. It only says that the provider is to be asked: doubled, late or about somebody
 * unknown, it changes nothing else.
 *
 * @param now of the real clock.
 * @throws Refusal `not_found` of a provider that is not set up, `webhook_not_genuine`.
 */
export async function hearProvider(
  sql: Sql,
  providers: Providers,
  name: string,
  { headers, body, now }: { readonly headers: Headers; readonly body: Buffer; readonly now: Date },
): Promise<void> {
  const known = names.find((one) => one === name) as Provider | undefined;
  const provider = known && providers.get(known);
  if (provider === undefined) throw generalErrors.refusal("not_found");
  const id = provider.hear(headers, body, now);
  if (id !== null && id.length < 64 && isIdOf("verification", id)) {
    await writeHeard(sql, provider.name, id);
  }
}
