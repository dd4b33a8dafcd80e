import type { FastifyRequest } from "fastify";
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

const NAME = "cardwright-verification";
const LOOPBACK = /^http:\/\/(?:127\.\d+\.\d+\.\d+|localhost|\[::1\])(?::\d+)?$/;

/**
 * The cookie by which a browser resumes: `__Host-`, which no other host and no plain http can set. Over http on
 * loopback it is named without: Chromium takes that prefix there, not every browser does. Over http anywhere
 * else there is none: everybody on the way could read it.
 */
const cookieOf = ({ publicUrl }: Pick<ApiContext, "publicUrl">) => {
  const url = publicUrl();
  if (url.startsWith("https:")) return { name: `__Host-${NAME}`, secure: true };
  return LOOPBACK.test(url) ? { name: NAME, secure: false } : null;
};

/** The bearer in the cookie; null where there is none. */
export function cookieBearer(
  context: Pick<ApiContext, "publicUrl">,
  request: Pick<FastifyRequest, "headers">,
): string | null {
  const cookie = cookieOf(context);
  if (cookie === null) return null;
  const pairs = (request.headers.cookie ?? "").split(/;\s*/);
  const found = pairs.find((pair) => pair.startsWith(`${cookie.name}=`));
  return found?.slice(cookie.name.length + 1) ?? null;
}

/** The cookie that lets the browser resume for so many seconds; null where it must not have one. */
export function resumeCookie(
  context: Pick<ApiContext, "publicUrl">,
  bearer: string,
  seconds: number,
): string | null {
  const cookie = cookieOf(context);
  if (cookie === null) return null;
  const { name, secure } = cookie;
  const words = [
    `${name}=${bearer}`,
    "Path=/",
    `Max-Age=${seconds}`,
    "HttpOnly",
    // No other site's request carries it.
    "SameSite=Strict",
  ];
  return [...words, ...(secure ? ["Secure"] : [])].join("; ");
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
