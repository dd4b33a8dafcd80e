import { errorTable } from "../../foundation/errors/errors.ts";

/** The ways the vault refuses. */
export const vaultErrors = errorTable({
  number_range_exhausted: {
    status: 503,
    title: "The card program has no card number left",
    remedy: "Ask the platform operator for a program with a larger number range.",
  },
});
