import type { Reading } from "../../foundation/database/work.ts";
import { Refusal } from "../../foundation/errors/errors.ts";
import type { WriteRoute } from "../../foundation/route/route.ts";
import type { Admitted, Answer } from "./admitted.ts";
import type { ApiContext } from "./context.ts";
import { runWrite } from "./write.ts";

/**
 * Asks outside first, then runs the action with what was answered: no connection and no lock waits for
 * somebody else's server.
 */
export async function runPrepared(
  context: ApiContext,
  request: Admitted<WriteRoute>,
  prepare: NonNullable<WriteRoute["prepare"]>,
  reading: Reading,
): Promise<Answer> {
  const { route, params, query, caller } = request;
  const call = { params, query, caller, reading, outside: context.providers };
  const made: unknown = await prepare(call as never).catch((error: unknown) => {
    // Why it is refused is audited and stored, in the transaction.
    if (error instanceof Refusal) return error;
    throw error;
  });
  const handle = async (given: object) => {
    if (made instanceof Refusal) throw made;
    return route.handle({ ...given, prepared: made } as never);
  };
  return runWrite(context, { ...request, route: { ...route, handle } as WriteRoute });
}
