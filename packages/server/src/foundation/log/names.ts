/** Fields that are secrets wherever they stand: not in a log line, masked in the audit log. */
export const secretNames = [
  "authorization",
  "cookie",
  "apiKey",
  "secret",
  "password",
  "key",
  "token",
  "link",
  "pan",
  "cardNumber",
  "cvc",
  "cvv",
  "pin",
  "encryptedPin",
  "matches",
] as const;

/** Fields that are about a person: not in a log line. Who shows such a field names it here. */
export const personalNames = [
  "firstName",
  "lastName",
  "legalName",
  "birthDate",
  "nationality",
  "nationalId",
  "residence",
  "address",
  "billingAddress",
  "email",
  "phone",
  "match",
  "numberMasked",
  "mrz",
] as const;
