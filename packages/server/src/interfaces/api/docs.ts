import { createHash } from "node:crypto";
import type { FastifyInstance } from "fastify";

/** What the page shows; it fetches nothing but our own document. */
const configuration = {
  url: "/openapi.json",
  pageTitle: "Cardwright API",
  withDefaultFonts: false,
  telemetry: false,
  hideClientButton: true,
  showDeveloperTools: "never",
  agent: { disabled: true },
  mcp: { disabled: true },
} as const;

const INLINE_SCRIPT = /<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g;

/** A policy under which the page runs its own scripts and talks to this server alone. */
function policyFor(html: string): string {
  const hashes = [...html.matchAll(INLINE_SCRIPT)].map(([, script = ""]) => {
    const digest = createHash("sha256").update(script).digest("base64");
    return `'sha256-${digest}'`;
  });
  return [
    "default-src 'none'",
    `script-src 'self' ${hashes.join(" ")}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/** Adds the browsable documentation at `/docs`, from assets that the server itself has. */
export async function addDocs(app: FastifyInstance): Promise<void> {
  const { default: apiReference } = await import("@scalar/fastify-api-reference");
  await app.register(async (docs) => {
    docs.addHook("onSend", async (_request, reply, payload) => {
      const type = String(reply.getHeader("content-type") ?? "");
      if (type.startsWith("text/html") && typeof payload === "string") {
        reply.header("content-security-policy", policyFor(payload));
        reply.header("referrer-policy", "no-referrer");
      }
      if (type.includes("javascript")) reply.header("cache-control", "public, max-age=3600");
      return payload;
    });
    await docs.register(apiReference, { routePrefix: "/docs", configuration });
  });
}
