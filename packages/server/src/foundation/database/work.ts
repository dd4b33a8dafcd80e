import type { Ids, OrganizationId } from "../ids/ids.ts";
import type { Keys } from "../keys/keys.ts";
import type { Transaction } from "./database.ts";
import type { Sql } from "./sql.ts";

/**
 * Who does something: a key, a person in a session of a private link, or the platform by itself (jobs,
 * rules).
 */
export type Actor = {
  readonly kind: "key" | "session" | "system";
  /** The id of key or session, or the name of the job. */
  readonly id: string;
  readonly organizationId: OrganizationId;
};

/** What a read needs: where, whose, and that organization's now. */
export type Reading = {
  readonly sql: Sql;
  readonly organizationId: OrganizationId;
  /** Database time + the organization's offset, read once (PRODUCT §3). */
  readonly now: Date;
  readonly keys: Keys;
};

/** What an action needs: a transaction, whose data it is, now, who asks, and fresh ids. */
export type Work = Reading & {
  readonly sql: Transaction;
  readonly actor: Actor;
  readonly requestId: string;
  readonly newId: Ids;
};
