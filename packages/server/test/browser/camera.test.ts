import assert from "node:assert/strict";
import test from "node:test";
import type { Page } from "playwright-core";
import { person } from "../../src/issuing/customers/fixture.ts";
import { filler, jpegOf } from "../../src/issuing/documents/fixture.ts";
import { noBrowser } from "../harness/browser.ts";
import { press, startHosted, titleIs } from "../harness/hosted.ts";

/** How documents come onto the page: by the camera of a phone, or as files. */
const { own, say, visit, create } = await startHosted();
const t = say("en");

const photo = { name: "image.jpg", mimeType: "image/jpeg", buffer: jpegOf(1000, 700) };
const passport = `${t("kind.passport")}, ${t("side.page")}`;
const selfie = t("kind.selfie");

/** The step of the documents, of somebody of whom nothing else is missing. */
async function atDocuments(size: "phone" | "desktop") {
  const { id, verification } = await create({ level: "advanced", ...person });
  const { page, close } = await visit(verification.link, { size });
  await press(page, t("start.button"));
  await titleIs(page, t("documents.title"));
  return { id, page, close };
}

const camera = (page: Page, label: string) => page.getByLabel(t("document.cameraOf", label));
const file = (page: Page, label: string) => page.getByLabel(t("document.fileOf", label));

test("on a phone a document is taken by the camera that sees it, and the person by the one that sees them", {
  skip: noBrowser,
}, async () => {
  const { id, page, close } = await atDocuments("phone");
  for (const [label, facing] of [
    [passport, "environment"],
    [selfie, "user"],
  ] as const) {
    assert.equal(await camera(page, label).getAttribute("capture"), facing, label);
    assert.equal(await file(page, label).getAttribute("capture"), null, "or chosen");
  }
  await camera(page, selfie).setInputFiles(photo);
  await page.locator(".given").waitFor();
  const { data } = (await own.call("GET", `/customers/${id}/documents`)).body;
  assert.deepEqual(
    data.map(({ kind, realType }: { kind: string; realType: string }) => [kind, realType]),
    [["selfie", "jpeg"]],
  );
  await close();
});

test("where there is no camera at hand a document is a file", { skip: noBrowser }, async () => {
  const { page, close } = await atDocuments("desktop");
  assert.equal(await page.locator("input[capture]").count(), 0);
  assert.equal(await file(page, passport).count(), 1);
  await close();
});

test("while a file is on its way a bar tells how much of it is there", {
  skip: noBrowser,
}, async () => {
  const { page, close } = await atDocuments("phone");
  const network = await page.context().newCDPSession(page);
  await network.send("Network.enable");
  const slow = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 400_000 };
  await network.send("Network.emulateNetworkConditions", slow);
  await page.evaluate(`{
    globalThis.told = [];
    const look = () => {
      const bar = document.querySelector("progress:not([hidden])");
      if (bar !== null && bar.value !== told.at(-1)) told.push(bar.value);
      requestAnimationFrame(look);
    };
    look();
  }`);
  const { buffer } = photo;
  const large = Buffer.concat([buffer.subarray(0, 2), filler(1_500_000), buffer.subarray(2)]);
  await file(page, selfie).setInputFiles({ ...photo, buffer: large });
  await page.locator(".given").waitFor();
  const told = (await page.evaluate("told")) as number[];
  assert.ok(told.filter((part) => part > 0 && part < 1).length >= 3, `${told}`);
  assert.deepEqual(
    told,
    told.toSorted((a, b) => a - b),
  );
  await close();
});
