import { errorTable } from "../../foundation/errors/errors.ts";

/** How verifications refuse. */
export const verificationErrors = errorTable({
  verification_move_not_allowed: {
    status: 409,
    title: "The verification's status does not allow this",
    remedy: "See its status; a reviewer claims a verification before deciding it.",
  },
  verification_claimed: {
    status: 409,
    title: "Another reviewer has this verification",
    remedy: "Choose another, or claim it with takeOver: true.",
  },
  verification_outdated: {
    status: 409,
    title: "The customer has changed since the verification was claimed",
    remedy: "Look at the customer as it is now and claim the verification again.",
  },
  customer_not_in_review: {
    status: 409,
    title: "The customer is not in review",
    remedy: "A customer is reviewed while it is pending or update_requested.",
  },
  delegated_verification_refused: {
    status: 409,
    title: "This organization may not attest verifications of its own",
    remedy: "Ask the platform operator to allow delegated verification.",
  },
  verification_already_delegated: {
    status: 409,
    title: "A verification of your own is already recorded for this review",
    remedy: "See the customer's open verification: GET /v1/verifications?customerId=….",
  },
  share_token_not_supported: {
    status: 409,
    title: "A share token is of no use for this customer",
    remedy: "Attest without shareToken: it is for individuals whose reviews are Sumsub's.",
  },
  link_not_supported: {
    status: 409,
    title: "The reviewer of this customer gives no links",
    remedy:
      "Links are of Sumsub and Persona. For our own pages: POST /v1/customers/{id}/verification-sessions.",
  },
  delegated_verification_invalid: {
    status: 422,
    title: "What is attested cannot be right",
    remedy: "Correct the fields named in errors[].",
  },
  verified_in_future: {
    status: 0,
    title: "The verification would be of the future",
    remedy: "Give the instant at which it was done.",
  },
  document_not_found: {
    status: 422,
    title: "The customer has no such document that stands",
    remedy: "Name documents of this customer that are neither rejected nor erased.",
  },
  webhook_not_genuine: {
    status: 401,
    title: "The webhook is not genuine",
    remedy: "Check the secret of the webhook at the provider and in the settings of the server.",
  },
  provider_not_available: {
    status: 422,
    title: "This provider is not for organizations of this mode",
    remedy: "Live organizations have manual, sumsub or persona; sandbox ones sandbox or manual.",
  },
});
