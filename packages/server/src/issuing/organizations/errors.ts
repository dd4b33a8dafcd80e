import { errorTable } from "../../foundation/errors/errors.ts";

/** How organizations refuse. */
export const organizationErrors = errorTable({
  organization_not_found: {
    status: 422,
    title: "There is no such organization",
    remedy: "Give the id of one of your organizations.",
  },
  organization_suspended: {
    status: 409,
    title: "The organization is suspended: it issues no cards and tops nothing up",
    remedy: "Ask the platform operator to activate the organization.",
  },
  organization_closed: {
    status: 409,
    title: "The organization is closed",
    remedy: "Only reads are possible. Create another organization to go on.",
  },
  organization_not_empty: {
    status: 409,
    title: "The organization still has live cards, open budgets, money or debts",
    remedy: "Delete its cards, archive its budgets and pay its balance out, then close it.",
  },
  organization_external_id_taken: {
    status: 409,
    title: "Another organization has this externalId",
    remedy: "Choose another externalId, or use the organization that has it.",
  },
  embed_origin_not_allowed: {
    status: 422,
    title: "A live organization's pages are embedded over https alone",
    remedy: "Give an https origin. http://localhost is for sandboxes.",
  },
  live_mode_not_available: {
    status: 422,
    title: "This installation is a sandbox and has no live organizations",
    remedy:
      "Start the server with CARDWRIGHT_MODE=live, or create the organization with mode sandbox.",
  },
});
