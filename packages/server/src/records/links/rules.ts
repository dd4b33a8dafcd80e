import { createHash } from "node:crypto";
import type { OrganizationId } from "../../foundation/ids/ids.ts";

/** Of a link and of a session: 256 random bits. */
export const SECRET_BYTES = 32;

const WHOLE = /^[A-Za-z0-9_-]{43}$/;

/** A secret as it stands in a link, and as a session's bearer. */
export const writeSecret = (bits: Uint8Array): string => Buffer.from(bits).toString("base64url");

/** Whether a text has the form of a secret; says nothing about whether there is one. */
export const looksLikeSecret = (text: string): boolean => WHOLE.test(text);

/** How a secret is stored. 256 random bits need no salt and no slow hash. */
export const hashSecret = (secret: string): Uint8Array =>
  createHash("sha256").update(secret).digest();

/**
 * The address of a page with the secret in its fragment, which no browser sends: neither a preview nor a
 * proxy nor a log of ours sees it. Whose the link is, it says openly: by that the page knows, before it has the
 * secret, who may embed it.
 *
 * @param publicUrl without a slash at its end.
 */
export const linkTo = (
  publicUrl: string,
  page: string,
  of: { readonly organizationId: OrganizationId; readonly secret: string },
): string => `${publicUrl}/${page}/?organization=${of.organizationId}#${of.secret}`;
