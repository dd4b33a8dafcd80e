import { errorTable } from "../../foundation/errors/errors.ts";

/**
 * How links and sessions refuse. One answer for a link that is used, expired, ended, of another kind or
 * guessed: whoever asks learns nothing from it.
 */
export const linkErrors = errorTable({
  link_not_usable: {
    status: 404,
    title: "This link cannot be used",
    remedy: "Ask whoever sent it for a new one.",
  },
  session_not_usable: {
    status: 401,
    title: "There is no such session, or it is over",
    remedy: "Open the link again in the same browser, or ask for a new one.",
  },
});
