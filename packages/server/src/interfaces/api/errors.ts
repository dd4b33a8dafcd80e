import { errorTable } from "../../foundation/errors/errors.ts";

/** What can be wrong with one field; the lines of `errors[]` under `invalid_request`. */
export const fieldErrors = errorTable({
  json_malformed: {
    status: 0,
    title: "The body is not well-formed JSON in UTF-8",
    remedy: "Send one JSON object.",
  },
  json_too_deep: {
    status: 0,
    title: "The body is nested more than 32 levels deep",
    remedy: "Send a flatter object.",
  },
  csv_malformed: {
    status: 0,
    title: "The body is not well-formed CSV in UTF-8 with a header",
    remedy:
      "Quote cells with commas, quotes or line ends, double quotes inside, and end each quote.",
  },
  field_unknown: {
    status: 0,
    title: "There is no such field here",
    remedy: "Leave it out, or correct its name.",
  },
  field_repeated: {
    status: 0,
    title: "The field is given more than once",
    remedy: "Give it once.",
  },
  field_required: { status: 0, title: "The field is missing", remedy: "Add it." },
  field_type: {
    status: 0,
    title: "The field has the wrong type",
    remedy: "Give a value of the type that the message names.",
  },
  field_number: {
    status: 0,
    title: "The number is not a whole number that is exact",
    remedy:
      "Write digits only, without fraction or exponent, between -9007199254740991 and 9007199254740991.",
  },
  field_range: {
    status: 0,
    title: "The number is out of range",
    remedy: "Give a number within the limit that the message names.",
  },
  field_length: {
    status: 0,
    title: "The text is too short or too long",
    remedy: "Give a text of the length that the message names.",
  },
  field_count: {
    status: 0,
    title: "There are too few or too many items",
    remedy: "Give as many as the message names, each once.",
  },
  field_format: {
    status: 0,
    title: "The text does not have the right form",
    remedy: "Write it in the form that the message names.",
  },
  field_value: {
    status: 0,
    title: "The value is not one of those allowed",
    remedy: "Give one of the values that the message or /docs names.",
  },
  field_nul: {
    status: 0,
    title: "The text contains a NUL character",
    remedy: "Remove U+0000 from it.",
  },
  field_unicode: {
    status: 0,
    title: "The text is not well-formed Unicode",
    remedy: "Remove the half of a surrogate pair.",
  },
  header_invalid: {
    status: 0,
    title: "A header is not acceptable",
    remedy: "Correct the header that field names, or leave it out.",
  },
  key_in_url: {
    status: 0,
    title: "An API key must never be in a URL",
    remedy:
      "Send it in the Authorization header. Rotate this key: URLs are kept in logs and histories.",
  },
});

/** Refusals of the HTTP layer itself. */
export const httpErrors = errorTable({
  key_of_wrong_audience: {
    status: 403,
    title: "The API key is of the wrong kind for this address",
    remedy:
      "Use a platform key for what the platform operator does, an organization's key for the rest.",
  },
  headers_too_large: {
    status: 431,
    title: "The address or the headers are longer than allowed",
    remedy: "Send at most 16 KiB of them, the address included.",
  },
  request_timeout: {
    status: 408,
    title: "The request did not arrive whole in time",
    remedy: "Send it again on a faster connection.",
  },
  sandbox_only: {
    status: 403,
    title: "This address exists only for sandbox organizations",
    remedy: "Use a key of a sandbox organization.",
  },
});
