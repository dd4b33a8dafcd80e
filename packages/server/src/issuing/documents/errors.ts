import { errorTable } from "../../foundation/errors/errors.ts";

/** How documents refuse. */
export const documentErrors = errorTable({
  document_empty: {
    status: 422,
    title: "The document is empty",
    remedy: "Send the bytes of the file as the body.",
  },
  document_type_not_allowed: {
    status: 422,
    title: "The content is no PDF, JPEG, PNG or HEIC",
    remedy: "Send one of these; the content counts, not the name.",
  },
  document_damaged: {
    status: 422,
    title: "The document is cut off or does not have the structure of its type",
    remedy: "Take the picture again, or save the file again, and send that.",
  },
  document_polyglot: {
    status: 422,
    title: "The document has another file in it or behind its end",
    remedy: "Save the picture or page alone, without attachments, video or trailing data.",
  },
  document_too_many_pixels: {
    status: 422,
    title: "The picture has more pixels than can be looked at",
    remedy: "Send it in a smaller size.",
  },
  document_unfolds_too_large: {
    status: 422,
    title: "The document's compressed parts unfold to more than is allowed",
    remedy: "Save the file again with a plain program and send that.",
  },
  document_active_content: {
    status: 422,
    title: "The PDF has scripts, actions, attachments or media in it",
    remedy: "Print the file to a new PDF, or send a picture of it.",
  },
  document_encrypted: {
    status: 422,
    title: "The PDF is encrypted and cannot be read",
    remedy: "Save it without a password and send that.",
  },
  document_limit_reached: {
    status: 409,
    title: "The customer has as many documents as one may have",
    remedy: "Delete documents that are not needed.",
  },
  document_move_not_allowed: {
    status: 409,
    title: "The document's status does not allow this",
    remedy: "See the document's status and what can be done from it.",
  },
  mrz_invalid: {
    status: 422,
    title: "The machine-readable lines cannot be right",
    remedy: "Correct the lines as named in errors[], or leave mrz out.",
  },
  mrz_lines: {
    status: 0,
    title: "This is no machine-readable zone",
    remedy: "Give two lines of 44 (passport), two of 36 or three of 30 characters.",
  },
  mrz_characters: {
    status: 0,
    title: "A machine-readable zone has A to Z, 0 to 9 and < only",
    remedy: "Type the lines as they are printed.",
  },
  mrz_document_number_check: {
    status: 0,
    title: "The document number does not agree with its check digit",
    remedy: "Compare the number with the print; 0 and O, 1 and I are easily mistaken.",
  },
  mrz_birth_date_check: {
    status: 0,
    title: "The date of birth does not agree with its check digit",
    remedy: "Compare the date with the print.",
  },
  mrz_expiry_date_check: {
    status: 0,
    title: "The date of expiry does not agree with its check digit",
    remedy: "Compare the date with the print.",
  },
  mrz_optional_check: {
    status: 0,
    title: "The personal number does not agree with its check digit",
    remedy: "Compare the number with the print.",
  },
  mrz_composite_check: {
    status: 0,
    title: "The lines as a whole do not agree with their last check digit",
    remedy: "Compare all lines with the print.",
  },
  mrz_birth_date: {
    status: 0,
    title: "The date of birth is no date",
    remedy: "Compare the date with the print.",
  },
  mrz_expiry_date: {
    status: 0,
    title: "The date of expiry is no date",
    remedy: "Compare the date with the print.",
  },
  mrz_sex: {
    status: 0,
    title: "The sex is none of M, F and <",
    remedy: "Compare the character with the print.",
  },
  mrz_name: {
    status: 0,
    title: "The lines have no name",
    remedy: "Type the name line as it is printed, with << behind the last name.",
  },
});

export type DocumentCode = keyof typeof documentErrors.entries;
