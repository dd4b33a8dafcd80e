import { ProviderFailure } from "./port.ts";

/** Longest wait for an answer with all its bytes, ms. */
export const TIMEOUT_MS = 15_000;
/** Largest answer that is read, bytes. */
export const MAX_ANSWER_BYTES = 1_048_576;

export type Asked = {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
};

/** An answer: its status, and what its JSON says (`{}` where it has none). */
export type Answered = { readonly status: number; readonly json: Json };
export type Json = { readonly [name: string]: unknown };

/**
 * Asks a provider. A redirect is not followed: it would carry our credentials elsewhere.
 *
 * @param expected statuses beside 2xx that are an answer, too.
 * @throws ProviderFailure in words without what was sent or answered.
 */
export async function ask(
  { method, url, headers, body }: Asked,
  expected: readonly number[] = [],
  timeoutMs: number = TIMEOUT_MS,
): Promise<Answered> {
  const init = { method, headers: { ...headers, ...oneQuestion }, body, redirect: "manual" };
  const response = await reach(url, { ...init, signal: AbortSignal.timeout(timeoutMs) });
  const text = await readAll(response);
  const { status } = response;
  if (status >= 300 && !expected.includes(status)) {
    const after = response.headers.get("retry-after") ?? "";
    const retryAfterS = /^\d{1,6}$/.test(after) ? Number(after) : null;
    const isDown = status >= 500 || status === 429;
    throw new ProviderFailure(`The provider answered ${status}.`, { retryAfterS, isDown });
  }
  return { status, json: parse(text, status) };
}

/**
 * A connection that was left open may have been closed at the other end when it is used again: the question is lost
 * with it, and not each can be asked twice. They are few, so each has its own.
 */
const oneQuestion = { connection: "close" };

async function reach(url: string, init: object): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    throw unreachable(error);
  }
}

const unreachable = (error: unknown): ProviderFailure =>
  new ProviderFailure(
    (error as Error).name === "TimeoutError"
      ? "The provider did not answer in time."
      : "The provider cannot be reached.",
    { isDown: true },
  );

async function readAll({ body }: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const piece of (body ?? []) as AsyncIterable<Uint8Array>) {
      size += piece.length;
      if (size > MAX_ANSWER_BYTES) throw new ProviderFailure("The provider's answer is too large.");
      pieces.push(piece);
    }
  } catch (error) {
    throw error instanceof ProviderFailure ? error : unreachable(error);
  }
  return Buffer.concat(pieces).toString("utf8");
}

function parse(text: string, status: number): Json {
  if (text === "" || status >= 300) return isJson(text) ?? {};
  const json = isJson(text);
  if (json === null) throw notUnderstood();
  return json;
}

function isJson(text: string): Json | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Json) : null;
  } catch {
    return null;
  }
}

export const notUnderstood = (): ProviderFailure =>
  new ProviderFailure("The provider's answer is not understood.");

/** A value inside JSON that nobody vouches for; undefined where there is none. */
export const inside = (json: unknown, ...names: readonly (string | number)[]): unknown =>
  names.reduce<unknown>(
    (value, name) =>
      typeof value === "object" && value !== null ? (value as Json)[name] : undefined,
    json,
  );

/** A provider's id: one that is no short word of plain characters is not understood. */
export function idIn(value: unknown): string {
  if (typeof value !== "string" || !/^[\w.:-]{1,255}$/.test(value)) throw notUnderstood();
  return value;
}

/** A link for a person: one that does not lead to a page over TLS is not understood. */
export function linkIn(value: unknown): string {
  const isLink = typeof value === "string" && value.length <= 2_048 && URL.canParse(value);
  if (!isLink || new URL(value).protocol !== "https:") throw notUnderstood();
  return value;
}

/** Reasons as the API takes them: texts, bounded, without control characters. */
export const reasonsFrom = (values: readonly unknown[], otherwise: string): readonly string[] => {
  const texts = values
    .filter((value) => typeof value === "string")
    .map((value) =>
      value
        .replace(/\p{Cc}+/gu, " ")
        .trim()
        .slice(0, 500),
    )
    .filter((value) => value !== "");
  return texts.length === 0 ? [otherwise] : texts.slice(0, 20);
};
