import type { PersonShown, Problem, Session } from "./api.ts";
import type { Language, Say } from "./messages.ts";

/** What all steps share. */

export type Step =
  | "start"
  | "details"
  | "people"
  | "documents"
  | "consent"
  | "review"
  | "status"
  | "calm"
  | "away";

export type App = {
  readonly say: Say;
  readonly language: Language;
  /** A part of a whole as the language writes it. */
  percent(part: number): string;
  readonly countries: readonly (readonly [alpha3: string, alpha2: string])[];
  /** Of the exchanged session. */
  session: Session;
  /** What is typed and not saved, by the name of its input: it outlives a change of language. */
  readonly typed: Map<string, string>;
  /** Who is being added (without an id) or changed in the step of the people; null while they are listed. */
  person: Partial<PersonShown> | null;
  /** Pictures that were chosen in this visit, by the id of their document. */
  readonly previews: Map<string, string>;
  consented: boolean;
  /** Shows a step. */
  go(step: Step): void;
  /** The step behind, or before, another; those that have nothing to ask are left out. */
  after(step: Step): Step;
  before(step: Step): Step | null;
  /** Runs something that asks the server; while it runs, nothing else does. */
  run(work: () => Promise<void>): void;
  /** Asks the server beside what the person does: what is pressed meanwhile waits for it. */
  beside(work: () => Promise<void>): void;
  /** Shows what has to be mended. */
  fail(problems: readonly Problem[]): void;
  /** Says something to who cannot see it. */
  tell(text: string): void;
};

/** The name of an input, by the field that it is for. */
export const inputOf = (field: string): string => `input-${field.replaceAll(".", "-")}`;

/** Of a person of a business: its fields are told from those of the business by their names. */
export const PERSON = "person.";

/** Of a document of a kind: `document.passport.country`. */
export const DOCUMENT = "document.";

/** A field without whose it is. */
export const bareOf = (field: string): string => field.replace(/^(?:person|document\.\w+)\./, "");

/** What a field is called, of a person or a business. */
export function labelOf({ say, session }: Pick<App, "say" | "session">, field: string): string {
  if (bareOf(field) !== field) return say(`field.${bareOf(field)}`);
  const own = session.customer.type === "business" ? `field.${field}.business` : "";
  const text = say(own);
  return own !== "" && text !== own ? text : say(`field.${field}`);
}
