import assert from "node:assert/strict";
import test from "node:test";
import type { Page } from "playwright-core";
import { jpegOf, passportUntil, pngOf, waves } from "../../src/issuing/documents/fixture.ts";
import {
  assertAccessible,
  assertFits,
  keepPicture,
  noBrowser,
  type Watched,
} from "../harness/browser.ts";
import {
  fileField,
  fillAddress,
  fillDate,
  fillName,
  press,
  type Say,
  sizes,
  startHosted,
  titleIs,
} from "../harness/hosted.ts";

/** The hosted verification as a person meets it: a real browser against a whole server. */
const { server, say, open, visit, create, read } = await startHosted();

const photo = { name: "passport.jpg", mimeType: "image/jpeg", buffer: jpegOf(1000, 700) };
const blurred = { name: "blurred.png", mimeType: "image/png", buffer: pngOf(1000, 700, waves) };

async function fillDetails(page: Page, t: Say, name?: [string, string, string]): Promise<void> {
  await fillName(page, t, name);
  await page.getByLabel(t("field.nationality")).selectOption("DEU");
  await fillAddress(page, t);
}

const passportLabel = (t: Say) => `${t("kind.passport")}, ${t("side.page")}`;
const passportField = (page: Page, t: Say) => fileField(page, t, "passport", "page");

/** Everything from the first button to the end, with a look at each step. */
async function wholeFlow(
  { page }: Watched,
  t: Say,
  look: (step: string) => Promise<void>,
): Promise<void> {
  const go = () => press(page, t("continue"));
  await titleIs(page, t("start.title"));
  await look("1-start");
  await press(page, t("start.button"));
  await titleIs(page, t("details.title"));
  await look("2-details");
  await go();
  await page.locator("#summary").waitFor();
  await look("3-details-errors");
  await fillDetails(page, t, ["Anna Maria", "Eriksson", "1974-08-12"]);
  await go();
  await titleIs(page, t("documents.title"));
  await look("4-documents");
  await passportField(page, t).setInputFiles(blurred);
  await page.locator(".warn", { hasText: t("finding.sharpness") }).waitFor();
  assert.equal(await page.locator(".given").count(), 0, "one state, not two");
  await look("5-documents-blurred");
  await press(page, t("document.removeOf", passportLabel(t)));
  await passportField(page, t).setInputFiles(photo);
  await page.locator(".given").waitFor();
  await page.getByRole("img", { name: t("document.preview", passportLabel(t)) }).waitFor();
  await page.waitForFunction(`document.querySelector("img.preview").naturalWidth === 1000`);
  await look("6-documents-given");
  await go();
  await page.locator("#summary").waitFor();
  await look("6-documents-facts-errors");
  await page.getByLabel(t("field.country")).selectOption("DEU");
  await fillDate(page, t, "2020-12-31");
  await page.getByLabel(t("facts.endless")).focus();
  await page.locator(".warn", { hasText: t("finding.expiry") }).waitFor();
  await look("6-documents-expired-by-date");
  await fillDate(page, t, "2099-12-31");
  await page.getByLabel(t("facts.endless")).focus();
  await page.locator(".slot .warn").waitFor({ state: "detached" });
  assert.equal(await page.getByLabel(t("field.country")).inputValue(), "DEU");
  await page.getByText(t("lines.title")).click();
  const lines = page.getByLabel(t("lines.label"));
  await lines.fill("p<utoeriksson<<anna<maria\nL898902C36UTO7408122F1204159ZE184226B<<<<<10");
  await press(page, t("lines.send"));
  await page.getByText(t("errors.mrz_lines")).waitFor();
  await look("6-documents-lines-wrong");
  await lines.fill(passportUntil("120415").join("\n").toLowerCase());
  await press(page, t("lines.send"));
  await page.locator(".warn", { hasText: t("finding.expiry") }).waitFor();
  assert.equal(await page.locator(".given").count(), 0, "one state, not two");
  await go();
  await page.locator("[role=alert], .summary").first().waitFor();
  await titleIs(page, t("documents.title"));
  await look("6-documents-expired");
  await press(page, t("document.removeOf", passportLabel(t)));
  await passportField(page, t).setInputFiles(photo);
  await page.locator(".given").waitFor();
  await page.getByText(t("lines.title")).click();
  await page.getByLabel(t("lines.label")).fill(passportUntil("991231").join("\n"));
  await press(page, t("lines.send"));
  await page.locator(".given", { hasText: t("lines.read") }).waitFor();
  assert.equal(await page.getByLabel(t("field.country")).count(), 0, "the lines say it already");
  await look("6-documents-lines-read");
  await go();
  await titleIs(page, t("consent.title"));
  await look("7-consent");
  await page.getByRole("checkbox").check();
  await go();
  await titleIs(page, t("review.title"));
  await look("8-review");
  await press(page, t("review.submit"));
  await titleIs(page, t("status.in_review.title"));
  await look("9-status");
}

