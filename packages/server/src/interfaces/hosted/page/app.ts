import type { Problem, Session } from "./api.ts";
import type { Language, Say } from "./messages.ts";

/** What all steps share. */

export type Step = "start" | "details" | "documents" | "consent" | "review" | "status" | "calm";

export type App = {
  readonly say: Say;
  readonly language: Language;
  readonly countries: readonly (readonly [alpha3: string, alpha2: string])[];
  /** Of the exchanged session. */
  session: Session;
  /** What is typed and not saved, by the name of its input: it outlives a change of language. */
  readonly typed: Map<string, string>;
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
  /** Shows what has to be mended. */
  fail(problems: readonly Problem[]): void;
  /** Says something to who cannot see it. */
  tell(text: string): void;
};

/** The name of an input, by the field that it is for. */
export const inputOf = (field: string): string => `input-${field.replaceAll(".", "-")}`;

/** What a field is called, of a person or a business. */
export function labelOf({ say, session }: Pick<App, "say" | "session">, field: string): string {
  const own = session.customer.type === "business" ? `field.${field}.business` : "";
  const text = say(own);
  return own !== "" && text !== own ? text : say(`field.${field}`);
}
