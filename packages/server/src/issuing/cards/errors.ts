import { errorTable } from "../../foundation/errors/errors.ts";

/** The ways a card says no. */
export const cardErrors = errorTable({
  card_not_issuable: {
    status: 422,
    title: "The card cannot be issued",
    remedy: "Cure every condition in errors[]; POST /v1/cards/preflight checks without issuing.",
  },
  card_frozen: {
    status: 409,
    title: "The card is frozen",
    remedy: "Lift every freeze: POST /v1/cards/{id}/unfreeze, with its owner as requestedBy.",
  },
  card_blocked: {
    status: 409,
    title: "The card is blocked by the platform",
    remedy: "See restrictions[] of the card for the reason, and ask the platform to unblock it.",
  },
  card_expired: {
    status: 409,
    title: "The card is expired",
    remedy: "Renew or replace it: POST /v1/cards/{id}/renew or /replace.",
  },
  card_deleted: {
    status: 409,
    title: "The card is deleted, which is final",
    remedy: "Issue another card to the same person.",
  },
  card_not_replaceable: {
    status: 422,
    title: "The card cannot be replaced",
    remedy: "Cure every condition in errors[].",
  },
  card_not_renewable: {
    status: 422,
    title: "The card cannot be renewed",
    remedy: "Cure every condition in errors[].",
  },
  card_not_expired: {
    status: 409,
    title: "The card is not expired",
    remedy: "Give another reason, or renew the card.",
  },
  renewal_too_early: {
    status: 409,
    title: "A renewed card would not be good for longer than this one",
    remedy: "Renew it when its expiry is nearer.",
  },
  pan_sequence_exhausted: {
    status: 409,
    title: "The card has been renewed as often as a card can be",
    remedy: "Replace it: POST /v1/cards/{id}/replace.",
  },
  ends_at_in_past: {
    status: 422,
    title: "The end of the restriction is not in the future",
    remedy: "Give an instant later than now as endsAt, or leave it out.",
  },
  compliance_restriction: {
    status: 409,
    title: "The money on the card stays where it is until the platform has decided",
    remedy: "Ask the platform operator about the compliance restriction on the card.",
  },
  card_of_customer: {
    status: 409,
    title: "What is kept of the card's holder is kept of its customer",
    remedy: "Put the legal hold on the customer: POST /v1/customers/{id}/legal-hold.",
  },
  card_batch_completed: {
    status: 409,
    title: "The batch is completed",
    remedy: "Nothing is left to cancel; delete cards that are not wanted.",
  },
  card_not_fundable: {
    status: 409,
    title: "The card takes no top-up because of its customer",
    remedy: "See errors[] for the customer's status; top up again when it is cured.",
  },
  budget_card_not_fundable: {
    status: 409,
    title: "A budget card has no balance of its own",
    remedy: "Fund the budget: POST /v1/budgets/{id}/top-up.",
  },
  amount_too_low: {
    status: 422,
    title: "The amount is below the minimum of the card program",
    remedy: "Give at least the program's minimumTransfer.",
  },
  auto_top_up_invalid: {
    status: 422,
    title: "The rule of automatic top-up contradicts itself or the card program",
    remedy: "Correct the fields named in errors[].",
  },
  balance_too_high: {
    status: 422,
    title: "The balance would be above the maximum of the card program",
    remedy: "Give an amount that keeps the balance within the program's maximumBalance.",
  },
});

/**
 * The conditions of issuing that are about the request and the card; others have their own nouns.
 */
