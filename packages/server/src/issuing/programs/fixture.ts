/** What the tests of this folder share. */
import type { ProgramId } from "../../foundation/ids/ids.ts";
import { draftProgram, type Program, type ProgramDraft } from "./model.ts";

/** The least that a body of `POST card-programs` needs. */
export const programBody = {
  name: "Example Debit",
  model: "card",
  brand: "visa",
  bin: "400000",
  panLength: 16,
  currency: "EUR",
} as const;

/** A program of a draft that names nothing but what it must, and these terms. */
export function programOf(terms: Partial<ProgramDraft> = {}): Program {
  return draftProgram(
    { ...programBody, ...terms },
    { id: "prog_example" as ProgramId, createdAt: new Date("2026-01-01T00:00:00Z") },
  );
}
