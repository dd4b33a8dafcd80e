import { errorTable } from "../../foundation/errors/errors.ts";

/** The ways the sequencer and the organizations' clocks refuse. */
export const sequencerErrors = errorTable({
  clock_backwards: {
    status: 422,
    title: "A sandbox's clock only goes forward",
    remedy: "Name a time later than the organization's present one.",
  },
});
