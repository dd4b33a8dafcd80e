import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import type { Browser, Page } from "playwright-core";
import { jpegOf, passportUntil, pngOf, waves } from "../../src/issuing/documents/fixture.ts";
import {
  assertAccessible,
  assertFits,
  keepPicture,
  launch,
  noBrowser,
  openPage,
  type Watched,
} from "../harness/browser.ts";
import { sayTo, sizes, texts, titleIs, type VisitOptions, visitLink } from "../harness/hosted.ts";
import { startTestServer } from "../harness/server.ts";

/** The hosted verification as a person meets it: a real browser against a whole server. */
const server = await startTestServer();
const own = await server.newOrganization({ name: "Example Shop" });

let browser: Browser;
before(async () => {
  if (noBrowser === false) browser = await launch();
});
after(async () => browser?.close());

const photo = { name: "passport.jpg", mimeType: "image/jpeg", buffer: jpegOf(1000, 700) };
const blurred = { name: "blurred.png", mimeType: "image/png", buffer: pngOf(1000, 700, waves) };

const create = async (body: object = {}) =>
  (await own.call("POST", "/customers", { type: "individual", level: "basic", ...body })).body;

const statusOf = async (id: string) => (await own.call("GET", `/customers/${id}`)).body.status;

const visit = (link: string, how: VisitOptions = {}): Promise<Watched> =>
  visitLink(browser, link, how);

const say = sayTo("Example Shop");

async function fillDetails(page: Page, t: ReturnType<typeof say>): Promise<void> {
  await page.getByLabel(t("field.firstName")).fill("Ada");
  await page.getByLabel(t("field.lastName")).fill("Example");
  await page.getByLabel(t("field.day")).fill("17");
  await page.getByLabel(t("field.month")).fill("5");
  await page.getByLabel(t("field.year")).fill("1990");
  await page.getByLabel(t("field.nationality")).selectOption("DEU");
  await page.getByLabel(t("field.residence.country"), { exact: true }).selectOption("DEU");
  await page.getByLabel(t("field.residence.line1")).fill("Example Street 1");
  await page.getByLabel(t("field.residence.city")).fill("Berlin");
  await page.getByLabel(t("field.email")).fill("ada@example.com");
}

async function fillExpiry(page: Page, t: ReturnType<typeof say>, year: string): Promise<void> {
  await page.getByLabel(t("field.day")).fill("31");
  await page.getByLabel(t("field.month")).fill("12");
  await page.getByLabel(t("field.year")).fill(year);
}

const fileInput = (page: Page, t: ReturnType<typeof say>, label: string) =>
  page.getByLabel(t("document.fileOf", label));

const passportLabel = (t: ReturnType<typeof say>) => `${t("kind.passport")}, ${t("side.page")}`;

