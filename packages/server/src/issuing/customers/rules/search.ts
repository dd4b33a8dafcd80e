import { tidyName } from "./names.ts";

/** What a text that a person looks a customer up by can be; LIKE patterns are put in small letters. */
export type CustomerTerms = {
  /** Beginnings of a name, which is kept composed and with single spaces. */
  readonly names: readonly string[];
  /** A whole e-mail address, phone number, external id or national id. */
  readonly whole: string;
};

/** What is looked for. The text's own wildcard characters stand for themselves. */
export function customerTerms(text: string): CustomerTerms {
  const whole = text.trim();
  return { names: beginnings(tidyName(whole)), whole };
}

/** Patterns of LIKE for what begins like a text, in the cases in which people write it. */
export const beginnings = (text: string): string[] => casesOf(text).map(beginning);

const beginning = (text: string): string => `${text.replace(/[\\%_]/g, "\\$&")}%`;

/**
 * A text in the cases in which people write: in the C locale the database knows small and capital letters of
 * ASCII only, and there the others have to be looked for as they are written.
 */
function casesOf(text: string): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant.
  if (/^[\u0000-\u007f]*$/.test(text)) return [text];
  const small = text.toLowerCase();
  const title = small.replace(/(^|[\s'’-])(\p{L})/gu, (_, before: string, letter: string) => {
    return before + letter.toUpperCase();
  });
  return [...new Set([small, title, text.toUpperCase()])];
}
