import type { RestrictionOwner } from "../model.ts";

/** The ways in which a card is used (PRODUCT §7). */
export const channels = ["ecommerce", "pos", "contactless", "atm", "moto", "recurring"] as const;
export type Channel = (typeof channels)[number];

/** One thing that stops a card in some channels. */
export type UseBlocker = {
  /** Of an error table, as everywhere. */
  readonly code: string;
  /** Since when; null where nobody has kept it. */
  readonly since: Date | null;
  /** When it ends by itself; null: only when somebody cures it. */
  readonly endsAt: Date | null;
  /** Who can cure it, in the words of restrictions. */
  readonly owner: RestrictionOwner;
  readonly message: string;
  readonly remedy: string | null;
  readonly channels: readonly Channel[];
};

/** One thing that will stop the whole card at an instant to come. */
export type UseWarning = Pick<UseBlocker, "code" | "owner" | "message" | "remedy"> & {
  readonly at: Date;
};

/** Whether a card works, where, and everything that is in the way. */
export type Usability = {
  /** At least one channel works. */
  readonly usable: boolean;
  readonly channels: Readonly<Record<Channel, boolean>>;
  readonly blockers: readonly UseBlocker[];
  /** What does not stop it yet. */
  readonly warnings: readonly UseWarning[];
};
