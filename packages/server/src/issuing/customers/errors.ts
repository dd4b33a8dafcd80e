import { errorTable } from "../../foundation/errors/errors.ts";

/** How customers and access requests refuse. */
export const customerErrors = errorTable({
  customer_not_found: {
    status: 422,
    title: "There is no such customer",
    remedy: "Give the id of one of your customers; GET /v1/customers lists them.",
  },
  customer_invalid: {
    status: 422,
    title: "The customer's data cannot be right",
    remedy: "Correct the fields named in errors[].",
  },
  name_invalid: {
    status: 0,
    title: "This is no name",
    remedy: "Give the name as it stands in the official document.",
  },
  birth_date_invalid: {
    status: 0,
    title: "This is no possible birth date",
    remedy: "Give the date as YYYY-MM-DD, in the past and within a human life.",
  },
  age_too_low: {
    status: 0,
    title: "The person is too young",
    remedy: "Cards are for people of the age at GET /v1/verification-levels.",
  },
  country_unknown: {
    status: 0,
    title: "This is no country",
    remedy: "Give an ISO 3166-1 alpha-3 code, such as DEU.",
  },
  email_invalid: {
    status: 0,
    title: "This is no e-mail address",
    remedy: "Give an address such as name@example.com.",
  },
  phone_invalid: {
    status: 0,
    title: "This is no phone number",
    remedy: "Give the number in E.164: a plus sign, the country code and the number, no spaces.",
  },
  customer_type_mismatch: {
    status: 0,
    title: "The field is not for customers of this type",
    remedy: "Individuals have firstName, lastName and birthDate; businesses have legalName.",
  },
  information_required: {
    status: 0,
    title: "The customer's level needs this",
    remedy: "Give it too; GET /v1/verification-levels lists what each level needs.",
  },
  customer_incomplete: {
    status: 409,
    title: "The customer lacks something that its level needs",
    remedy: "Ask the customer for what errors[] names, with request-information.",
  },
  level_not_lowered: {
    status: 0,
    title: "A customer's level can be raised, not lowered",
    remedy: "Leave level out, or give a higher one.",
  },
  people_not_for_individuals: {
    status: 409,
    title: "Only a business has directors and beneficial owners",
    remedy: "Create a customer of type business.",
  },
  person_limit_reached: {
    status: 409,
    title: "The business has as many people as one may have",
    remedy: "Remove those who do not direct or own it any more.",
  },
  person_removed: {
    status: 409,
    title: "The person was removed from the business",
    remedy: "Add the person again.",
  },
  person_needed: {
    status: 409,
    title: "The customer's level needs somebody in this role",
    remedy: "Add the successor first, then remove this one.",
  },
  ownership_without_role: {
    status: 0,
    title: "Only a beneficial owner owns a part",
    remedy: "Add beneficial_owner to roles, or leave ownershipBasisPoints out.",
  },
  ownership_exceeds_whole: {
    status: 0,
    title: "Together more than the whole business would be owned",
    remedy: "Give what is owned in basis points; all owners together have at most 10,000.",
  },
  document_needed: {
    status: 409,
    title: "The customer's review rests on this document",
    remedy: "Upload another one first, then erase this one.",
  },
  customer_rejected: {
    status: 409,
    title: "The customer is rejected for good",
    remedy: "The rejection says that nothing can be submitted again; ask the platform operator.",
  },
  customer_deleted: {
    status: 409,
    title: "The customer is deleted, which is final",
    remedy: "Create another customer.",
  },
  customer_move_not_allowed: {
    status: 409,
    title: "The customer's status does not allow this",
    remedy: "See the customer's status and what can be done from it.",
  },
  screening_hits_waiting: {
    status: 409,
    title: "Hits of screening wait for a decision",
    remedy: "Confirm or clear them first: GET /v1/screening-hits?subjectId=… lists them.",
  },
  sanctions_match_confirmed: {
    status: 409,
    title: "A match with a list of sanctions is confirmed",
    remedy:
      "If it was wrong, or the entry is gone: POST /v1/screening-hits/{id}/reopen, then clear the hit.",
  },
  customer_has_cards: {
    status: 409,
    title: "The customer still has cards that are not deleted",
    remedy: "Delete the customer's cards first: GET /v1/cards?customerId=… lists them.",
  },
  verification_not_needed: {
    status: 409,
    title: "The customer has nothing to give in a verification session",
    remedy: "See its status and what is missing.",
  },
  return_url_not_allowed: {
    status: 422,
    title: "A live organization's pages lead back over https alone",
    remedy: "Give an https address. http://localhost is for sandboxes.",
  },
  verification_ended: {
    status: 409,
    title: "The verification session is submitted, replaced or revoked",
    remedy: "Make a new one, where the customer still has something to give.",
  },
  verification_incomplete: {
    status: 422,
    title: "Something that is asked for was not given yet",
    remedy: "Give what errors[] names, then submit again.",
  },
  document_not_asked: {
    status: 422,
    title: "No document of this kind is asked for",
    remedy: "Give a document of a kind that the session lists.",
  },
  people_not_asked: {
    status: 422,
    title: "Nobody who directs or owns a business is asked for",
    remedy: "Give what the session lists; people are added at /v1/customers/{id}/people, too.",
  },
  consent_outdated: {
    status: 409,
    title: "The text of the consent has changed",
    remedy: "Load the page again, read the text and agree to it.",
  },
  access_already_requested: {
    status: 409,
    title: "The customer's access to this program is already requested or granted",
    remedy: "See the request that stands: GET /v1/customers/{id}/access-requests.",
  },
  access_move_not_allowed: {
    status: 409,
    title: "The access request's status does not allow this",
    remedy: "A requested one can be granted or rejected, a granted one revoked.",
  },
});
