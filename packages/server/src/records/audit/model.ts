import type { Actor } from "../../foundation/database/work.ts";
import type { AuditId, OrganizationId } from "../../foundation/ids/ids.ts";
import type { Change } from "../events/model.ts";

export const auditResults = ["done", "refused"] as const;
export const actorKinds = ["key", "session", "system"] as const satisfies readonly Actor["kind"][];

/** One action by a key or by the platform itself, done or refused. */
export type AuditEntry = {
  readonly id: AuditId;
  /** In whose log (and chain) it stands: the organization of who acted. */
  readonly organizationId: OrganizationId;
  readonly at: Date;
  readonly actor: Pick<Actor, "kind" | "id">;
  /** Id of the route, or name of the job. */
  readonly action: string;
  /** Whose object it was about. */
  readonly objectOrganizationId: OrganizationId;
  readonly objectId: string | null;
  readonly result: (typeof auditResults)[number];
  /** HTTP status of the answer. */
  readonly status: number;
  /** Code of the refusal; null when it was done. */
  readonly code: string | null;
  readonly changes: readonly Change[];
  readonly requestId: string;
  /** Address the request came from; null for jobs. */
  readonly ip: string | null;
};

/** Which entries a reader wants. */
export type AuditFilter = {
  readonly action?: string | undefined;
  readonly objectId?: string | undefined;
  readonly actorId?: string | undefined;
  readonly result?: AuditEntry["result"] | undefined;
  /** At this time or later. */
  readonly from?: string | undefined;
  /** Before this time. */
  readonly to?: string | undefined;
};

/** An entry with its place in its organization's chain: null in the moments before it is linked. */
export type PlacedEntry = AuditEntry & { readonly sequence: bigint | null };

/** An entry as it is hashed: `changes` is the text that was written. */
export type WrittenEntry = Omit<AuditEntry, "changes"> & { readonly changes: string };
