import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import test, { after } from "node:test";
import type { FrameLocator, Locator, Page } from "playwright-core";
import { noBrowser } from "../harness/browser.ts";
import { fillName, press, startHosted, titleIs } from "../harness/hosted.ts";

/** The hosted page in a frame of another site: a real browser decides who may show it. */
const { server, own, say, open, create } = await startHosted();
const t = say("en");

/** A site of somebody else, whose one page has the page of its query in a frame, and keeps what it is told. */
async function site(): Promise<string> {
  const parent = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? "", "http://localhost");
    const src = (searchParams.get("src") ?? "about:blank").replaceAll("&", "&amp;");
    response.setHeader("content-type", "text/html");
    response.end(`<!doctype html><title>Shop</title><script>var told = [];
      addEventListener("message", ({ origin, data }) => told.push({ origin, data }))</script><iframe id="f" src="${src}" width="600"
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

/** What the page around the frame was told until now, in its order. */
const toldTo = async (page: Page) => {
  await page.waitForTimeout(200);
  return page.evaluate<readonly { origin: string; data: object }[]>("told");
};
const message = (sessionId: string, state: string) => ({
  origin: server.url,
  data: { kind: "cardwright.verification", sessionId, state },
});

/** Gives everything that the page asks for, and submits it. */
async function give(inside: FrameLocator | Locator): Promise<void> {
  await press(inside, t("start.button"));
  await fillName(inside, t);
  await press(inside, t("continue"));
  await inside.getByRole("checkbox").check();
  await press(inside, t("continue"));
  await press(inside, t("review.submit"));
  await titleIs(inside, t("status.approved.title"));
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
  await give(inside);
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

test("the page that shows the frame is told that it was submitted, by its own origin and with nothing of the person", {
  skip: noBrowser,
}, async () => {
  await own.call("PATCH", "/organization", { embedOrigins: ["https://other.example.com", shop] });
  const { verification } = await create({ level: "minimum" });
  const { page, inside, complaints, close } = await frame(shop, verification.link);
  await titleIs(inside, t("start.title"));
  assert.deepEqual(await toldTo(page), []);
  await give(inside);
  assert.deepEqual(await toldTo(page), [message(verification.sessionId, "submitted")]);
  await inside.locator("#language").selectOption("ar");
  await page.frames()[1]?.evaluate("history.back()");
  assert.equal((await toldTo(page)).length, 1, "once");
  assert.deepEqual(complaints, []);
  await close();
});

test("the page that shows the frame is told that the session is over, once", {
  skip: noBrowser,
}, async () => {
  await own.call("PATCH", "/organization", { embedOrigins: [shop] });
  const { id, verification } = await create({ level: "minimum" });
  const { page, inside, close } = await frame(shop, verification.link);
  await press(inside, t("start.button"));
  await fillName(inside, t);
  await own.call("DELETE", `/customers/${id}/verification-sessions/${verification.sessionId}`);
  await press(inside, t("continue"));
  await titleIs(inside, t("calm.title"));
  assert.deepEqual(await toldTo(page), [message(verification.sessionId, "closed")]);
  await close();
});

/** As a browser has it that does not tell a page who shows it. */
async function hideAncestors(page: Page): Promise<void> {
  await page.route("**/built/parent.js", async (route) => {
    const response = await route.fetch();
    const script = await response.text();
    const body = script.replace("location.ancestorOrigins?.[0]", "undefined");
    assert.notEqual(body, script);
    await route.fulfill({ response, body });
  });
}

for (const says of [true, false]) {
  test(`an origin that its organization does not name is told nothing, in a browser that ${says ? "says" : "does not say"} who shows a page`, {
    skip: noBrowser,
  }, async () => {
    await own.call("PATCH", "/organization", { embedOrigins: [shop] });
    const { verification } = await create({ level: "minimum" });
    const { page, close } = await open();
    if (!says) await hideAncestors(page);
    await page.goto(`${shop}/?src=${encodeURIComponent(verification.link)}`);
    const inside = page.frameLocator("#f");
    await titleIs(inside, t("start.title"));
    // The page is there already; from now on another origin is named, and this one is not.
    await own.call("PATCH", "/organization", { embedOrigins: [stranger] });
    await give(inside);
    assert.deepEqual(await toldTo(page), []);
    await own.call("PATCH", "/organization", { embedOrigins: [shop] });
    await close();
  });
}

test("a browser that does not say who shows a page tells the origins that are named, and so that one", {
  skip: noBrowser,
}, async () => {
  await own.call("PATCH", "/organization", { embedOrigins: [stranger, shop] });
  const { verification } = await create({ level: "minimum" });
  const { page, close } = await open();
  await hideAncestors(page);
  await page.goto(`${shop}/?src=${encodeURIComponent(verification.link)}`);
  await give(page.frameLocator("#f"));
  assert.deepEqual(await toldTo(page), [message(verification.sessionId, "submitted")]);
  await own.call("PATCH", "/organization", { embedOrigins: [shop] });
  await close();
});

test("with the whole tab, also one that another page has opened, nobody is told anything", {
  skip: noBrowser,
}, async () => {
  const { verification } = await create({ level: "minimum" });
  const { page, close } = await open();
  await page.goto(shop);
  const [opened] = await Promise.all([
    page.waitForEvent("popup"),
    page.evaluate(`void open(${JSON.stringify(verification.link)})`),
  ]);
  await titleIs(opened, t("start.title"));
  await give(opened.locator("body"));
  assert.deepEqual(await toldTo(page), []);
  await close();
});
