import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import test, { after, before } from "node:test";
import type { Browser, Page } from "playwright-core";
import { launch, noBrowser, openPage } from "../harness/browser.ts";
import { startTestServer } from "../harness/server.ts";

/** The hosted page in a frame of another site: a real browser decides who may show it. */
const server = await startTestServer();
const own = await server.newOrganization({ name: "Example Shop" });

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

/** A site of somebody else, whose one page has the page of its query in a frame. */
async function site(): Promise<string> {
  const parent = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? "", "http://localhost");
    const src = (searchParams.get("src") ?? "about:blank").replaceAll("&", "&amp;");
    response.setHeader("content-type", "text/html");
    response.end(`<!doctype html><title>Shop</title><iframe id="f" src="${src}" width="600"
      height="800"></iframe>`);
  });
  parent.listen(0, "localhost");
  await once(parent, "listening");
  after(() => parent.close());
  return `http://localhost:${(parent.address() as AddressInfo).port}`;
}

const shop = await site();
const stranger = await site();
await own.call("PATCH", "/organization", { embedOrigins: [shop] });

const create = async () =>
  (await own.call("POST", "/customers", { type: "individual", level: "minimum" })).body;

async function frame(at: string, link: string) {
  const watched = await openPage(browser, { locale: "en" });
  await watched.page.goto(`${at}/?src=${encodeURIComponent(link)}`);
  return { ...watched, inside: watched.page.frameLocator("#f") };
}

const cookies = async (page: Page) => (await page.context().cookies()).length;

test("framed by an origin that its organization names, the page works to its end, without a cookie", {
  skip: noBrowser,
}, async () => {
  const { id } = await create();
  const wanted = { returnUrl: "https://shop.example.com/done" };
  const { link } = (await own.call("POST", `/customers/${id}/verification-sessions`, wanted)).body;
  const { page, inside, complaints, close } = await frame(shop, link);
  const press = (key: string) => inside.getByRole("button", { name: texts[key] }).click();
  await inside.getByRole("heading", { name: texts["start.title"] }).waitFor();
  const leave = inside.getByText(texts["start.leave"]);
  assert.equal(await leave.count(), 0, "nobody comes back to a frame");
  await press("start.button");
  await inside.getByLabel(texts["field.firstName"]).fill("Ada");
  await inside.getByLabel(texts["field.lastName"]).fill("Example");
  await inside.getByLabel(texts["field.day"]).fill("17");
  await inside.getByLabel(texts["field.month"]).fill("5");
  await inside.getByLabel(texts["field.year"]).fill("1990");
  await press("continue");
  await inside.getByRole("checkbox").check();
  await press("continue");
  await press("review.submit");
  await inside.getByRole("heading", { name: texts["status.approved.title"] }).waitFor();
  assert.equal(await inside.locator("a.main").getAttribute("target"), "_top");
  assert.equal(await cookies(page), 0);
  assert.deepEqual(complaints, []);
  assert.equal((await own.call("GET", `/customers/${id}`)).body.status, "active");
  await page.reload();
  await press("start.button");
  await inside.getByRole("heading", { name: texts["calm.title"] }).waitFor();
  await close();
});

test("framed by any other origin, or with no organization named, the page is not shown", {
  skip: noBrowser,
}, async () => {
  const { verification } = await create();
  const { search } = new URL(verification.link);
  const without = verification.link.replace(search, "");
  for (const [at, link] of [
    [stranger, verification.link],
    [shop, without],
  ] as const) {
    const { page, complaints, close } = await frame(at, link);
    await page.waitForLoadState("load");
    const [, child] = page.frames();
    assert.ok(child);
    assert.ok(!child.url().startsWith(server.url), child.url());
    assert.ok(
      complaints.some((text) => /frame-ancestors|refused to connect|X-Frame-Options/i.test(text)),
      complaints.join("\n"),
    );
    await close();
  }
});

test("in a frame nobody goes on with the session that the same browser has in a tab", {
  skip: noBrowser,
}, async () => {
  const { verification } = await create();
  const { page, close } = await openPage(browser, { locale: "en" });
  await page.goto(verification.link);
  await page.getByRole("button", { name: texts["start.button"] }).click();
  await page.getByRole("heading", { name: texts["details.title"] }).waitFor();
  assert.equal(await cookies(page), 1);
  const { search } = new URL(verification.link);
  await page.goto(`${shop}/?src=${encodeURIComponent(`${server.url}/verify/${search}`)}`);
  const inside = page.frameLocator("#f");
  await inside.getByRole("heading", { name: texts["calm.title"] }).waitFor();
  await page.goto(`${server.url}/verify/${search}`);
  await page.getByRole("heading", { name: texts["details.title"] }).waitFor();
  await close();
});
