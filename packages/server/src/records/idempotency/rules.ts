import { hash } from "node:crypto";
import { assert } from "../../foundation/errors/errors.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import type { Keys } from "../../foundation/keys/keys.ts";
import {
  type PersonalPlaces,
  replaceAll,
  valueAt,
  valuesAt,
} from "../../foundation/route/personal.ts";
import { idempotencyErrors } from "./errors.ts";
import type { Answer, KeyRef, StoredAnswer } from "./model.ts";

/** Codes of 409 and 422 that are not decisions about the request, so that they are never replayed. */
const transient: ReadonlySet<string> = new Set(Object.keys(idempotencyErrors.entries));

/**
 * Checks the header's value.
 *
 * @throws Refusal `idempotency_key_invalid`.
 */
export function checkKey(key: string): string {
  if (/^[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(key)) return key;
  throw idempotencyErrors.refusal("idempotency_key_invalid", undefined, {
    field: "Idempotency-Key",
  });
}

/** Whether an answer is kept for replay (PRODUCT §2): 2xx, and what business rules refuse. */
export function isStored(status: number, code: string | null): boolean {
  if (status >= 200 && status < 300) return true;
  return (status === 409 || status === 422) && !transient.has(code ?? "");
}

/** The number an organization's key is locked by: 64 bits of a SHA-256, signed. */
export function lockNumber({ organizationId, key }: KeyRef): bigint {
  return hash("sha256", `${organizationId}\n${key}`, "buffer").readBigInt64BE();
}

/** Keyed hash of what was asked; the order of an object's members does not count. 32 bytes. */
export function fingerprint(
  keys: Keys,
  routeId: string,
  params: unknown,
  query: unknown,
  body: unknown,
): Uint8Array {
  return keys.mac("idempotency", canonicalJson([routeId, params, query, body]));
}

/** JSON with sorted members; a member without a value is left out, as in JSON.stringify. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value ?? null, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/**
 * What is to be done with a request whose key has an answer: replay it.
 *
 * @throws Refusal `idempotency_key_reused` when the answer belongs to another request.
 */
export function checkSameRequest(
  stored: StoredAnswer,
  asked: { readonly route: string; readonly fingerprint: Uint8Array },
): StoredAnswer {
  const same = Buffer.compare(stored.fingerprint, asked.fingerprint) === 0;
  if (same && stored.route === asked.route) return stored;
  throw idempotencyErrors.refusal("idempotency_key_reused");
}

/** What of an answer is about a person, and what is left without it. */
export type PersonalPart = {
  readonly subjectOrganizationId: OrganizationId;
  readonly subjectId: string;
  /** Values by dotted path, JSON. */
  readonly json: string;
};

/**
 * Takes what is personal out of a body, and leaves null there.
 *
 * @returns the body as it is where it has nothing personal.
 */
export function splitAnswer(
  body: string,
  places: PersonalPlaces | null,
): { readonly body: string; readonly part: PersonalPart | null } {
  if (places === null) return { body, part: null };
  const shown = JSON.parse(body) as Readonly<Record<string, unknown>>;
  const values = valuesAt(shown, places.fields);
  const taken = Object.keys(values);
  if (taken.length === 0) return { body, part: null };
  const [subjectId] = places.subject.map((path) => valueAt(shown, path)).filter(isText);
  const subjectOrganizationId = valueAt(shown, places.organization);
  assert(subjectId !== undefined && isText(subjectOrganizationId), "Personal data has a person.");
  return {
    body: JSON.stringify(replaceAll(shown, taken, () => null)),
    part: {
      subjectOrganizationId: subjectOrganizationId as OrganizationId,
      subjectId,
      json: JSON.stringify(values),
    },
  };
}

/** The whole answer again; where the values are gone (null) the nulls stay, and it says so. */
export function joinAnswer(body: string, json: string | null): string {
  const shown = JSON.parse(body) as Readonly<Record<string, unknown>>;
  if (json === null) return JSON.stringify({ ...shown, personalErased: true });
  const values = JSON.parse(json) as Readonly<Record<string, unknown>>;
  return JSON.stringify(replaceAll(shown, Object.keys(values), (path) => values[path]));
}

const isText = (value: unknown): value is string => typeof value === "string";

/** What the sealed part of an answer is bound to: it opens in no other answer. */
export const answerRecord = ({ organizationId, key }: KeyRef): string =>
  `answer ${organizationId} ${key}`;

/** The body as it may be stored: null in place of each secret, and `secretOmitted` beside. */
export function bodyToStore({
  body,
  secretFields = [],
}: Pick<Answer, "body" | "secretFields">): string {
  if (secretFields.length === 0) return body;
  const whole: unknown = JSON.parse(body);
  const copy = secretFields.reduce((rest, path) => omit(rest, path.split(".")), whole);
  return JSON.stringify({ ...(copy as object), secretOmitted: true });
}

function omit(value: unknown, [name = "", ...rest]: readonly string[]): unknown {
  if (typeof value !== "object" || value === null || !(name in value)) return value;
  const members = value as Record<string, unknown>;
  return { ...members, [name]: rest.length === 0 ? null : omit(members[name], rest) };
}
