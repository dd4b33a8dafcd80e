import { errorTable } from "../../foundation/errors/errors.ts";

/** How programs refuse, and how others refuse because of a program. */
export const programErrors = errorTable({
  program_not_found: {
    status: 422,
    title: "There is no such card program",
    remedy: "Use an id from GET /v1/card-programs as typeId.",
  },
  program_inactive: {
    status: 422,
    title: "The card program issues no cards at present",
    remedy: "Choose a program whose status is active.",
  },
  program_not_available: {
    status: 422,
    title: "The card program is not available to this organization",
    remedy: "Choose one from GET /v1/card-programs, or ask the platform to list you for it.",
  },
  program_inconsistent: {
    status: 422,
    title: "The terms of the card program contradict each other",
    remedy: "Correct the fields named in errors[].",
  },
  program_retired: {
    status: 409,
    title: "The card program is retired, which is final",
    remedy: "Make a new program.",
  },
});
