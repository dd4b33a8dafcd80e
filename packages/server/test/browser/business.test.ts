import assert from "node:assert/strict";
import test from "node:test";
import type { Page } from "playwright-core";
import { jpegOf } from "../../src/issuing/documents/fixture.ts";
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
  fillName,
  press,
  type Say,
  startHosted,
  titleIs,
} from "../harness/hosted.ts";

/** The hosted verification of a business: with the people who direct and own it. */
const { server, own, say, visit, create, read } = await startHosted();

const photo = { name: "register.jpg", mimeType: "image/jpeg", buffer: jpegOf(1000, 700) };

async function fillDetails(page: Page, t: Say): Promise<void> {
  await page.getByLabel(t("field.legalName")).fill("Example GmbH & Co. 1");
  await page.getByLabel(t("field.nationalId.business")).fill("HRB 12345");
  await fillAddress(page, t, { email: "office@example.com" });
}

async function fillPerson(page: Page, t: Say, firstName: string): Promise<void> {
  await fillName(page, t, [firstName, "Example", "1970-12-09"]);
  await page.getByLabel(t("field.nationality")).selectOption("DEU");
  await page.getByLabel(t("field.residenceCountry")).selectOption("AUT");
}

const role = (page: Page, t: Say, name: string) =>
  page.getByRole("checkbox", { name: t(`role.${name}`) });

const share = (page: Page, t: Say) => page.getByLabel(t("optional", t("field.ownership")));

/** To the step of the people. */
async function toPeople(page: Page, t: Say): Promise<void> {
  await press(page, t("start.button"));
  await titleIs(page, t("details.title"));
  await fillDetails(page, t);
  await press(page, t("continue"));
  await titleIs(page, t("people.title"));
}

async function addOwner(page: Page, t: Say): Promise<void> {
  await press(page, t("people.add"));
  await titleIs(page, t("people.new"));
  await fillPerson(page, t, "Grace");
  await role(page, t, "director").check();
  await role(page, t, "beneficial_owner").check();
  await share(page, t).fill("33,3");
  await press(page, t("people.save"));
  await titleIs(page, t("people.title"));
}

async function wholeFlow(
  { page }: Watched,
  t: Say,
  look: (step: string) => Promise<void>,
): Promise<void> {
  await toPeople(page, t);
  await press(page, t("continue"));
  await page.locator("#summary").waitFor();
  await look("1-people-none");
  await press(page, t("people.add"));
  await titleIs(page, t("people.new"));
  await role(page, t, "beneficial_owner").check();
  await share(page, t).fill("133");
  await press(page, t("people.save"));
  await page.locator("#summary").waitFor();
  await look("2-person-errors");
  await press(page, t("people.cancel"));
  await addOwner(page, t);
  await look("3-people");
  await press(page, t("continue"));
  await titleIs(page, t("documents.title"));
  await fileField(page, t, "company_register", "whole").setInputFiles(photo);
  await page.locator(".given").waitFor();
  await press(page, t("continue"));
  await titleIs(page, t("consent.title"));
  await look("4-consent");
  await page.getByRole("checkbox").check();
  await press(page, t("continue"));
  await titleIs(page, t("review.title"));
  await look("5-review");
  await press(page, t("review.submit"));
  await titleIs(page, t("status.in_review.title"));
}

for (const [size, language, dark] of [
  ["phone", "en", false],
  ["phone", "ar", true],
  ["desktop", "ar", false],
  ["desktop", "en", true],
] as const) {
  const name = `business-${size}-${language}-${dark ? "dark" : "light"}`;
  test(`a business names its people, ${name}: axe finds nothing, nothing is blocked, all of it counts`, {
    skip: noBrowser,
  }, async () => {
    const { id, verification } = await create({ type: "business" });
    const watched = await visit(verification.link, { size, language, dark });
    await wholeFlow(watched, say(language), async (step) => {
      await assertAccessible(watched.page, `${name} ${step}`);
      await assertFits(watched.page, `${name} ${step}`);
      await keepPicture(watched.page, `hosted/${name}-${step}`);
    });
    const { status, missing } = await read(id);
    assert.deepEqual([status, missing], ["pending", []]);
    const [person, ...more] = (await own.call("GET", `/customers/${id}/people`)).body.data;
    assert.deepEqual([person.firstName, person.ownershipBasisPoints, more], ["Grace", 3_330, []]);
    const complaints = watched.complaints.filter((text) => !/status of 4/.test(text));
    assert.deepEqual(complaints, []);
    await watched.close();
  });
}

test("people are changed and removed, what the server refuses is said at its field, and leaving keeps them", {
  skip: noBrowser,
}, async () => {
  const t = say("en");
  const { verification } = await create({ type: "business" });
  const { page, close } = await visit(verification.link, { size: "phone" });
  await toPeople(page, t);
  await addOwner(page, t);
  await page.getByText(t("people.saved", "Grace Example")).waitFor({ state: "attached" });
  await press(page, t("people.add"));
  await fillPerson(page, t, "Test");
  await role(page, t, "beneficial_owner").check();
  await share(page, t).fill("66.71");
  await press(page, t("people.save"));
  const taken = t("errors.name_invalid.person", t("field.firstName"));
  await page.locator("#summary", { hasText: taken }).waitFor();
  const whole = t("errors.ownership_exceeds_whole", t("field.ownership"));
  await page.locator("#summary", { hasText: whole }).waitFor();
  await page.getByLabel(t("field.firstName")).fill("Ada");
  await share(page, t).fill("66.7");
  await press(page, t("people.save"));
  await titleIs(page, t("people.title"));
  await press(page, t("people.changeOf", "Grace Example"));
  await titleIs(page, t("people.edit"));
  assert.equal(await share(page, t).inputValue(), "33.3");
  await page.getByLabel(t("field.lastName")).fill("Sample");
  await page.locator("#language").selectOption("ar");
  assert.equal(await page.getByLabel(say("ar")("field.lastName")).inputValue(), "Sample");
  await page.locator("#language").selectOption("en");
  await press(page, t("people.save"));
  await page.getByRole("heading", { name: "Grace Sample" }).waitFor();
  await press(page, t("people.removeOf", "Grace Sample"));
  await page.getByRole("heading", { name: "Grace Sample" }).waitFor({ state: "detached" });
  const again = await page.context().newPage();
  await again.goto(`${server.url}/verify/`);
  await titleIs(again, t("people.title"));
  await again.getByRole("heading", { name: "Ada Example" }).waitFor();
  await press(again, t("continue"));
  const lacking = t("errors.person_required", t("need.people.director"));
  await again.locator("#summary", { hasText: lacking }).waitFor();
  await close();
});
