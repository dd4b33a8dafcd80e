import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { publishedCodes } from "../src/interfaces/api/codes.ts";
import { openApiDocument } from "../src/interfaces/api/openapi.ts";
import { routes } from "../src/interfaces/api/routes.ts";
import { issueCodes } from "../src/issuing/cards/errors.ts";
import { cardLifecycle } from "../src/issuing/cards/model.ts";
import { customerLifecycle } from "../src/issuing/customers/model.ts";
import { listGuides } from "./harness/guide.ts";

/** What the pages say of each other, of codes and of paths is so. */
const root = fileURLToPath(new URL("../../../", import.meta.url));
const pages = [...globSync("*.md", { cwd: root }), ...globSync("docs/**/*.md", { cwd: root })]
  .sort()
  .map((name) => ({ name, text: readFileSync(path.join(root, name), "utf8") }));
const codes = new Set(publishedCodes().map(({ code }) => code));

/** A page without its blocks of code, in which brackets are no links. */
const prose = (text: string): string => text.replace(/^```[\s\S]*?^```$/gm, "");

function linksOf(text: string): string[] {
  return [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
}

/** The anchors of a page's headings, as they are made by those who show it. */
function anchorsOf(text: string): string[] {
  return [...prose(text).matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

test("every link of a page leads to a page that is there, and to a heading that it has", () => {
  assert.ok(pages.length > 20, "the pages were found");
  const broken = pages.flatMap(({ name, text }) =>
    linksOf(text)
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => !leads(path.join(root, name), target))
      .map((target) => `${name}: ${target}`),
  );
  assert.deepEqual(broken, []);
});

function leads(from: string, target: string): boolean {
  const [file = "", anchor] = target.split("#");
  const to = file === "" ? from : path.resolve(path.dirname(from), file);
  if (!existsSync(to)) return false;
  return anchor === undefined || anchorsOf(readFileSync(to, "utf8")).includes(anchor);
}

test("README names every guide", () => {
  const named = linksOf(readFileSync(path.join(root, "README.md"), "utf8"));
  for (const { name } of listGuides()) assert.ok(named.includes(`docs/guides/${name}`), name);
});

const guideText = (name: string): string =>
  pages.find((page) => page.name === `docs/guides/${name}`)?.text ?? "";

test("every condition that can stop an issue is in the guides about it", () => {
  const text = guideText("before-you-issue.md") + guideText("troubleshooting.md");
  const missing = issueCodes.filter((code) => !text.includes(`\`${code}\``));
  assert.deepEqual(missing, []);
});

test("every status of a customer and of a card is in the guide about it", () => {
  const guides = [
    ["before-you-issue.md", customerLifecycle.states],
    ["status.md", cardLifecycle.states],
  ] as const;
  for (const [name, states] of guides) {
    const missing = states.filter((state) => !guideText(name).includes(`\n| \`${state}\` |`));
    assert.deepEqual(missing, [], name);
  }
});

/** The codes in the column `code` of a page's tables. */
function codesInTables(text: string): string[] {
  const tables = prose(text).match(/^\|[^\n]*\n\| ?---[^\n]*\n(?:\|[^\n]*\n)+/gm) ?? [];
  return tables.flatMap((table) => {
    const [head = [], , ...rows] = table
      .trim()
      .split("\n")
      .map((line) => line.split("|").map((cell) => cell.trim()));
    const column = head.indexOf("code");
    if (column < 0) return [];
    return rows.flatMap((row) => row[column]?.match(/`[^`]+`/g) ?? []);
  });
}

test("every code in the tables of a guide is a code of the API", () => {
  for (const { name } of listGuides()) {
    const unknown = codesInTables(guideText(name)).filter((code) => !codes.has(code.slice(1, -1)));
    assert.deepEqual(unknown, [], name);
  }
  const told = codesInTables(guideText("troubleshooting.md"));
  assert.ok(told.length >= 25, "the guide to troubleshooting has its table");
});

test("every path that a page names is one of the API", () => {
  const known = Object.entries(openApiDocument(routes).paths as object).flatMap(([of, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${bare(of)}`),
  );
  const named = pages
    .filter(({ name }) => name.startsWith("docs/guides/") || name === "README.md")
    .flatMap(({ name, text }) =>
      [...prose(text).matchAll(/`(GET|POST|PATCH|PUT|DELETE) (\/v1\/[^`]+)`/g)].map(
        ([, method, of = ""]) => ({ name, call: `${method} ${bare(of)}` }),
      ),
    );
  assert.ok(named.length >= 30, "the paths were found");
  const unknown = named.filter(({ call }) => !known.includes(call));
  assert.deepEqual(unknown, []);
});

/** A path without its query, and with one name for all that is filled in. */
const bare = (of: string): string => of.replace(/\?.*$/, "").replaceAll(/\{[^}]+\}/g, "{}");

test("every code has a remedy", () => {
  const without = publishedCodes().filter(({ remedy }) => remedy === null);
  assert.deepEqual(
    without.map(({ code }) => code),
    [],
  );
});
