import type { ErrorEntry } from "../../foundation/errors/errors.ts";
import { generalErrors } from "../../foundation/errors/errors.ts";
import { budgetErrors } from "../../issuing/budgets/errors.ts";
import { cardErrors, issueConditions, useConditions } from "../../issuing/cards/errors.ts";
import { complianceErrors } from "../../issuing/compliance/errors.ts";
import { customerErrors } from "../../issuing/customers/errors.ts";
import { documentErrors } from "../../issuing/documents/errors.ts";
import { organizationErrors } from "../../issuing/organizations/errors.ts";
import { programErrors } from "../../issuing/programs/errors.ts";
import { screeningErrors } from "../../issuing/screening/errors.ts";
import { statementErrors } from "../../issuing/statements/errors.ts";
import { transferErrors } from "../../issuing/transfers/errors.ts";
import { verificationErrors } from "../../issuing/verifications/errors.ts";
import { accessErrors } from "../../records/access/errors.ts";
import { idempotencyErrors } from "../../records/idempotency/errors.ts";
import { ledgerErrors } from "../../records/ledger/errors.ts";
import { linkErrors } from "../../records/links/errors.ts";
import { sequencerErrors } from "../../records/sequencer/errors.ts";
import { vaultErrors } from "../../records/vault/errors.ts";
import { fieldErrors, httpErrors } from "./errors.ts";

/** Every module's error table. A module's line comes with the module; a test finds missing ones. */
export const errorTables: readonly { readonly entries: Readonly<Record<string, ErrorEntry>> }[] = [
  generalErrors,
  httpErrors,
  fieldErrors,
  idempotencyErrors,
  accessErrors,
  sequencerErrors,
  ledgerErrors,
  vaultErrors,
  linkErrors,
  organizationErrors,
  transferErrors,
  programErrors,
  complianceErrors,
  documentErrors,
  customerErrors,
  screeningErrors,
  verificationErrors,
  budgetErrors,
  cardErrors,
  issueConditions,
  useConditions,
  statementErrors,
];

/** One published code. */
export type PublishedCode = {
  readonly code: string;
  /** HTTP status of the answer; null for a line that stands in `errors[]` only. */
  readonly status: number | null;
  readonly title: string;
  readonly remedy: string | null;
};

/** The code of a fault; no refusal, so in no table. */
const fault: PublishedCode = {
  code: "internal_error",
  status: 500,
  title: "Something went wrong on our side",
  remedy: "Try again with the same Idempotency-Key; tell the operator the request id if it stays.",
};

/** All codes of the API, sorted. @throws Error when two tables have the same code */
export function publishedCodes(): PublishedCode[] {
  const found = new Map<string, PublishedCode>([[fault.code, fault]]);
  for (const { entries } of errorTables) {
    for (const [code, { status, title, remedy }] of Object.entries(entries)) {
      if (found.has(code)) throw new Error(`The code ${code} is in two error tables.`);
      found.set(code, { code, status: status || null, title, remedy: remedy ?? null });
    }
  }
  return [...found.values()].sort((a, b) => (a.code < b.code ? -1 : 1));
}
