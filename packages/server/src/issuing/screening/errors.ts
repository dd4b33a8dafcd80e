import { errorTable } from "../../foundation/errors/errors.ts";

/** How hits refuse. */
export const screeningErrors = errorTable({
  hit_decided: {
    status: 409,
    title: "The hit is decided",
    remedy: "Read the hit: its decision stands, and whose it was. A confirmed one can be reopened.",
  },
  hit_not_confirmed: {
    status: 409,
    title: "The hit is not confirmed",
    remedy: "Only a confirmed hit is reopened. One that waits can be confirmed or cleared at once.",
  },
  newer_hit_waiting: {
    status: 409,
    title: "A newer hit of the same entry waits for a decision",
    remedy: "Decide on that one first: GET /v1/screening-hits?subjectId=… lists both.",
  },
  four_eyes_required: {
    status: 409,
    title: "Another person has to decide what this key proposed",
    remedy: "Ask somebody with a key of their own; a rotated key is still the same.",
  },
});

/** Why a list is not loaded, and what to do about it; for the person at the terminal. */
export class ListRefused extends Error {
  readonly remedy: string;

  constructor(what: string, remedy: string) {
    super(what);
    this.name = "ListRefused";
    this.remedy = remedy;
  }
}
