import assert from "node:assert/strict";
import test from "node:test";
import type { Page } from "playwright-core";
import { person } from "../../src/issuing/customers/fixture.ts";
import { jpegOf } from "../../src/issuing/documents/fixture.ts";
import { assertAccessible, assertFits, keepPicture, noBrowser } from "../harness/browser.ts";
import { fillName, press, startHosted, titleIs } from "../harness/hosted.ts";

/** What comes in the way of a person on a phone: lost lines, the back button, two tabs, small screens. */
const { server, own, say, open, visit, create } = await startHosted();
const t = say("en");
const photo = { name: "photo.jpg", mimeType: "image/jpeg", buffer: jpegOf(1000, 700) };
const upload = "**/hosted/verification/documents?*";

const selfie = (page: Page) =>
  page.locator(`[aria-label="${t("document.fileOf", t("kind.selfie"))}"]`);

/** Somebody on a phone, at the first step that has something to ask. */
async function arrive(body: object, step: string) {
  const { id, verification } = await create(body);
  const visited = await visit(verification.link, { size: "phone" });
  await press(visited.page, t("start.button"));
  await titleIs(visited.page, t(`${step}.title`));
  return { id, verification, ...visited };
}

/** All but documents is known. */
const atDocuments = () => arrive({ ...person, level: "advanced" }, "documents");

/** Level minimum, which has three fields. */
const atDetails = () => arrive({ level: "minimum" }, "details");

async function fillDetails(page: Page): Promise<void> {
  await fillName(page, t);
  await press(page, t("continue"));
  await titleIs(page, t("consent.title"));
}

test("an upload whose line is lost says so, and is sent once more by one press or chosen again", {
  skip: noBrowser,
}, async () => {
  const { page, close } = await atDocuments();
  await page.route(upload, (route) => route.abort(), { times: 2 });
  await selfie(page).setInputFiles(photo);
  await page.getByText(t("errors.unsent")).waitFor();
  await assertAccessible(page, "lost");
  await keepPicture(page, "hosted/upload-lost");
  await press(page, t("calm.retry"));
  await page.getByText(t("errors.unsent")).waitFor();
  await selfie(page).setInputFiles(photo);
  await page.locator(".given").waitFor();
  assert.equal(await page.getByText(t("errors.unsent")).count(), 0);
  await close();
});

test("a file that is refused is refused in words that say what to do", {
  skip: noBrowser,
}, async () => {
  const { page, close } = await atDocuments();
  const files = [
    ["document_type_not_allowed", Buffer.from("hello")],
    ["document_empty", Buffer.alloc(0)],
    ["document_damaged", photo.buffer.subarray(0, 3_000)],
    ["tooLarge", Buffer.alloc(10 * 1024 * 1024 + 1)],
  ] as const;
  for (const [code, buffer] of files) {
    await selfie(page).setInputFiles({ ...photo, buffer });
    await page.getByText(t(`upload.${code}`)).waitFor();
    assert.equal(await page.getByRole("button", { name: t("calm.retry") }).count(), 0, code);
  }
  await selfie(page).setInputFiles(photo);
  await page.locator(".given").waitFor();
  await close();
});

test("a page that is loaded anew in the middle of an upload goes on, with the place still open", {
  skip: noBrowser,
}, async () => {
  const { page, close } = await atDocuments();
  await page.route(upload, () => undefined);
  await selfie(page).setInputFiles(photo);
  await page.locator("progress:visible").waitFor();
  await page.goto(`${server.url}/verify/`);
  await titleIs(page, t("documents.title"));
  // Not before: it would let the first file through, and at times that is faster than leaving the page.
  await page.unroute(upload);
  await selfie(page).setInputFiles(photo);
  await page.locator(".given").waitFor();
  await close();
});

test("back leads to the step before with what was typed, and after the end nowhere else", {
  skip: noBrowser,
}, async () => {
  const { page, close } = await atDetails();
  await fillDetails(page);
  await page.goBack();
  await titleIs(page, t("details.title"));
  assert.equal(await page.getByLabel(t("field.firstName")).inputValue(), "Ada");
  await page.goForward();
  await titleIs(page, t("consent.title"));
  await page.getByRole("checkbox").check();
  await press(page, t("continue"));
  await titleIs(page, t("review.title"));
  await press(page, t("review.submit"));
  await titleIs(page, t("status.approved.title"));
  await page.goBack();
  await titleIs(page, t("status.approved.title"));
  await close();
});

