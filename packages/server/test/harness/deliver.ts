import { steadyMs, systemEntropy } from "../../src/foundation/clock/clock.ts";
import { worksOf } from "../../src/interfaces/worker/group.ts";
import type { Deliveries } from "../../src/issuing/verifications/actions/deliver.ts";
import { createBreaker } from "../../src/issuing/verifications/providers/breaker.ts";
import { asOwner } from "./database.ts";
import type { TestServer } from "./server.ts";

/** What one process asks providers with, as the worker does. */
export function deliveriesOf(
  { context, database }: TestServer,
  over: Partial<Deliveries> = {},
): Deliveries {
  const { keys, newId, files, providers } = context;
  const jobs = { database: database.app, keys, newId, committed: () => undefined };
  return {
    sql: database.app,
    providers,
    files,
    random: systemEntropy,
    breaker: createBreaker(steadyMs),
    inWork: worksOf(jobs, "verifications.deliver"),
    ...over,
  };
}

/** As if so much time had gone by for what waits for a provider: for one verification, or all. */
export const letTimePass = (
  { database }: TestServer,
  seconds: number,
  id: string | null = null,
): Promise<unknown> =>
  asOwner(
    database.url,
    `update verifications set next_attempt_at = next_attempt_at - $1 * interval '1 second'
     where id = coalesce($2, id)`,
    [seconds, id],
  );
