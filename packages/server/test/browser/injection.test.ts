import assert from "node:assert/strict";
import test from "node:test";
import type { Page } from "playwright-core";
import { jpegOf } from "../../src/issuing/documents/fixture.ts";
import { assertFits, noBrowser } from "../harness/browser.ts";
import {
  fileField,
  fillAddress,
  fillName,
  press,
  startHosted,
  titleIs,
} from "../harness/hosted.ts";

/** G10: what people and organizations typed, on the page in a real browser. */
const RLO = "\u202e";
const markup = `<img src=x onerror=alert(1)><script>alert(2)</script>`;
const tower = `Z${"\u0301\u0316".repeat(40)}`;
const shop = `${markup}${RLO}${tower}{label}$&`;
const { own, say, open, create } = await startHosted(shop);
const t = say("en");

/** What on the page would be there only if some text had been taken for markup. */
const strangers = (page: Page) =>
  page.evaluate(`document.querySelectorAll(
    "img[src=x], script:not([src^='built/']), [onerror], iframe, svg, b").length`);

test("G10: names, addresses and file names with markup, turned text and towers of marks are shown as text, at every step", {
  skip: noBrowser,
}, async () => {
  const { id } = await create();
  const returnUrl = "https://example.com/done?next=javascript:alert(3)";
  const { body } = await own.call("POST", `/customers/${id}/verification-sessions`, { returnUrl });
  const { page, complaints, close } = await open();
  const dialogs: string[] = [];
  page.on("dialog", async (dialog) => {
    dialogs.push(dialog.message());
    await dialog.dismiss();
  });
  const go = (key = "continue") => press(page, t(key));
  const look = async (step: string) => {
    assert.equal(await strangers(page), 0, step);
    assert.ok(!(await page.locator("body").innerText()).includes(RLO + tower), step);
    await assertFits(page, step);
  };
  await page.goto(body.link);
  await go("start.button");
  await titleIs(page, t("details.title"));
  await look("details");
  assert.ok((await page.locator(".who").innerText()).startsWith(markup), "the name, as it is");
  await fillName(page, t);
  await page.getByLabel(t("field.nationality")).selectOption("DEU");
  await fillAddress(page, t, { line1: markup, city: `${RLO}nilreB` });
  await go();
  await titleIs(page, t("documents.title"));
  await fileField(page, t, "passport", "page").setInputFiles({
    name: `${markup.replaceAll("/", "-")}${RLO}gpj.exe.jpg`,
    mimeType: "text/html",
    buffer: jpegOf(1000, 700),
  });
  await page.locator(".given").waitFor();
  await page.getByLabel(t("field.country")).selectOption("DEU");
  await page.getByLabel(t("facts.endless")).check();
  await look("documents");
  await go();
  await titleIs(page, t("consent.title"));
  await look("consent");
  await page.getByRole("checkbox").check();
  await go();
  await titleIs(page, t("review.title"));
  await look("review");
  assert.ok((await page.locator("main").innerText()).includes(markup), "the address, as it is");
  await go("review.submit");
  await titleIs(page, t("status.in_review.title"));
  await look("status");
  assert.equal(await page.locator("a.main").getAttribute("href"), returnUrl);
  assert.deepEqual(dialogs, []);
  assert.deepEqual(complaints, []);
  await close();
});
