import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import test, { after } from "node:test";
import type { Page } from "playwright-core";
import { noBrowser } from "../harness/browser.ts";
import { fillName, press, startHosted, titleIs } from "../harness/hosted.ts";

/** The hosted page in a frame of another site: a real browser decides who may show it. */
const { server, own, say, open, create } = await startHosted();
const t = say("en");

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

async function frame(at: string, link: string) {
  const watched = await open();
  await watched.page.goto(`${at}/?src=${encodeURIComponent(link)}`);
  return { ...watched, inside: watched.page.frameLocator("#f") };
}

const cookies = async (page: Page) => (await page.context().cookies()).length;

test("framed by an origin that its organization names, the page works to its end, without a cookie", {
  skip: noBrowser,
}, async () => {
  const { id } = await create({ level: "minimum" });
  const wanted = { returnUrl: "https://shop.example.com/done" };
  const { link } = (await own.call("POST", `/customers/${id}/verification-sessions`, wanted)).body;
  const { page, inside, complaints, close } = await frame(shop, link);
  await titleIs(inside, t("start.title"));
  const leave = inside.getByText(t("start.leave"));
  assert.equal(await leave.count(), 0, "nobody comes back to a frame");
  await press(inside, t("start.button"));
  await fillName(inside, t);
  await press(inside, t("continue"));
  await inside.getByRole("checkbox").check();
  await press(inside, t("continue"));
  await press(inside, t("review.submit"));
  await titleIs(inside, t("status.approved.title"));
  assert.equal(await inside.locator("a.main").getAttribute("target"), "_top");
  assert.equal(await cookies(page), 0);
  assert.deepEqual(complaints, []);
  assert.equal((await own.call("GET", `/customers/${id}`)).body.status, "active");
  await page.reload();
  await press(inside, t("start.button"));
  await titleIs(inside, t("calm.title"));
  await close();
});

test("framed by any other origin, or with no organization named, the page is not shown", {
  skip: noBrowser,
}, async () => {
  const { verification } = await create({ level: "minimum" });
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
  const { verification } = await create({ level: "minimum" });
  const { page, close } = await open();
  await page.goto(verification.link);
  await press(page, t("start.button"));
  await titleIs(page, t("details.title"));
  assert.equal(await cookies(page), 1);
  const { search } = new URL(verification.link);
  await page.goto(`${shop}/?src=${encodeURIComponent(`${server.url}/verify/${search}`)}`);
  const inside = page.frameLocator("#f");
  await titleIs(inside, t("calm.title"));
  await page.goto(`${server.url}/verify/${search}`);
  await titleIs(page, t("details.title"));
  await close();
});
