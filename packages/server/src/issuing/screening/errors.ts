import { errorTable } from "../../foundation/errors/errors.ts";

/** How hits refuse. */
export const screeningErrors = errorTable({
  hit_decided: {
    status: 409,
    title: "The hit is decided",
    remedy: "Read the hit: its decision stands, and whose it was.",
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
