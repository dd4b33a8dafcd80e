import { createHmac, timingSafeEqual } from "node:crypto";
import { verificationErrors } from "../errors.ts";
import type { Headers } from "./port.ts";

/** The refusal of a webhook; it says nothing of what was wrong with it. */
export const notGenuine = () => verificationErrors.refusal("webhook_not_genuine");

/** A header that is there once; otherwise the empty text. */
export const headerOf = (headers: Headers, name: string): string => {
  const value = headers[name];
  return typeof value === "string" ? value : "";
};

/** Whether a text is the HMAC of some bytes in hexadecimal, under any of these secrets. */
export function isSignedBy(
  secrets: readonly string[],
  algorithm: "sha256" | "sha512",
  signed: Uint8Array,
  hex: string,
): boolean {
  const given = Buffer.from(hex, "hex");
  return secrets.some((secret) => {
    const right = createHmac(algorithm, secret).update(signed).digest();
    return given.length === right.length && timingSafeEqual(given, right);
  });
}

/** JSON of a webhook that is genuine. @throws Refusal `webhook_not_genuine` */
export function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    throw notGenuine();
  }
}
