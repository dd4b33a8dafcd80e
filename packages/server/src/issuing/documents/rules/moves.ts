import { canMove } from "../../../foundation/lifecycle/lifecycle.ts";
import { documentErrors } from "../errors.ts";
import {
  type CheckResult,
  type Document,
  type DocumentVerdict,
  documentChecks,
  documentLifecycle,
  type MrzFacts,
  maskNumber,
} from "../model.ts";
import { describedChecks, type HolderFacts, holderCheck } from "./checks.ts";
import { type Mrz, readMrz } from "./mrz.ts";

/** What is said anew of a document; what is left out stays, null clears. */
export type Description = {
  readonly country?: string | null;
  readonly number?: string | null;
  readonly expiryDate?: string | null;
  /** The machine-readable lines as typed. */
  readonly mrz?: readonly string[] | null;
};

/**
 * A document as described anew, with the checks that depend on it. The number and the lines themselves
 * are compared here and not kept.
 *
 * @param holder whose document it should be; compared where lines are given, because their names are not kept.
 * @param today YYYY-MM-DD of the organization's now.
 * @throws Refusal `mrz_invalid` with every problem, `document_move_not_allowed` once it is decided on.
 */
export function describedBy(
  document: Document,
  given: Description,
  holder: HolderFacts,
  today: string,
): Document {
  if (document.status !== "uploaded") throw notAllowed(document);
  const read = given.mrz ? mrzOf(given.mrz, today) : null;
  const country = given.country === undefined ? document.country : given.country;
  const expiryDate = given.expiryDate === undefined ? document.expiryDate : given.expiryDate;
  const facts = given.mrz === undefined ? document.mrz : read === null ? null : factsOf(read);
  // Of what was given earlier too little is kept: number and lines are compared where both are given.
  const number = read === null ? null : (given.number ?? null);
  const known = read ?? (facts === null ? null : { ...facts, documentNumber: "" });
  const described = describedChecks({ country, expiryDate, number, mrz: known, today });
  const fresh = given.mrz === undefined ? described : [...described, holderCheck(read, holder)];
  return {
    ...document,
    country,
    expiryDate,
    numberMasked:
      given.number === undefined ? document.numberMasked : given.number && maskNumber(given.number),
    mrz: facts,
    checks: merged(document.checks, fresh),
    version: document.version + 1n,
  };
}

/** Checks with those that were made anew in their places, in the order of all. */
const merged = (
  before: readonly CheckResult[],
  fresh: readonly CheckResult[],
): readonly CheckResult[] =>
  documentChecks.flatMap((name) => {
    const found = [...fresh, ...before].find(({ check }) => check === name);
    return found === undefined ? [] : [found];
  });

function mrzOf(lines: readonly string[], today: string): Mrz {
  const reading = readMrz(lines, today);
  if (reading.ok) return reading.mrz;
  throw documentErrors.refusal("mrz_invalid", undefined, { problems: reading.problems });
}

const factsOf = ({ format, documentCode, issuer, nationality, expiryDate }: Mrz): MrzFacts => ({
  format,
  documentCode,
  issuer,
  nationality,
  expiryDate,
});

/**
 * A document as a reviewer decided.
 *
 * @throws Refusal `document_move_not_allowed` where it is decided on or erased.
 */
export function decidedBy(document: Document, verdict: DocumentVerdict): Document {
  if (!canMove(documentLifecycle, verdict.move, document.status)) throw notAllowed(document);
  return {
    ...document,
    // A decision takes it, submitted or not.
    sessionId: null,
    status: verdict.move === "accept" ? "accepted" : "rejected",
    reasons: verdict.move === "reject" ? verdict.reasons : [],
    version: document.version + 1n,
  };
}

/** Who erases a document: its organization, or the end of its retention, which takes accepted ones too. */
export type EraseBy = "organization" | "retention";

/**
 * A document without its bytes and all that was read from them.
 *
 * @throws Refusal `document_move_not_allowed`.
 */
export function erased(document: Document, by: EraseBy): Document {
  const { status } = document;
  const stands = by === "organization" && status === "accepted";
  if (stands || !canMove(documentLifecycle, "erase", status)) throw notAllowed(document);
  return {
    ...document,
    sessionId: null,
    status: "erased",
    reasons: [],
    numberMasked: null,
    expiryDate: null,
    mrz: null,
    sha256: null,
    sealedKey: null,
    version: document.version + 1n,
  };
}

const notAllowed = ({ status }: Document) =>
  documentErrors.refusal("document_move_not_allowed", `The document is ${status}.`);