test("back out of the form of a person leads to the list", { skip: noBrowser }, async () => {
  const { residence, email } = person;
  const known = { legalName: "Example GmbH", nationalId: "HRB 1", residence, email };
  const { page, close } = await arrive({ type: "business", ...known }, "people");
  await press(page, t("people.add"));
  await titleIs(page, t("people.new"));
  await page.goBack();
  await titleIs(page, t("people.title"));
  await close();
});

test("what was submitted in one tab is submitted in the other", { skip: noBrowser }, async () => {
  const { page, close } = await atDetails();
  const other = await page.context().newPage();
  await other.goto(`${server.url}/verify/`);
  await titleIs(other, t("details.title"));
  await fillDetails(page);
  await page.getByRole("checkbox").check();
  await press(page, t("continue"));
  await press(page, t("review.submit"));
  await titleIs(page, t("status.approved.title"));
  await fillName(other, t);
  await press(other, t("continue"));
  await titleIs(other, t("status.approved.title"));
  await close();
});

test("where the server does not answer the page says so and tries again; it does not say that a link is spent", {
  skip: noBrowser,
}, async () => {
  const { page, close } = await atDetails();
  await page.route("**/hosted/verification/resume", (route) => route.abort(), { times: 1 });
  await page.goto(`${server.url}/verify/`);
  await titleIs(page, t("away.title"));
  await assertAccessible(page, "away");
  await press(page, t("calm.retry"));
  await titleIs(page, t("details.title"));
  await close();
});

test("a slow answer is waited for with a word, and what is pressed meanwhile is not done twice", {
  skip: noBrowser,
}, async () => {
  const { page, close } = await atDetails();
  let saves = 0;
  await page.route("**/hosted/verification/details", async (route) => {
    saves += 1;
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await route.continue();
  });
  await fillName(page, t);
  await press(page, t("continue"));
  await press(page, t("continue"));
  await page.locator("[role=status]", { hasText: t("loading") }).waitFor({ state: "attached" });
  await titleIs(page, t("consent.title"));
  assert.equal(saves, 1);
  assert.equal(await page.locator("[role=status]").textContent(), "");
  await close();
});

test("where a session ends in the middle nothing of it is left in the page, nor behind it", {
  skip: noBrowser,
}, async () => {
  const { id, verification, page, close } = await atDetails();
  await fillDetails(page);
  const path = `/customers/${id}/verification-sessions/${verification.sessionId}`;
  await own.call("DELETE", path);
  await page.getByRole("checkbox").check();
  await press(page, t("continue"));
  await press(page, t("review.submit"));
  await titleIs(page, t("calm.title"));
  const shown = () => page.locator("body").innerText();
  assert.ok(!/Ada|Example/.test(await shown()));
  await page.goBack();
  assert.ok(!/Ada|Example/.test(await shown()));
  await close();
});

for (const [what, width, size] of [
  ["320 pixels", 320, "100%"],
  ["twice the size of text", 640, "200%"],
] as const) {
  test(`names without an end fit at ${what}, at every step of a business`, {
    skip: noBrowser,
  }, async () => {
    const long = "A".repeat(48) + "bcdefghij".repeat(5);
    const { residence, email } = person;
    const known = { nationalId: "HRB 1", residence, email };
    const { id, verification } = await create({ type: "business", level: "basic", ...known });
    const upload = `/customers/${id}/documents?kind=company_register`;
    assert.equal((await own.call("POST", upload, photo.buffer)).status, 201);
    const { page, close } = await open({ viewport: { width, height: 640 } });
    await page.goto(verification.link);
    const look = async (step: string) => {
      await page.evaluate(`document.documentElement.style.fontSize = "${size}"`);
      await assertFits(page, step);
      await assertAccessible(page, step);
      await keepPicture(page, `hosted/long-${width}-${step}`);
    };
    await press(page, t("start.button"));
    await page.getByLabel(t("field.legalName")).fill(`${long}${long}`.slice(0, 198));
    await press(page, t("continue"));
    await press(page, t("people.add"));
    await fillName(page, t, [long, long, "1990-05-17"]);
    await page.getByLabel(t("field.nationality")).selectOption("DEU");
    await page.getByLabel(t("field.residenceCountry")).selectOption("DEU");
    await page.getByRole("checkbox", { name: t("role.director") }).check();
    await page.getByRole("checkbox", { name: t("role.beneficial_owner") }).check();
    await look("person");
    await press(page, t("people.save"));
    await titleIs(page, t("people.title"));
    await look("people");
    await press(page, t("continue"));
    await titleIs(page, t("consent.title"));
    await page.getByRole("checkbox").check();
    await look("consent");
    await press(page, t("continue"));
    await titleIs(page, t("review.title"));
    await look("review");
    await close();
  });
}
