import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { FastifyInstance, FastifyReply } from "fastify";
import { alpha2Of, countries } from "../../foundation/countries/countries.ts";
import { VERIFICATION_PAGE } from "../../issuing/customers/actions/sessions.ts";
import { pageLanguages } from "../../issuing/customers/model/sessions.ts";

/** The files of the page lie beside this one; its scripts are made of TypeScript by `npm run generate`. */
const folder = fileURLToPath(new URL("page/", import.meta.url));

/** What may run, be shown and be asked: this server's own, and pictures that the person has just chosen. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "connect-src 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const headers = {
  "content-security-policy": policy,
  "referrer-policy": "no-referrer",
  "permissions-policy": "camera=(self), microphone=(), geolocation=(), payment=()",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "x-frame-options": "DENY",
  "x-robots-tag": "noindex, nofollow",
} as const;

const mediaTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".svg": "image/svg+xml",
};

type Asset = { readonly type: string; readonly content: string };

/** Adds the page of verification. Reading it does nothing: only its first button spends the link. */
export async function addPages(app: FastifyInstance): Promise<void> {
  const root = `/${VERIFICATION_PAGE}/`;
  for (const [name, { type, content }] of await readAssets()) {
    app.get(root + name, async (_request, reply) => send(reply, type, content));
  }
  app.get(root.slice(0, -1), async (_request, reply) => reply.redirect(root, 308));
}

function send(reply: FastifyReply, type: string, content: string): FastifyReply {
  return reply.headers(headers).header("content-type", type).send(content);
}

/** Everything that the page is made of, by its name in the address; the page itself has none. */
async function readAssets(): Promise<Map<string, Asset>> {
  const assets = new Map<string, Asset>();
  for (const file of await readdir(folder, { recursive: true })) {
    const type = mediaTypes[path.extname(file)];
    if (type === undefined || file === "tsconfig.json") continue;
    const name = file.split(path.sep).join("/");
    const content = await readFile(path.join(folder, file), "utf8");
    assets.set(name, { type, content });
  }
  const page = assets.get("index.html");
  if (page !== undefined) assets.set("", { ...page, content: withTexts(page.content, assets) });
  assets.delete("index.html");
  const pairs = countries.map((code) => [code, alpha2Of(code)]);
  const type = mediaTypes[".json"] ?? "";
  assets.set("countries.json", { type, content: JSON.stringify(pairs) });
  return assets;
}

/** The few texts that stand in the page before a script runs: in every language, as nobody has asked yet. */
function withTexts(html: string, assets: ReadonlyMap<string, Asset>): string {
  const all = pageLanguages.map(
    (language) =>
      JSON.parse(assets.get(`messages/${language}.json`)?.content ?? "{}") as Record<
        string,
        string
      >,
  );
  const [first = {}] = all;
  const noscript = all.map((messages) => `<p dir="auto">${messages.noscript}</p>`).join("");
  return html.replace("{{title}}", first.title ?? "").replace("{{noscript}}", noscript);
}
