import type { Actor } from "../../../foundation/database/work.ts";
import type {
  CardId,
  CustomerId,
  OrganizationId,
  PersonId,
  ScreeningHitId,
} from "../../../foundation/ids/ids.ts";
import { lifecycle, type MoveOf, type StateOf } from "../../../foundation/lifecycle/lifecycle.ts";
import type { ListSource, Reason, Subject } from "../model.ts";

/**
 * The life of a hit. Where the installation wants four eyes, one person proposes and another one decides;
 * who wants the opposite of a proposal takes it back.
 */
export const hitLifecycle = lifecycle(
  ["open", "confirm_proposed", "clear_proposed", "confirmed", "cleared"],
  {
    proposeConfirm: { from: ["open"], to: "confirm_proposed" },
    proposeClear: { from: ["open"], to: "clear_proposed" },
    takeBack: { from: ["confirm_proposed", "clear_proposed"], to: "open" },
    confirm: { from: ["open", "confirm_proposed"], to: "confirmed" },
    clear: { from: ["open", "clear_proposed"], to: "cleared" },
    // Confirmed in error, or on the list no more: it is decided anew, by as many as before.
    reopen: { from: ["confirmed"], to: "open" },
  },
);
export type HitStatus = StateOf<typeof hitLifecycle>;
export type HitMove = MoveOf<typeof hitLifecycle>;

/** What a person says of a hit. */
export const hitVerdicts = ["confirm", "clear"] as const;
export type HitVerdict = (typeof hitVerdicts)[number];

export const hitSubjects = ["customer", "card"] as const;

/** Whom a hit is about: a customer, or a card that has none. */
export type HitRef =
  | {
      readonly subjectKind: "customer";
      readonly subjectId: CustomerId;
      /** The director or owner of a business who may be listed; null: the customer itself. */
      readonly personId: PersonId | null;
    }
  | { readonly subjectKind: "card"; readonly subjectId: CardId; readonly personId: null };

/** Who said what of a hit, when and why. */
export type HitDecision = {
  /** Id of the key. */
  readonly by: string;
  readonly at: Date;
  readonly reasons: readonly string[];
  readonly note: string | null;
};

/** An entry that may be the subject. */
export type Hit = HitRef & {
  readonly organizationId: OrganizationId;
  readonly id: ScreeningHitId;
  readonly source: ListSource;
  /** The list's own number of the entry; null once what was kept of the subject is erased. */
  readonly sourceId: string | null;
  readonly listVersion: bigint;
  /** Of what the score rests on; see `hashOfEntry`. */
  readonly entryHash: Uint8Array | null;
  readonly score: number;
  readonly status: HitStatus;
  /** Who proposed; stays once it is decided. */
  readonly proposal: HitDecision | null;
  readonly decision: HitDecision | null;
  readonly version: bigint;
  readonly createdAt: Date;
};

/**
 * How a hit comes to be as it is by itself: found, looked at anew because its subject or entry has changed, or
 * carried along with a card to the one that takes its place.
 */
export const hitArrivals = ["find", "renew", "carry"] as const;

/** One step in the life of a hit, with who took it, why and when. */
export type HitChange = {
  /** Of the hit, that this made. */
  readonly version: bigint;
  readonly move: (typeof hitArrivals)[number] | HitMove;
  readonly from: HitStatus | null;
  readonly to: HitStatus;
  readonly reasons: readonly string[];
  readonly note: string | null;
  readonly actor: Pick<Actor, "kind" | "id">;
  readonly at: Date;
};

/** What was compared, personal: kept sealed. */
export type HitMatch = {
  readonly subject: Subject;
  /** The name of the entry that fits best. */
  readonly name: string;
  readonly reasons: readonly Reason[];
};

/** Whether a hit still waits for somebody. */
export const isWaiting = ({ status }: Pick<Hit, "status">): boolean =>
  status !== "confirmed" && status !== "cleared";

/** Whether a list is of sanctions: a match is a ban. An exposed person is only a risk. */
export const isSanctions = ({ source }: Pick<Hit, "source">): boolean => source !== "pep";
