import { tidyName } from "../../customers/rules/names.ts";
import { beginnings } from "../../customers/rules/search.ts";

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
    texts: beginnings(given),
    names: beginnings(tidyName(given)),
  };
}
