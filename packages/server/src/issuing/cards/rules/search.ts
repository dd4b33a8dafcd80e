import { tidyName } from "../../customers/rules/names.ts";

/** What a text that a person looks for can be: patterns of LIKE, to be put in small letters. */
export type SearchTerms = {
  /** Null where the text is not four digits. */
  readonly lastFour: string | null;
  /** Beginnings of a label or an external id. */
  readonly texts: readonly string[];
  /** Beginnings of a name, which is kept composed and with single spaces. */
  readonly names: readonly string[];
};

/** What is looked for. The text's own wildcard characters stand for themselves. */
export function searchTerms(text: string): SearchTerms {
  const given = text.trim();
  return {
    lastFour: /^\d{4}$/.test(given) ? given : null,
    texts: casesOf(given).map(beginning),
    names: casesOf(tidyName(given)).map(beginning),
  };
}

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
