import assert from "node:assert/strict";
import test from "node:test";
import { noBrowser } from "../harness/browser.ts";
import { startHosted } from "../harness/hosted.ts";

/** A scanner of mail that runs scripts, and presses nothing. */
const { server, open, create } = await startHosted();

test("a scanner that opens a link in a whole browser, looks at all of it, follows what leads on and comes back spends nothing", {
  skip: noBrowser,
}, async () => {
  const { link } = (await create()).verification;
  const secret = new URL(link).hash.slice(1);
  const { page, close } = await open();
  const asked: string[] = [];
  page.on("request", (request) => {
    asked.push(`${request.method()} ${request.url().split("#")[0]} ${request.postData() ?? ""}`);
  });
  await page.goto(link);
  const button = page.getByRole("button");
  await button.first().waitFor();
  await page.mouse.wheel(0, 10_000);
  await button.first().hover();
  await button.first().focus();
  await page.getByRole("combobox").first().selectOption("ar");
  await page.evaluate(`document.querySelectorAll("form").forEach((form) => form.requestSubmit())`);
  for (const anchor of await page.locator("a[href]").all()) await anchor.click();
  await page.reload();
  await button.first().waitFor();
  await page.goto("about:blank");
  await page.goBack();
  await button.first().waitFor();
  await close();
  assert.ok(asked.length > 5);
  for (const line of asked) {
    assert.ok(line.startsWith("GET ") && !line.includes(secret), line);
  }
  const { status } = await fetch(`${server.url}/hosted/verification/exchange`, {
    method: "POST",
    headers: { origin: server.url, "content-type": "application/json" },
    body: JSON.stringify({ secret }),
  });
  assert.equal(status, 200, "it is good still");
});