/** Everything from the first button to the end, with a look at each step. */
async function wholeFlow(
  { page }: Watched,
  t: ReturnType<typeof say>,
  look: (step: string) => Promise<void>,
): Promise<void> {
  const go = () => page.getByRole("button", { name: t("continue") }).click();
  await titleIs(page, t("start.title"));
  await look("1-start");
  await page.getByRole("button", { name: t("start.button") }).click();
  await titleIs(page, t("details.title"));
  await look("2-details");
  await go();
  await page.locator("#summary").waitFor();
  await look("3-details-errors");
  await fillDetails(page, t);
  await page.getByLabel(t("field.firstName")).fill("Anna Maria");
  await page.getByLabel(t("field.lastName")).fill("Eriksson");
  await page.getByLabel(t("field.day")).fill("12");
  await page.getByLabel(t("field.month")).fill("8");
  await page.getByLabel(t("field.year")).fill("1974");
  await go();
  await titleIs(page, t("documents.title"));
  await look("4-documents");
  await fileInput(page, t, passportLabel(t)).setInputFiles(blurred);
  await page.locator(".warn", { hasText: t("finding.sharpness") }).waitFor();
  assert.equal(await page.locator(".given").count(), 0, "one state, not two");
  await look("5-documents-blurred");
  await page.getByRole("button", { name: t("document.removeOf", passportLabel(t)) }).click();
  await fileInput(page, t, passportLabel(t)).setInputFiles(photo);
  await page.locator(".given").waitFor();
  await page.getByRole("img", { name: t("document.preview", passportLabel(t)) }).waitFor();
  await page.waitForFunction(`document.querySelector("img.preview").naturalWidth === 1000`);
  await look("6-documents-given");
  await go();
  await page.locator("#summary").waitFor();
  await look("6-documents-facts-errors");
  await page.getByLabel(t("field.country")).selectOption("DEU");
  await fillExpiry(page, t, "2020");
  await page.getByLabel(t("facts.endless")).focus();
  await page.locator(".warn", { hasText: t("finding.expiry") }).waitFor();
  await look("6-documents-expired-by-date");
  await fillExpiry(page, t, "2099");
  await page.getByLabel(t("facts.endless")).focus();
  await page.locator(".slot .warn").waitFor({ state: "detached" });
  assert.equal(await page.getByLabel(t("field.country")).inputValue(), "DEU");
  await page.getByText(t("lines.title")).click();
  const lines = page.getByLabel(t("lines.label"));
  await lines.fill("p<utoeriksson<<anna<maria\nL898902C36UTO7408122F1204159ZE184226B<<<<<10");
  await page.getByRole("button", { name: t("lines.send") }).click();
  await page.getByText(t("errors.mrz_lines")).waitFor();
  await look("6-documents-lines-wrong");
  await lines.fill(passportUntil("120415").join("\n").toLowerCase());
  await page.getByRole("button", { name: t("lines.send") }).click();
  await page.locator(".warn", { hasText: t("finding.expiry") }).waitFor();
  assert.equal(await page.locator(".given").count(), 0, "one state, not two");
  await go();
  await page.locator("[role=alert], .summary").first().waitFor();
  await titleIs(page, t("documents.title"));
  await look("6-documents-expired");
  await page.getByRole("button", { name: t("document.removeOf", passportLabel(t)) }).click();
  await fileInput(page, t, passportLabel(t)).setInputFiles(photo);
  await page.locator(".given").waitFor();
  await page.getByText(t("lines.title")).click();
  await page.getByLabel(t("lines.label")).fill(passportUntil("991231").join("\n"));
  await page.getByRole("button", { name: t("lines.send") }).click();
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
  await page.getByRole("button", { name: t("review.submit") }).click();
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
        assert.equal(await statusOf(id), "pending");
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
  const { verification } = await create();
  const secret = new URL(verification.link).hash.slice(1);
  const asked: string[] = [];
  const preview = await openPage(browser, sizes.desktop);
  preview.page.on("request", (request) => {
    asked.push(`${request.method()} ${request.url()} ${JSON.stringify(request.headers())}`);
  });
  await preview.page.goto(verification.link);
  await titleIs(preview.page, texts.en["start.title"] ?? "");
  assert.ok(asked.length > 3);
  assert.ok(asked.every((line) => line.startsWith("GET ")));
  assert.ok(!asked.some((line) => line.replace(/#.*? /, " ").includes(secret)));
  await preview.close();
  const person = await visit(verification.link);
  await person.page.getByRole("button", { name: texts.en["start.button"] ?? "" }).click();
  await titleIs(person.page, texts.en["details.title"] ?? "");
  await person.close();
});

test("who leaves goes on in the same browser where it was; another browser sees the calm page", {
  skip: noBrowser,
}, async () => {
  const t = say("en");
  const { verification } = await create();
  const { page, close } = await visit(verification.link);
  await page.getByRole("button", { name: t("start.button") }).click();
  await titleIs(page, t("details.title"));
  await fillDetails(page, t);
  await page.getByRole("button", { name: t("continue") }).click();
  await titleIs(page, t("documents.title"));
  const again = await page.context().newPage();
  await again.goto(`${server.url}/verify/`);
  await titleIs(again, t("documents.title"));
  const byLink = await page.context().newPage();
  await byLink.goto(verification.link);
  await byLink.getByRole("button", { name: t("start.button") }).click();
  await titleIs(byLink, t("documents.title"));
  const other = await visit(verification.link);
  await other.page.getByRole("button", { name: t("start.button") }).click();
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
  assert.equal(await statusOf(id), "pending");
  await close();
});

test("what the server finds wrong is said at its field, and what was typed stays", {
  skip: noBrowser,
}, async () => {
  const t = say("en");
  const { verification } = await create({ level: "minimum" });
  const { page, close } = await visit(verification.link, { size: "phone" });
  await page.getByRole("button", { name: t("start.button") }).click();
  await page.getByLabel(t("field.firstName")).fill("Test");
  await page.getByLabel(t("field.lastName")).fill("Example");
  await page.getByLabel(t("field.day")).fill("31");
  await page.getByLabel(t("field.month")).fill("2");
  await page.getByLabel(t("field.year")).fill("1990");
  await page.getByRole("button", { name: t("continue") }).click();
  await page.locator("#summary").waitFor();
  const date = t("errors.birth_date_invalid", t("field.birthDate"));
  assert.ok((await page.locator("#summary").innerText()).includes(date));
  await page.getByLabel(t("field.day")).fill("28");
  await page.getByRole("button", { name: t("continue") }).click();
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
    const { verification } = await create({ level: "advanced" });
    const { page, close } = await openPage(browser, { viewport: { width, height: 640 } });
    await page.goto(verification.link);
    await page.evaluate(`document.documentElement.style.fontSize = "${size}"`);
    await assertFits(page, "start");
    await page.getByRole("button", { name: texts.en["start.button"] ?? "" }).click();
    await titleIs(page, texts.en["details.title"] ?? "");
    await assertFits(page, "details");
    await keepPicture(page, `hosted/${width}-details`);
    await close();
  });
}
