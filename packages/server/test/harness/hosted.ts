import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { openPage, type Watched } from "./browser.ts";

/** What tests of the hosted pages in a browser share: links, languages, sizes. */

type Texts = Readonly<Record<string, string>>;

const textsOf = async (language: string): Promise<Texts> => {
  const file = `../../src/interfaces/hosted/page/messages/${language}.json`;
  return JSON.parse(await readFile(new URL(file, import.meta.url), "utf8"));
};

export const texts = { en: await textsOf("en"), ar: await textsOf("ar") };
export type Language = keyof typeof texts;

export const sizes = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
} as const;

export type VisitOptions = {
  readonly size?: keyof typeof sizes;
  readonly language?: Language;
  readonly dark?: boolean;
};

/** A page on a link, in a language, at a size. */
export async function visitLink(
  browser: Browser,
  link: string,
  { size = "desktop", language = "en", dark = false }: VisitOptions,
): Promise<Watched> {
  const watched = await openPage(browser, {
    ...sizes[size],
    locale: language,
    colorScheme: dark ? "dark" : "light",
    reducedMotion: "reduce",
  });
  await watched.page.goto(link);
  return watched;
}

/** The words of the page of an organization, in a language, with a label or name filled in. */
export const sayTo =
  (organization: string) =>
  (language: Language) =>
  (key: string, label = ""): string =>
    (texts[language][key] ?? `no text ${key}`)
      .replace(/\{(?:label|name)\}/, label)
      .replaceAll("{organization}", organization);

export const titleIs = (page: Page, text: string): Promise<void> =>
  page.getByRole("heading", { level: 1, name: text }).waitFor({ timeout: 10_000 });