for (const size of ["desktop", "phone"] as const) {
  for (const language of ["en", "ar"] as const) {
    for (const dark of [false, true]) {
      const name = `${size}-${language}-${dark ? "dark" : "light"}`;
      test(`a person verifies itself, ${name}: axe finds nothing at any step, and nothing is blocked`, {
        skip: noBrowser,
      }, async () => {
        const { id, verification } = await create();
        const watched = await visit(verification.link, { size, language, dark });
        const { page } = watched;
        await wholeFlow(watched, say(language), async (step) => {
          await assertAccessible(page, `${name} ${step}`);
          await assertFits(page, `${name} ${step}`);
          await keepPicture(page, `hosted/${name}-${step}`);
        });
        assert.equal((await read(id)).status, "pending");
        assert.equal(
          await page.locator("html").getAttribute("dir"),
          language === "ar" ? "rtl" : "ltr",
        );
        assert.ok(!page.url().includes("#"), "the secret left the address");
        assert.deepEqual(
          watched.complaints.filter((text) => !/status of 4/.test(text)),
          [],
        );
        await watched.close();
      });
    }
  }
}

test("opening the link spends nothing and tells the server nothing: only the first button does", {
  skip: noBrowser,
}, async () => {
  const t = say("en");
  const { verification } = await create();
  const secret = new URL(verification.link).hash.slice(1);
  const asked: string[] = [];
  const preview = await open(sizes.desktop);
  preview.page.on("request", (request) => {
    asked.push(`${request.method()} ${request.url()} ${JSON.stringify(request.headers())}`);
  });
  await preview.page.goto(verification.link);
  await titleIs(preview.page, t("start.title"));
  assert.ok(asked.length > 3);
  assert.ok(asked.every((line) => line.startsWith("GET ")));
  assert.ok(!asked.some((line) => line.replace(/#.*? /, " ").includes(secret)));
  await preview.close();
  const person = await visit(verification.link);
  await press(person.page, t("start.button"));
  await titleIs(person.page, t("details.title"));
  await person.close();
});

test("who leaves goes on in the same browser where it was; another browser sees the calm page", {
  skip: noBrowser,
}, async () => {
  const t = say("en");
  const { verification } = await create();
  const { page, close } = await visit(verification.link);
  await press(page, t("start.button"));
  await titleIs(page, t("details.title"));
  await fillDetails(page, t);
  await press(page, t("continue"));
  await titleIs(page, t("documents.title"));
  const again = await page.context().newPage();
  await again.goto(`${server.url}/verify/`);
  await titleIs(again, t("documents.title"));
  const byLink = await page.context().newPage();
  await byLink.goto(verification.link);
  await press(byLink, t("start.button"));
  await titleIs(byLink, t("documents.title"));
  const other = await visit(verification.link);
  await press(other.page, t("start.button"));
  await titleIs(other.page, t("calm.title"));
  assert.ok(!/Ada|Example/.test(await other.page.locator("body").innerText()));
  await assertAccessible(other.page, "calm");
  await keepPicture(other.page, "hosted/calm");
  await other.close();
  await close();
});

test("what a session is told by is in the memory of its page alone, where no other page of the browser finds it", {
  skip: noBrowser,
}, async () => {
  const t = say("en");
  const { verification } = await create();
  const { page, close } = await visit(verification.link);
  const bearers: (string | undefined)[] = [];
  page.on("request", (request) => bearers.push(request.headers().authorization));
  await page.getByRole("button", { name: t("start.button") }).click();
  await titleIs(page, t("details.title"));
  await fillDetails(page, t);
  await page.getByRole("button", { name: t("continue") }).click();
  await titleIs(page, t("documents.title"));
  assert.ok(bearers.some((bearer) => bearer?.startsWith("Bearer ")));
  const kept = await page.evaluate(`(async () => [
    document.cookie, { ...localStorage }, { ...sessionStorage }, name, history.state,
    (await indexedDB.databases()).length, (await caches.keys()).length,
    (await navigator.serviceWorker.getRegistrations()).length,
  ])()`);
  const place = { step: "documents", isForm: false };
  assert.deepEqual(kept, ["", {}, {}, "", place, 0, 0, 0]);
  const cookies = await page.context().cookies();
  assert.deepEqual(
    cookies.map(({ httpOnly, sameSite }) => [httpOnly, sameSite]),
    [[true, "Strict"]],
  );
  await close();
});

test("the whole way by keyboard alone", { skip: noBrowser }, async () => {
  const t = say("en");
  const { id, verification } = await create();
  const { page, close } = await visit(verification.link);
  const { keyboard } = page;
  const focused = () =>
    page.evaluate(
      `(document.activeElement.labels?.[0]?.textContent ?? "") + "|" +
       (document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent)`,
    ) as Promise<string>;
  /** Tab by tab to what is called so. */
  const tabTo = async (name: string) => {
    for (let tabs = 0; tabs < 30; tabs += 1) {
      await keyboard.press("Tab");
      if ((await focused()).includes(name)) return;
    }
    assert.fail(`No Tab reached ${name}.`);
  };
  const type = async (label: string, text: string) => {
    await tabTo(t(label));
    await keyboard.type(text);
  };
  await titleIs(page, t("start.title"));
  await tabTo(t("start.button"));
  await keyboard.press("Enter");
  await titleIs(page, t("details.title"));
  assert.equal(await focused(), `|${t("details.title")}`, "the new step has the focus");
  await type("field.firstName", "Ada");
  await keyboard.press("Enter");
  await page.locator("#summary:focus").waitFor();
  await keyboard.press("Tab");
  await keyboard.press("Enter");
  assert.match(await focused(), new RegExp(t("field.lastName")), "an error leads to its field");
  await keyboard.type("Example");
  await type("field.day", "17");
  await type("field.month", "5");
  await type("field.year", "1990");
  await type("field.nationality", "Germ");
  await type("field.email", "ada@example.com");
  await type("field.residence.country", "Germ");
  await type("field.residence.line1", "Example Street 1");
  await type("field.residence.city", "Berlin");
  await keyboard.press("Enter");
  await titleIs(page, t("documents.title"));
  await tabTo(t("kind.passport"));
  await tabTo(t("document.fileOf", passportLabel(t)));
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), keyboard.press("Space")]);
  await chooser.setFiles(photo);
  await page.locator(".given").waitFor();
  await type("field.country", "Germ");
  await type("field.day", "31");
  await type("field.month", "12");
  await type("field.year", "2099");
  await tabTo(t("continue"));
  await keyboard.press("Enter");
  await titleIs(page, t("consent.title"));
  await tabTo(t("consent.agree"));
  await keyboard.press("Space");
  await tabTo(t("continue"));
  await keyboard.press("Enter");
  await titleIs(page, t("review.title"));
  await tabTo(t("review.submit"));
  await keyboard.press("Enter");
  await titleIs(page, t("status.in_review.title"));
  assert.equal((await read(id)).status, "pending");
  await close();
});

