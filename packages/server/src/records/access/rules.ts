import { createHash } from "node:crypto";
import { BlockList, isIPv4, isIPv6 } from "node:net";
import { crc32 } from "node:zlib";
import { type OrganizationId, PLATFORM } from "../../foundation/ids/ids.ts";
import type { Mode } from "../../foundation/route/route.ts";
import { type Scope, scopes } from "./model.ts";

/** 256 random bits. */
export const SECRET_BYTES = 32;

/** Characters of 256 bits, and of the 32-bit check behind them, in base 62. */
const SECRET_LENGTH = 43;
const CHECK_LENGTH = 6;

/** Characters of the random part that a hint shows: 24 of 256 bits. */
const HINT_LENGTH = 4;

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Finds an API key anywhere in a text: for refusing one in a URL, and for leak scanners. */
export const apiKeyPattern = /cw_(?:sandbox|live|platform)_[A-Za-z0-9]{8,}/;

const WHOLE = new RegExp(
  `^cw_(?:sandbox|live|platform)_[A-Za-z0-9]{${SECRET_LENGTH + CHECK_LENGTH}}$`,
);

/** Writes the secret of a key: what it is for, 256 bits, and a check that finds typing mistakes. */
export function writeSecret(organizationId: OrganizationId, mode: Mode, bits: Uint8Array): string {
  const prefix = `cw_${organizationId === PLATFORM ? "platform" : mode}_`;
  const body = prefix + inBase62(BigInt(`0x${Buffer.from(bits).toString("hex")}`), SECRET_LENGTH);
  return body + inBase62(BigInt(crc32(body)), CHECK_LENGTH);
}

/**
 * Whether a text has the form and the check of a secret. Says nothing about whether there is such a
 * key.
 */
export function looksLikeSecret(text: string): boolean {
  if (!WHOLE.test(text)) return false;
  const body = text.slice(0, -CHECK_LENGTH);
  return text.slice(-CHECK_LENGTH) === inBase62(BigInt(crc32(body)), CHECK_LENGTH);
}

/** What of a secret may be shown: `cw_live_Ab3x`. */
export function hintOf(secret: string): string {
  return secret.slice(0, secret.lastIndexOf("_") + 1 + HINT_LENGTH);
}

/** How a secret is stored. 256 random bits need no salt and no slow hash. */
export function hashSecret(secret: string): Uint8Array {
  return createHash("sha256").update(secret).digest();
}

function inBase62(value: bigint, length: number): string {
  let rest = value;
  let text = "";
  for (let place = 0; place < length; place += 1) {
    text = DIGITS.charAt(Number(rest % 62n)) + text;
    rest /= 62n;
  }
  return text;
}

/** Whether keys of an organization may hold a scope at all. */
export function mayHold(organizationId: OrganizationId, name: string): name is Scope {
  const audience = Object.hasOwn(scopes, name) ? scopes[name as Scope].audience : null;
  const own = organizationId === PLATFORM ? "platform" : "organization";
  return audience === "any" || audience === own;
}

/** Every scope that keys of an organization may hold. */
export const scopesFor = (organizationId: OrganizationId): Scope[] =>
  (Object.keys(scopes) as Scope[]).filter((name) => mayHold(organizationId, name));

/** An entry of an allow-list, read. */
type Range = { readonly address: string; readonly bits: number; readonly family: "ipv4" | "ipv6" };

/** Reads `203.0.113.7`, `203.0.113.0/24`, `2001:db8::/32`; null for anything else. */
export function readRange(text: string): Range | null {
  const [address = "", bits, ...more] = text.split("/");
  const longest = isIPv4(address) ? 32 : isIPv6(address) && !address.includes("%") ? 128 : 0;
  if (longest === 0 || more.length > 0) return null;
  if (bits !== undefined && !/^(0|[1-9]\d{0,2})$/.test(bits)) return null;
  const length = bits === undefined ? longest : Number(bits);
  if (length > longest) return null;
  return { address, bits: length, family: longest === 32 ? "ipv4" : "ipv6" };
}

/** Makes the test of an address against an allow-list; an empty list lets every address pass. */
export function allowing(list: readonly string[]): (ip: string) => boolean {
  if (list.length === 0) return () => true;
  const allowed = new BlockList();
  for (const text of list) {
    const range = readRange(text);
    if (range !== null) allowed.addSubnet(range.address, range.bits, range.family);
  }
  return (ip) => {
    // A peer by link-local address carries the name of an interface behind a percent sign.
    const address = ip.replace(/%.*$/, "");
    if (isIPv4(address)) return allowed.check(address, "ipv4");
    // IPv4 peers of a socket that listens on IPv6 (::ffff:203.0.113.7) are told apart by BlockList.
    return isIPv6(address) && allowed.check(address, "ipv6");
  };
}
