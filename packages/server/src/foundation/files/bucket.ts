import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../clock/clock.ts";
import { assert, Outage } from "../errors/errors.ts";
import { type FileStore, isFileName, type StoredFile } from "./files.ts";
import { type Credentials, sha256, signed } from "./signature.ts";

/** A bucket of an S3-compatible store. */
export type BucketSettings = Credentials & {
  /** `https://s3.eu-central-1.amazonaws.com`, `http://127.0.0.1:9000`; the bucket goes into the path. */
  readonly endpoint: string;
  readonly bucket: string;
  /** Before every name, without slashes at its ends; empty for none. */
  readonly prefix: string;
};

/** Longest wait for an answer, and for all of its bytes, ms. */
const TIMEOUT_MS = 30_000;

/**
 * Files in a bucket. S3 makes an object visible whole or not at all, and answers once it is lasting.
 * Objects are addressed by path, which every compatible store knows.
 */
export function bucketFiles(settings: BucketSettings, clock: Clock): FileStore {
  const { bucket, prefix } = settings;
  const before = prefix === "" ? "" : `${prefix}/`;
  const ask = asker(settings, clock);
  const pathOf = (name: string) => {
    assert(isFileName(name), "A file's name has other characters than it may.");
    return `/${bucket}/${before}${name}`;
  };
  return {
    place: `bucket ${bucket}`,
    put: async (name, content) => {
      const pieces: Uint8Array[] = [];
      for await (const piece of content) {
        pieces.push(piece);
        // Sealing a piece waits on nothing: without this, all of them are one turn of the event loop.
        await nextTurn();
      }
      await (await ask("PUT", pathOf(name), { body: Buffer.concat(pieces) })).arrayBuffer();
    },
    open: async (name) => (await ask("GET", pathOf(name))).body as AsyncIterable<Uint8Array> | null,
    remove: async (name) => void (await (await ask("DELETE", pathOf(name))).arrayBuffer()),
    walk: () => walk(`/${bucket}`, before, ask),
  };
}

/** Page after page, each as it is needed. */
async function* walk(
  path: string,
  before: string,
  ask: ReturnType<typeof asker>,
): AsyncGenerator<StoredFile> {
  let token: string | null = null;
  do {
    const query: Record<string, string> = { "list-type": "2", prefix: before };
    if (token !== null) query["continuation-token"] = token;
    const text = await (await ask("GET", path, { query })).text();
    yield* readList(text, before);
    // Said where there is more, whatever was on this page: none of it may have been ours.
    token = /<NextContinuationToken>([^<]+)</.exec(text)?.[1] ?? null;
  } while (token !== null);
}

type Asked = { readonly body?: Buffer; readonly query?: Readonly<Record<string, string>> };

function asker(settings: BucketSettings, clock: Clock) {
  return async (method: string, path: string, { body, query = {} }: Asked = {}) => {
    const url = new URL(path, settings.endpoint);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const request = { method, url, headers: {}, bodyHash: sha256(body ?? "") };
    const headers = signed(request, settings, clock.now());
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const init = { method, headers, signal, redirect: "error", ...(body && { body }) } as const;
    let answer: Response;
    try {
      answer = await fetch(url, init as RequestInit);
    } catch (cause) {
      throw new Outage("The store of documents does not answer.", { cause });
    }
    if (answer.ok) return answer;
    // A bucket that is missing must not look like a file that is, nor a file that was not kept.
    const mayMiss = answer.status === 404 && method !== "PUT";
    if (mayMiss && (await answer.text()).includes("NoSuchKey"))
      return new Response(null, { status: 204 });
    throw new Outage(`The store of documents answered ${answer.status}.`);
  };
}

/** Names and times of a ListObjectsV2 answer. Our names have no character that XML would escape. */
function readList(xml: string, before: string): readonly StoredFile[] {
  return [...xml.matchAll(/<Contents>([\s\S]*?)<\/Contents>/g)].flatMap(([, entry = ""]) => {
    const key = /<Key>([^<]*)<\/Key>/.exec(entry)?.[1] ?? "";
    const at = new Date(/<LastModified>([^<]*)<\/LastModified>/.exec(entry)?.[1] ?? "");
    const name = key.slice(before.length);
    const isOurs = key.startsWith(before) && isFileName(name) && !Number.isNaN(at.getTime());
    return isOurs ? [{ name, storedAt: at }] : [];
  });
}
