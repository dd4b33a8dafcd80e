import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { routes } from "../../src/interfaces/api/routes.ts";
import type { DevFacts } from "../harness/process.ts";

/** Where the server is at present; null while there is none. Once it is over nobody asks any more. */
export type Whereabouts = { facts: DevFacts | null; isOver: boolean };

/** A write that was acknowledged: what the audit log must have of it, and what it answers ever after. */
export type Acknowledged = {
  readonly action: string;
  readonly objectId: string;
  readonly answer: Body;
  /** Asks once more with the same key. */
  again(): Promise<Body>;
};

// biome-ignore lint/suspicious/noExplicitAny: looks into answers of every route.
export type Body = any;
type Params = Readonly<Record<string, string>>;

/** The answer to somebody with a private link. */
export type Heard = { readonly status: number; readonly body: Body; readonly cookie: string };

/** One who asks a server that is killed again and again, as a careful backend and a person's browser do. */
export type Patient = {
  /**
   * Calls a route by its id with a key of its own, again and again until there is an answer, which is no
   * refusal. A body of bytes is sent slowly.
   *
   * @param as the organization; the platform; or a second person of the platform.
   */
  call(
    as: "own" | "platform" | "second",
    route: string,
    params: Params,
    body?: Body,
  ): Promise<Body>;
  /** Reads a route until there is an answer. */
  read(as: "own" | "platform", path: string): Promise<Body>;
  /** Asks an address of the hosted page once; null where no whole answer came. */
  ask(method: string, path: string, body?: Body, headers?: Params): Promise<Heard | null>;
  readonly acknowledged: Acknowledged[];
  /** How often no answer came. */
  lost: number;
};

const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const PIECES = 8;
const PAUSE_MS = 4;

type Sent = { readonly status: number; readonly text: string; readonly cookie: string };

/** @throws Error when no whole answer arrives. */
function send(url: string, method: string, body: Body, headers: Params): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const isFile = Buffer.isBuffer(body);
    const type = isFile ? "application/octet-stream" : "application/json";
    const content = isFile ? body : Buffer.from(body === undefined ? "" : JSON.stringify(body));
    const length = { "content-type": type, "content-length": content.length };
    const options = { method, agent, timeout: 20_000 };
    const all = { ...headers, ...(body === undefined ? {} : length) };
    const call = request(url, { ...options, headers: all }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => void parts.push(part));
      response.on("error", reject);
      response.on("end", () => {
        if (!response.complete) return reject(new Error("The answer was cut."));
        const [cookie = ""] = response.headers["set-cookie"] ?? [];
        const text = Buffer.concat(parts).toString("utf8");
        return resolve({ status: response.statusCode ?? 0, text, cookie });
      });
    });
    call.on("timeout", () => call.destroy(new Error("No answer.")));
    call.on("error", reject);
    void write(call, content, isFile ? PIECES : 1);
  });
}

async function write(
  call: ReturnType<typeof request>,
  content: Buffer,
  pieces: number,
): Promise<void> {
  const size = Math.max(1, Math.ceil(content.length / pieces));
  for (let at = 0; at < content.length && !call.destroyed; at += size) {
    call.write(content.subarray(at, at + size));
    if (pieces > 1) await sleep(PAUSE_MS);
  }
  if (!call.destroyed) call.end();
}

const isFinal = ({ status, text }: Sent): boolean =>
  status < 500 && status !== 429 && !text.includes("idempotency_in_progress");

/** @param secondKey secret of another key of the platform, of another person. */
export function patientWith(where: Whereabouts, secondKey: string): Patient {
  const acknowledged: Acknowledged[] = [];
  let count = 0;
  const keyOf = (facts: DevFacts, as: "own" | "platform" | "second") =>
    ({ own: facts.apiKey, platform: facts.platformKey, second: secondKey })[as];

  const tryOnce = async (
    path: string,
    method: string,
    body: Body,
    headersOf: (facts: DevFacts) => Params,
  ): Promise<Sent | null> => {
    while (where.facts === null && !where.isOver) await sleep(10);
    const { facts } = where;
    assert.ok(facts !== null, "It is over.");
    const sent = await send(facts.url + path, method, body, headersOf(facts)).catch(() => null);
    if (sent !== null && isFinal(sent)) return sent;
    patient.lost += sent === null ? 1 : 0;
    await sleep(20);
    return null;
  };

  const until = async (
    path: string,
    method: string,
    body: Body,
    headersOf: (facts: DevFacts) => Params,
  ): Promise<Body> => {
    for (let attempt = 0; ; attempt += 1) {
      const sent = await tryOnce(path, method, body, headersOf);
      assert.ok(attempt < 1_000, `${method} ${path} is not answered`);
      if (sent === null) continue;
      assert.ok(sent.status < 300, `${method} ${path}: ${sent.status} ${sent.text}`);
      return JSON.parse(sent.text);
    }
  };

  const patient: Patient = {
    acknowledged,
    lost: 0,
    async call(as, id, params, body) {
      const route = routes.find((each) => each.id === id);
      assert.ok(route, `There is a route ${id}.`);
      const used = new Set<string>();
      const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
        used.add(name);
        return params[name] ?? "";
      });
      const query = Object.entries(params).filter(([name]) => !used.has(name));
      const search = query.length > 0 ? `?${new URLSearchParams(query)}` : "";
      count += 1;
      const key = `asked-${count}`;
      const again = () =>
        until(`/v1${path}${search}`, route.method, body, (facts) => ({
          authorization: `Bearer ${keyOf(facts, as)}`,
          "idempotency-key": key,
        }));
      const answer = await again();
      acknowledged.push({ action: id, objectId: params.id ?? answer.id, answer, again });
      return answer;
    },
    read: (as, path) =>
      until(`/v1${path}`, "GET", undefined, (facts) => ({
        authorization: `Bearer ${keyOf(facts, as)}`,
      })),
    async ask(method, path, body, headers = {}) {
      const sent = await tryOnce(`/hosted/verification/${path}`, method, body, ({ url }) => ({
        origin: url,
        "sec-fetch-site": "same-origin",
        ...headers,
      }));
      if (sent === null) return null;
      const cookie = sent.cookie.split(";")[0] ?? "";
      return { status: sent.status, body: JSON.parse(sent.text), cookie };
    },
  };
  return patient;
}