test("what the server finds wrong is said at its field, and what was typed stays", {
  skip: noBrowser,
}, async () => {
  const t = say("en");
  const { verification } = await create({ level: "minimum" });
  const { page, close } = await visit(verification.link, { size: "phone" });
  await press(page, t("start.button"));
  await fillName(page, t, ["Test", "Example", "1990-02-31"]);
  await press(page, t("continue"));
  await page.locator("#summary").waitFor();
  const date = t("errors.birth_date_invalid", t("field.birthDate"));
  assert.ok((await page.locator("#summary").innerText()).includes(date));
  await page.getByLabel(t("field.day")).fill("28");
  await press(page, t("continue"));
  await page
    .getByText(t("errors.name_invalid", t("field.firstName")))
    .first()
    .waitFor();
  assert.equal(await page.getByLabel(t("field.firstName")).getAttribute("aria-invalid"), "true");
  assert.equal(await page.getByLabel(t("field.lastName")).inputValue(), "Example");
  await assertAccessible(page, "errors");
  await page.locator("#language").selectOption("ar");
  const arabic = say("ar");
  await titleIs(page, arabic("details.title"));
  assert.equal(await page.getByLabel(arabic("field.firstName")).inputValue(), "Test");
  await close();
});

for (const [what, width, size] of [
  ["a page of 320 pixels", 320, "100%"],
  ["text at twice its size", 640, "200%"],
] as const) {
  test(`${what} loses nothing at its side`, { skip: noBrowser }, async () => {
    const t = say("en");
    const { verification } = await create({ level: "advanced" });
    const { page, close } = await open({ viewport: { width, height: 640 } });
    await page.goto(verification.link);
    await page.evaluate(`document.documentElement.style.fontSize = "${size}"`);
    await assertFits(page, "start");
    await press(page, t("start.button"));
    await titleIs(page, t("details.title"));
    await assertFits(page, "details");
    await keepPicture(page, `hosted/${width}-details`);
    await close();
  });
}
