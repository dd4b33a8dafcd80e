import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { alpha2Of, countries } from "../../foundation/countries/countries.ts";
import type { Sql } from "../../foundation/database/sql.ts";
import { assert } from "../../foundation/errors/errors.ts";
import { VERIFICATION_PAGE } from "../../issuing/customers/actions/sessions.ts";
import { pageLanguages } from "../../issuing/customers/model/sessions.ts";
import { embedOriginsOf } from "../../issuing/organizations/actions.ts";
import type { ApiContext } from "../api/context.ts";

/** The files of the page lie beside this one; its scripts are made of TypeScript by `npm run generate`. */
const folder = fileURLToPath(new URL("page/", import.meta.url));

/**
 * What may run, be shown and be asked: this server's own, and pictures that the person has just chosen.
 *
 * @param ancestors origins that may show the page in a frame.
 */
const policyFor = (ancestors: readonly string[]): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob:",
    "connect-src 'self'",
    "form-action 'none'",
    `frame-ancestors ${ancestors.join(" ") || "'none'"}`,
    "base-uri 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");

const headers = {
  "referrer-policy": "no-referrer",
  "permissions-policy": "camera=(self), microphone=(), geolocation=(), payment=()",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
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

/**
 * Adds the page of verification. Reading it does nothing: only its first button spends the link.
 *
 * @param onRequest counts the readings of the page itself, which may look into the database.
 */
export async function addPages(
  app: FastifyInstance,
  { database }: Pick<ApiContext, "database">,
  onRequest: (request: FastifyRequest) => Promise<void>,
): Promise<void> {
  const root = `/${VERIFICATION_PAGE}/`;
  const { page, others } = await readAssets();
  for (const [name, asset] of others) {
    app.get(root + name, async (_request, reply) => send(reply, asset));
  }
  app.get(root, { onRequest }, async ({ query }, reply) =>
    send(reply, page, await ancestorsOf(database, query)),
  );
  app.get(root.slice(0, -1), async ({ raw: { url = "" } }, reply) => {
    const query = url.includes("?") ? url.slice(url.indexOf("?")) : "";
    return reply.redirect(root + query, 308);
  });
}

/** Who may embed the page: what the organization has said that the link names. */
async function ancestorsOf(sql: Sql, query: unknown): Promise<readonly string[]> {
  const { organization } = query as { readonly organization?: unknown };
  const isNamed = typeof organization === "string" && /^org_\w{1,60}$/.test(organization);
  return isNamed ? embedOriginsOf(sql, organization) : [];
}

/** Sends a file; the older of the two headers against frames cannot name an origin. */
function send(
  reply: FastifyReply,
  { type, content }: Asset,
  ancestors: readonly string[] = [],
): FastifyReply {
  reply.headers(headers).header("content-security-policy", policyFor(ancestors));
  if (ancestors.length === 0) reply.header("x-frame-options", "DENY");
  return reply.header("content-type", type).send(content);
}

/** The page, and everything else that it is made of by its name in the address. */
async function readAssets(): Promise<{ page: Asset; others: ReadonlyMap<string, Asset> }> {
  const assets = new Map<string, Asset>();
  for (const file of await readdir(folder, { recursive: true })) {
    const type = mediaTypes[path.extname(file)];
    if (type === undefined || file === "tsconfig.json") continue;
    const name = file.split(path.sep).join("/");
    const content = await readFile(path.join(folder, file), "utf8");
    assets.set(name, { type, content });
  }
  const bare = assets.get("index.html");
  assert(bare !== undefined, "The page lies beside this file.");
  assets.delete("index.html");
  const page = { ...bare, content: withTexts(bare.content, assets) };
  const pairs = countries.map((code) => [code, alpha2Of(code)]);
  const type = mediaTypes[".json"] ?? "";
  assets.set("countries.json", { type, content: JSON.stringify(pairs) });
  return { page, others: assets };
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
