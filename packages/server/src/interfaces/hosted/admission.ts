import type { FastifyReply, FastifyRequest } from "fastify";
import { linkErrors } from "../../records/links/errors.ts";
import type { ApiContext } from "../api/context.ts";

/** Whose browser asks, told by what the page sends: a bearer in the header; a cookie only to resume. */

const BEARER = /^Bearer ([A-Za-z0-9_-]{43})$/;

/** The bearer that the page holds in its memory. @throws Refusal `session_not_usable` */
export function bearerOf(request: FastifyRequest): string {
  const [, bearer] = BEARER.exec(request.headers.authorization ?? "") ?? [];
  if (bearer === undefined) throw linkErrors.refusal("session_not_usable");
  return bearer;
}

/**
 * The cookie by which a browser resumes: `__Host-`, which no other host and no plain http can set. Browsers do
 * not take that prefix over http, which is allowed for loopback alone: there it is named without.
 */
const cookieOf = ({ publicUrl }: ApiContext) => {
  const secure = publicUrl().startsWith("https:");
  const name = "cardwright-verification";
  return { name: secure ? `__Host-${name}` : name, secure };
};

/** The bearer in the cookie; null where there is none. */
export function cookieBearer(context: ApiContext, request: FastifyRequest): string | null {
  const { name } = cookieOf(context);
  const pairs = (request.headers.cookie ?? "").split(/;\s*/);
  const found = pairs.find((pair) => pair.startsWith(`${name}=`));
  return found?.slice(name.length + 1) ?? null;
}

/** Lets the browser resume for so many seconds. No script reads it, no other site's request carries it. */
export function setCookie(
  context: ApiContext,
  reply: FastifyReply,
  bearer: string,
  seconds: number,
): void {
  const { name, secure } = cookieOf(context);
  const words = [
    `${name}=${bearer}`,
    "Path=/",
    `Max-Age=${seconds}`,
    "HttpOnly",
    "SameSite=Strict",
  ];
  reply.header("set-cookie", [...words, ...(secure ? ["Secure"] : [])].join("; "));
}

/**
 * Only our own page may exchange a link or resume by the cookie. Another site could otherwise put its own
 * session into somebody's browser, who would then give its documents away.
 *
 * @throws Refusal `link_not_usable`
 */
export function requireOwnPage(context: ApiContext, request: FastifyRequest): void {
  const { origin } = request.headers;
  const site = request.headers["sec-fetch-site"];
  const own = [context.publicUrl(), `https://${request.host}`, `http://${request.host}`];
  const isOwn =
    (origin !== undefined || site !== undefined) &&
    (origin === undefined || own.includes(origin)) &&
    (site === undefined || site === "same-origin");
  if (!isOwn) throw linkErrors.refusal("link_not_usable");
}
