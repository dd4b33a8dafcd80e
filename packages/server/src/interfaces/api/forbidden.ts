import type { FastifyRequest } from "fastify";
import { Fault, type Refusal } from "../../foundation/errors/errors.ts";
import { isReading, type Route } from "../../foundation/route/route.ts";
import { recordAudit } from "../../records/audit/actions.ts";
import { organizationNow } from "../../records/sequencer/actions.ts";
import type { ApiContext } from "./context.ts";

/**
 * Records that a key tried an action that it may not do (PCI DSS 10.2.1.4). Reads that are refused are in
 * the request log only.
 */
export async function recordForbidden(
  context: ApiContext,
  request: FastifyRequest,
  route: Route,
  refusal: Refusal,
): Promise<void> {
  const { caller } = request;
  if (caller === null) throw new Fault("Only a caller who is known can be forbidden something.");
  if (isReading(route)) return;
  const { organizationId, keyId, ip } = caller;
  await context.database.transaction(async (sql) => {
    const entry = {
      id: context.newId("audit"),
      organizationId,
      at: await organizationNow(sql, organizationId),
      actor: { kind: "key", id: keyId },
      action: route.id,
      objectOrganizationId: organizationId,
      objectId: objectIn(request),
      result: "refused",
      status: refusal.status,
      code: refusal.code,
      changes: [],
      requestId: request.id,
      ip,
    } as const;
    await recordAudit(sql, [entry]);
  });
  context.committed();
}

/** What the path names, which no schema has checked yet; null where it is nothing that can be kept. */
function objectIn({ params }: FastifyRequest): string | null {
  const { id = "" } = params as { id?: string };
  return id === "" || id.includes("\u0000") ? null : id;
}
