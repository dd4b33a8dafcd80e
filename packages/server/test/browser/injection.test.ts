import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test, { after, before } from "node:test";
import type { Browser, Page } from "playwright-core";
import { jpegOf } from "../../src/issuing/documents/fixture.ts";
import { assertFits, launch, noBrowser, openPage } from "../harness/browser.ts";
import { startTestServer } from "../harness/server.ts";

/** G10: what people and organizations typed, on the page in a real browser. */
const server = await startTestServer();
const RLO = "\u202e";
const markup = `<img src=x onerror=alert(1)><script>alert(2)</script>`;
const tower = `Z${"\u0301\u0316".repeat(40)}`;
const shop = `${markup}${RLO}${tower}{label}$&`;
const own = await server.newOrganization({ name: shop });

let browser: Browser;
before(async () => {
  if (noBrowser === false) browser = await launch();
});
after(async () => browser?.close());

const texts = JSON.parse(
  await readFile(
    new URL("../../src/interfaces/hosted/page/messages/en.json", import.meta.url),
    "utf8",
  ),
);

/** What on the page would be there only if some text had been taken for markup. */
const strangers = (page: Page) =>
  page.evaluate(`document.querySelectorAll(
    "img[src=x], script:not([src^='built/']), [onerror], iframe, svg, b").length`);

test("G10: names, addresses and file names with markup, turned text and towers of marks are shown as text, at every step", {
  skip: noBrowser,
}, async () => {
  const { id } = (await own.call("POST", "/customers", { type: "individual", level: "basic" }))
    .body;
  const returnUrl = "https://example.com/done?next=javascript:alert(3)";
  const { body } = await own.call("POST", `/customers/${id}/verification-sessions`, { returnUrl });
  const { page, complaints, close } = await openPage(browser, { locale: "en" });
  const dialogs: string[] = [];
  page.on("dialog", async (dialog) => {
    dialogs.push(dialog.message());
    await dialog.dismiss();
  });
  const titleIs = (key: string) =>
    page.getByRole("heading", { level: 1, name: texts[key] }).waitFor();
  const go = (key = "continue") => page.getByRole("button", { name: texts[key] }).click();
  const look = async (step: string) => {
    assert.equal(await strangers(page), 0, step);
    assert.ok(!(await page.locator("body").innerText()).includes(RLO + tower), step);
    await assertFits(page, step);
  };
  await page.goto(body.link);
  await go("start.button");
  await titleIs("details.title");
  await look("details");
  assert.ok((await page.locator(".who").innerText()).startsWith(markup), "the name, as it is");
  await page.getByLabel(texts["field.firstName"]).fill("Ada");
  await page.getByLabel(texts["field.lastName"]).fill("Example");
  await page.getByLabel(texts["field.day"]).fill("17");
  await page.getByLabel(texts["field.month"]).fill("5");
  await page.getByLabel(texts["field.year"]).fill("1990");
  await page.getByLabel(texts["field.nationality"]).selectOption("DEU");
  await page.getByLabel(texts["field.residence.country"], { exact: true }).selectOption("DEU");
  await page.getByLabel(texts["field.residence.line1"]).fill(markup);
  await page.getByLabel(texts["field.residence.city"]).fill(`${RLO}nilreB`);
  await page.getByLabel(texts["field.email"]).fill("ada@example.com");
  await go();
  await titleIs("documents.title");
  const label = `${texts["kind.passport"]}, ${texts["side.page"]}`;
  await page.getByLabel(texts["document.fileOf"].replace("{label}", label)).setInputFiles({
    name: `${markup.replaceAll("/", "-")}${RLO}gpj.exe.jpg`,
    mimeType: "text/html",
    buffer: jpegOf(1000, 700),
  });
  await page.locator(".given").waitFor();
  await page.getByLabel(texts["field.country"]).selectOption("DEU");
  await page.getByLabel(texts["facts.endless"]).check();
  await look("documents");
  await go();
  await titleIs("consent.title");
  await look("consent");
  await page.getByRole("checkbox").check();
  await go();
  await titleIs("review.title");
  await look("review");
  assert.ok((await page.locator("main").innerText()).includes(markup), "the address, as it is");
  await go("review.submit");
  await titleIs("status.in_review.title");
  await look("status");
  assert.equal(await page.locator("a.main").getAttribute("href"), returnUrl);
  assert.deepEqual(dialogs, []);
  assert.deepEqual(complaints, []);
  await close();
});
