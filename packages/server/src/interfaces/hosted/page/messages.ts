/** The page's texts: files of messages, one a language. */

export const languages = ["en", "ar"] as const;
export type Language = (typeof languages)[number];

/** Written from right to left. */
const rightToLeft: readonly Language[] = ["ar"];

export type Messages = Readonly<Record<string, string>>;

/** Says a text of the page in its language, with what stands in braces filled in. */
export type Say = (key: string, values?: Readonly<Record<string, string>>) => string;

const loaded = new Map<Language, Messages>();

/** All languages, so that changing it needs no network. */
export async function loadMessages(): Promise<void> {
  await Promise.all(
    languages.map(async (language) => {
      const answer = await fetch(`messages/${language}.json`);
      if (answer.ok) loaded.set(language, (await answer.json()) as Messages);
    }),
  );
}

/** The language that the address or the browser asks for; English where we have none of them. */
export function wantedLanguage(): Language {
  const asked = new URLSearchParams(location.search).get("lang");
  const all = [asked ?? "", ...navigator.languages].map((tag) => tag.slice(0, 2).toLowerCase());
  return languages.find((language) => language === all.find((tag) => isOurs(tag))) ?? "en";
}

const isOurs = (tag: string): boolean => (languages as readonly string[]).includes(tag);

/** Turns the document to a language. */
export function sayIn(language: Language): Say {
  document.documentElement.lang = language;
  document.documentElement.dir = rightToLeft.includes(language) ? "rtl" : "ltr";
  const messages = loaded.get(language) ?? {};
  return (key, values = {}) =>
    (messages[key] ?? key).replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "");
}

/** A language for numbers and dates, with the digits that people type here and that documents have. */
export const withDigits = (language: Language): string => `${language}-u-nu-latn`;

/** What a language calls itself. */
export const nameOf = (language: Language): string =>
  loaded.get(language)?.["language.name"] ?? language;

/** Countries by name, sorted as the language sorts. */
export function countriesIn(
  language: Language,
  codes: readonly (readonly [alpha3: string, alpha2: string])[],
): (readonly [code: string, name: string])[] {
  const names = new Intl.DisplayNames([language], { type: "region" });
  return codes
    .map(([code, alpha2]) => [code, names.of(alpha2) ?? code] as const)
    .sort(([, a], [, b]) => a.localeCompare(b, language));
}
