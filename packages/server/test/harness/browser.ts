import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import axe from "axe-core";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

/** Where Debian, Ubuntu and others put it; CW_CHROMIUM names another place. */
const places = [
  process.env.CW_CHROMIUM ?? "",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];

const executablePath = places.find((place) => place !== "" && existsSync(place));

/** Why tests in a browser cannot run here; false where they can, or must (`npm run test:browser`). */
export const noBrowser: string | false = whyNot();

function whyNot(): string | false {
  if (process.env.CW_BROWSER_NEEDED !== undefined) return false;
  if (process.env.CW_NO_BROWSER !== undefined) return "left out by CW_NO_BROWSER";
  if (executablePath !== undefined) return false;
  return "no Chromium was found: install it (apt-get install chromium), or name it in CW_CHROMIUM";
}

/** Starts the browser. As root it has no sandbox of its own, as in a container. */
export function launch(): Promise<Browser> {
  assert.ok(
    executablePath,
    "Install Chromium (apt-get install chromium), or name it in CW_CHROMIUM.",
  );
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return chromium.launch({ executablePath, args });
}

/** A page, and everything that must not happen on it. */
export type Watched = {
  readonly page: Page;
  readonly complaints: string[];
  close(): Promise<void>;
};

/** Opens a browser of its own, without cookies, that writes down errors and what the policy blocked. */
export async function openPage(browser: Browser, options: BrowserContextOptions): Promise<Watched> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  await context.addInitScript(
    `addEventListener("securitypolicyviolation", (event) =>
       console.error("policy: " + event.violatedDirective + " " + event.blockedURI))`,
  );
  return { page, complaints, close: () => context.close() };
}

/** Looks for whatever axe finds wrong, in all its rules. */
export async function assertAccessible(page: Page, where: string): Promise<void> {
  await page.evaluate(axe.source);
  const { violations } = (await page.evaluate("axe.run(document)")) as axe.AxeResults;
  const found = violations.map(({ id, help, nodes }) =>
    [id, help, ...nodes.map((node) => node.html.slice(0, 200))].join("\n  "),
  );
  assert.deepEqual(found, [], where);
}

/** Nothing stands out of the page at its side. */
export async function assertFits(page: Page, where: string): Promise<void> {
  const over = await page.evaluate(
    "document.documentElement.scrollWidth - document.documentElement.clientWidth",
  );
  assert.equal(over, 0, `${where}: ${over} px too wide`);
}

/** Where pictures of pages are kept; git ignores it. */
const artefacts = fileURLToPath(new URL("../../../../.artefacts/", import.meta.url));

/** Keeps a picture of the whole page. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  const file = path.join(artefacts, `${name}.png`);
  await mkdir(path.dirname(file), { recursive: true });
  await page.screenshot({ path: file, fullPage: true });
}
