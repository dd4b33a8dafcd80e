import { readFile } from "node:fs/promises";
import { after } from "node:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { launch, openPage, type Watched } from "./browser.ts";
import { startTestServer } from "./server.ts";

/** What tests of the hosted pages in a browser share: a server, links, languages, sizes, what is typed. */

type Texts = Readonly<Record<string, string>>;

const textsOf = async (language: string): Promise<Texts> => {
  const file = `../../src/interfaces/hosted/page/messages/${language}.json`;
  return JSON.parse(await readFile(new URL(file, import.meta.url), "utf8"));
};

const texts = { en: await textsOf("en"), ar: await textsOf("ar") };
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

/** The words of the page of an organization, in a language, with a label or name filled in. */
const sayTo =
  (organization: string) =>
  (language: Language) =>
  (key: string, label = ""): string =>
    (texts[language][key] ?? `no text ${key}`)
      .replace(/\{(?:label|name)\}/, () => label)
      .replaceAll("{organization}", () => organization);

export type Say = ReturnType<ReturnType<typeof sayTo>>;

/** A page, or one in a frame of it. */
export type Place = Pick<Page, "getByLabel" | "getByRole">;

/** A whole server with one organization, and a browser that is closed when the tests of the file are over. */
export async function startHosted(name = "Example Shop") {
  const server = await startTestServer();
  const own = await server.newOrganization({ name });
  let browser: Promise<Browser> | undefined;
  after(async () => (await browser)?.close());
  /** A browser without cookies, on no page yet. */
  const open = async (options: BrowserContextOptions = {}): Promise<Watched> => {
    browser ??= launch();
    return openPage(await browser, { locale: "en", ...options });
  };
  /** A page on a link, in a language, at a size. */
  const visit = async (link: string, how: VisitOptions = {}): Promise<Watched> => {
    const { size = "desktop", language = "en", dark = false } = how;
    const colorScheme = dark ? "dark" : "light";
    const seen = { locale: language, colorScheme, reducedMotion: "reduce" } as const;
    const watched = await open({ ...sizes[size], ...seen });
    await watched.page.goto(link);
    return watched;
  };
  /** A customer who lacks all but what is given, with the link. */
  const create = async (body: object = {}) =>
    (await own.call("POST", "/customers", { type: "individual", level: "basic", ...body })).body;
  const read = async (id: string) => (await own.call("GET", `/customers/${id}`)).body;
  return { server, own, say: sayTo(name), open, visit, create, read };
}

export const titleIs = (place: Place, name: string): Promise<void> =>
  place.getByRole("heading", { level: 1, name }).waitFor({ timeout: 10_000 });

export const press = (place: Place, name: string): Promise<void> =>
  place.getByRole("button", { name, exact: true }).click();

/** The field of a file: what is to be given there, and which side of it. */
export const fileField = (place: Place, t: Say, kind: string, side: string) =>
  place.getByLabel(t("document.fileOf", `${t(`kind.${kind}`)}, ${t(`side.${side}`)}`));

/** A date as a form asks for it, `2099-12-31`, in three fields. */
export async function fillDate(place: Place, t: Say, date: string): Promise<void> {
  const [year = "", month = "", day = ""] = date.split("-");
  await place.getByLabel(t("field.day")).fill(String(Number(day)));
  await place.getByLabel(t("field.month")).fill(String(Number(month)));
  await place.getByLabel(t("field.year")).fill(year);
}

/** Name and date of birth, which each form about a person begins with. */
export async function fillName(
  place: Place,
  t: Say,
  [firstName, lastName, born] = ["Ada", "Example", "1990-05-17"],
): Promise<void> {
  await place.getByLabel(t("field.firstName")).fill(firstName);
  await place.getByLabel(t("field.lastName")).fill(lastName);
  await fillDate(place, t, born);
}

/** Where somebody lives, or a business is, and how to write to them. */
export async function fillAddress(
  place: Place,
  t: Say,
  { line1 = "Example Street 1", city = "Berlin", email = "ada@example.com" } = {},
): Promise<void> {
  await place.getByLabel(t("field.residence.country"), { exact: true }).selectOption("DEU");
  await place.getByLabel(t("field.residence.line1")).fill(line1);
  await place.getByLabel(t("field.residence.city")).fill(city);
  await place.getByLabel(t("field.email")).fill(email);
}