export const issueConditions = errorTable({
  customer_required: {
    status: 0,
    title: "The card program issues only to a customer",
    remedy: "Create and verify the customer (POST /v1/customers), then give customerId.",
  },
  customer_not_verified: {
    status: 0,
    title: "The customer is not active",
    remedy:
      "See status and missing at GET /v1/customers/{id}: give what is missing, or wait for the review.",
  },
  verification_level_too_low: {
    status: 0,
    title: "The customer is verified at a lower level than the card program asks for",
    remedy: "Verify the customer at the level named, or choose another program.",
  },
  product_access_missing: {
    status: 0,
    title: "The customer has no access to this card program",
    remedy: "Ask for it: POST /v1/customers/{id}/access-requests.",
  },
  product_access_pending: {
    status: 0,
    title: "The customer's access to this card program is not decided yet",
    remedy: "Wait until the platform decides: GET /v1/customers/{id}/access-requests.",
  },
  product_access_rejected: {
    status: 0,
    title: "The customer's access to this card program was rejected",
    remedy: "See statusReasons of the access request, cure them, and ask again.",
  },
  product_access_revoked: {
    status: 0,
    title: "The customer's access to this card program was revoked",
    remedy: "See statusReasons of the access request, cure them, and ask again.",
  },
  nationality_required: {
    status: 0,
    title: "The card program needs the customer's nationality",
    remedy: "Add nationality to the customer: PATCH /v1/customers/{id}.",
  },
  nationality_restricted: {
    status: 0,
    title: "The card program is not open to the customer's nationality",
    remedy: "Choose a program that is open to this nationality.",
  },
  residence_required: {
    status: 0,
    title: "The card program needs the customer's country of residence",
    remedy: "Add residence to the customer: PATCH /v1/customers/{id}.",
  },
  residence_restricted: {
    status: 0,
    title: "The card program is not open to the customer's country of residence",
    remedy: "Choose a program that is open to this country.",
  },
  sanctions_hold: {
    status: 0,
    title: "The customer is on hold until a sanctions question is decided",
    remedy: "Wait for the platform's decision; it cannot be hastened by another request.",
  },
  name_required: {
    status: 0,
    title: "The cardholder has no name",
    remedy: "Give customerId, or both firstName and lastName.",
  },
  cardholder_name_mismatch: {
    status: 0,
    title: "The name is not the customer's",
    remedy: "Leave firstName and lastName out, or give them as the customer has them.",
  },
  customer_type_not_allowed: {
    status: 0,
    title: "The card program is not open to customers of this type",
    remedy: "Choose a program that is open to this type of customer.",
  },
  initial_balance_required: {
    status: 0,
    title: "A card needs an initial balance",
    remedy: "Give initialBalance in minor units of the program's currency.",
  },
  initial_balance_too_low: {
    status: 0,
    title: "The initial balance is below the card program's minimum",
    remedy: "Give at least the amount named.",
  },
  initial_balance_too_high: {
    status: 0,
    title: "The initial balance is above the card program's maximum",
    remedy: "Give at most the amount named.",
  },
  budget_required: {
    status: 0,
    title: "A budget card needs a budget",
    remedy: "Give budgetId.",
  },
  budget_program_mismatch: {
    status: 0,
    title: "The budget is not for this card program",
    remedy: "Choose a budget whose typeIds has the program, or another program.",
  },
  budget_currency_mismatch: {
    status: 0,
    title: "The budget is in another currency than the card program",
    remedy: "Choose a budget in the program's currency.",
  },
  card_limit_reached: {
    status: 0,
    title: "The customer has as many cards of this program as it allows",
    remedy: "Delete a card that is no longer needed: GET /v1/cards?customerId=… lists them.",
  },
  field_not_allowed: {
    status: 0,
    title: "The field does not go with this card program",
    remedy: "Leave the field out.",
  },
});

/** Every condition that can stop an issue (PRODUCT §5), of whichever noun, in the order of the rules. */
export const issueCodes = [
  "organization_suspended",
  "organization_closed",
  "program_not_found",
  "program_not_available",
  "program_inactive",
  "customer_required",
  "customer_not_found",
  "customer_not_verified",
  "sanctions_hold",
  "customer_type_not_allowed",
  "verification_level_too_low",
  "product_access_missing",
  "product_access_pending",
  "product_access_rejected",
  "product_access_revoked",
  "nationality_required",
  "nationality_restricted",
  "residence_required",
  "residence_restricted",
  "card_limit_reached",
  "name_required",
  "name_invalid",
  "cardholder_name_mismatch",
  "initial_balance_required",
  "initial_balance_too_low",
  "initial_balance_too_high",
  "field_not_allowed",
  "currency_mismatch",
  "budget_required",
  "budget_not_found",
  "budget_archived",
  "budget_frozen",
  "budget_program_mismatch",
  "budget_currency_mismatch",
  "insufficient_organization_balance",
  "external_id_taken",
] as const;

/** What stops a card from being used and refuses nothing by itself: lines of its usability. */
export const useConditions = errorTable({
  card_pending_review: {
    status: 0,
    title: "The card program has each new card looked at before it works",
    remedy: "Wait until the platform has looked at the card and unblocks it.",
  },
  card_without_funds: {
    status: 0,
    title: "Nothing is available on the card",
    remedy: "Top it up: POST /v1/cards/{id}/top-up.",
  },
  budget_without_funds: {
    status: 0,
    title: "Nothing is available on the card's budget",
    remedy: "Fund the budget: POST /v1/budgets/{id}/top-up.",
  },
});
