/** Doubles of the providers: real servers on loopback that check what the real ones check. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after } from "node:test";

/** What a double does instead of answering. */
export type Fault = "500" | "429" | "hang" | "garbage" | "huge" | "redirect" | "cut" | "403";

export type Request = {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
};

type Answer = { readonly status: number; readonly json?: unknown };

export type Double = {
  readonly url: string;
  /** Every request that came, those that a fault met too. */
  readonly requests: Request[];
  /** What becomes of the next requests, in order; then they are answered. */
  readonly faults: Fault[];
  /** Called when a request was carried out, before it is answered. */
  afterwards: (request: Request) => Promise<void> | void;
  /** Nobody is there any more. */
  close(): Promise<void>;
};

const faults: Readonly<Record<Fault, (response: ServerResponse) => unknown>> = {
  "500": (response) => response.writeHead(500).end('{"secret":"inside"}'),
  "403": (response) => response.writeHead(403).end('{"description":"Ada Example"}'),
  "429": (response) => response.writeHead(429, { "retry-after": "120" }).end(),
  hang: () => undefined,
  garbage: (response) => response.writeHead(200).end("<html>not JSON"),
  huge: (response) => response.writeHead(200).end("x".repeat(2_000_000)),
  redirect: (response) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end(),
  cut: (response) => response.socket?.destroy(),
};

async function startDouble(answer: (request: Request) => Answer): Promise<Double> {
  const server = createServer(async (incoming, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of incoming) pieces.push(piece as Buffer);
    const { method = "", url: path = "", headers } = incoming;
    const request = { method, path, headers, body: Buffer.concat(pieces) };
    double.requests.push(request);
    const fault = double.faults.shift();
    if (fault !== undefined) return void faults[fault](response);
    const { status, json } = answer(request);
    await double.afterwards(request);
    response.writeHead(status, { "content-type": "application/json" });
    response.end(json === undefined ? "" : JSON.stringify(json));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  const { port } = server.address() as AddressInfo;
  const double: Double = {
    url: `http://127.0.0.1:${port}`,
    requests: [],
    faults: [],
    afterwards: () => undefined,
    close,
  };
  after(close);
  return double;
}

const hmac = (secret: string, algorithm: string, ...parts: (string | Buffer)[]): string => {
  const sum = createHmac(algorithm, secret);
  for (const part of parts) sum.update(part);
  return sum.digest("hex");
};

const isSame = (one: string, other: unknown): boolean =>
  typeof other === "string" &&
  one.length === other.length &&
  timingSafeEqual(Buffer.from(one), Buffer.from(other));

export const sumsubSettings = {
  appToken: "sbx:example",
  secretKey: "secret-of-the-token",
  webhookSecrets: ["secret-of-the-webhook", "the-next-secret"],
  levels: { "individual.basic": "basic kyc", "business.basic": "kyb" },
};

type Reviewed = { reviewStatus: string; reviewResult?: object };

export type SumsubApplicant = {
  readonly id: string;
  readonly level: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it.
  readonly body: any;
  /** Each form as it came. */
  readonly images: string[];
  review: Reviewed;
};

/** One it does not know comes with what it is to be called, and a role that it knows. */
function linkPerson({ body: applicant }: SumsubApplicant, body: Buffer): Answer {
  const { beneficiaryInfo, types, shareSize = 0, ...more } = JSON.parse(body.toString());
  const isRight =
    applicant.type === "company" &&
    beneficiaryInfo?.firstName &&
    beneficiaryInfo.lastName &&
    types?.length > 0 &&
    types.every((type: string) => ["director", "ubo", "shareholder"].includes(type)) &&
    shareSize <= 100 &&
    Object.keys(more).length === 0;
  if (!isRight) return { status: 400, json: { code: 400 } };
  const { companyInfo } = applicant.fixedInfo;
  companyInfo.beneficiaries ??= [];
  companyInfo.beneficiaries.push(JSON.parse(body.toString()));
  return { status: 200, json: {} };
}

/** A double of Sumsub. */
export async function sumsubDouble() {
  const applicants = new Map<string, SumsubApplicant>();
  /** Whom each share token is of, and how far their reviews come by what is known already. */
  const shared = new Map<string, { readonly info: object; readonly review: Reviewed }>();
  const byId = (id: string) => [...applicants.values()].find((each) => each.id === id);
  const shown = (one: SumsubApplicant) => ({ id: one.id, ...one.body, review: one.review });
  const answer = ({ method, path, headers, body }: Request): Answer => {
    const seconds = String(headers["x-app-access-ts"]);
    const signature = hmac(sumsubSettings.secretKey, "sha256", seconds + method + path, body);
    const isRecent = Math.abs(Date.now() / 1_000 - Number(seconds)) < 60;
    const isRight = isSame(signature, headers["x-app-access-sig"]);
    if (headers["x-app-token"] !== sumsubSettings.appToken || !isRecent || !isRight) {
      return { status: 401, json: { code: 401 } };
    }
    const [, ours] = /^\/resources\/applicants\/-;externalUserId=([^/]+)\/one$/.exec(path) ?? [];
    const [, id = "", rest] = /^\/resources\/applicants\/([0-9a-f]+)\/(.+)$/.exec(path) ?? [];
    const known = ours === undefined ? byId(id) : applicants.get(ours);
    if (method === "GET") return known ? { status: 200, json: shown(known) } : { status: 404 };
    if (path.startsWith("/resources/applicants?levelName=")) return create(path, body);
    if (path === "/resources/sdkIntegrations/levels/-/websdkLink") return linked(body);
    if (path.startsWith("/resources/api/reusableIdentity/reuse?")) return reuse(path, body);
    if (known === undefined) return { status: 404 };
    if (rest === "status/pending") {
      if (known.review.reviewStatus !== "init") return { status: 409, json: { code: 409 } };
      known.review = { reviewStatus: "pending" };
      return { status: 200, json: { ok: 1 } };
    }
    if (rest === "fixedInfo/companyInfo/beneficiaries") return linkPerson(known, body);
    const image = body.toString("latin1").replaceAll(/cardwright-[0-9a-f]+/g, "boundary");
    if (known.review.reviewStatus !== "init") {
      return { status: 409, json: { code: 409, errorCode: 1006 } };
    }
    if (known.images.includes(image)) return { status: 409, json: { code: 409, errorCode: 1000 } };
    known.images.push(image);
    return { status: 200, json: {} };
  };
  const create = (path: string, body: Buffer): Answer => {
    const level = decodeURIComponent(path.split("levelName=")[1] ?? "");
    if (!Object.values(sumsubSettings.levels).includes(level)) return { status: 404 };
    const json = JSON.parse(body.toString());
    if (applicants.has(json.externalUserId)) return { status: 409, json: { code: 409 } };
    const id = (0xabcdef00000 + applicants.size).toString(16);
    const made = { id, level, body: json, images: [], review: { reviewStatus: "init" } };
    applicants.set(json.externalUserId, made);
    return { status: 201, json: shown(made) };
  };
  const linked = (body: Buffer): Answer => {
    const { levelName, userId, ttlInSecs } = JSON.parse(body.toString());
    const isRight = applicants.get(userId)?.level === levelName && ttlInSecs > 0;
    const url = `https://in.example.com/websdk/p/${userId}`;
    return isRight ? { status: 200, json: { url } } : { status: 400 };
  };
  const reuse = (path: string, body: Buffer): Answer => {
    const asked = new URL(path, "http://localhost").searchParams;
    const [level, token, ours] = ["levelName", "shareToken", "userId"].map((one) => asked.get(one));
    if (!level || !token || !ours || body.length > 0) return { status: 404 };
    if (!Object.values(sumsubSettings.levels).includes(level)) return { status: 404 };
    const known = shared.get(token);
    if (known === undefined) {
      return { status: 401, json: { code: 401, description: `Token is invalid: Token ${token}` } };
    }
    // Once alone.
    shared.delete(token);
    const id = (0xabcdef00000 + applicants.size).toString(16);
    const { info, review } = known;
    const made = { id, level, body: { externalUserId: ours, info }, images: [], review };
    applicants.set(ours, made);
    return { status: 200, json: { id, clientId: "Example" } };
  };
  const double = await startDouble(answer);
  return Object.assign(double, {
    applicants,
    shared,
    /** Reviews an applicant. */
    review: (ours: string, reviewResult: object) => {
      const known = applicants.get(ours);
      if (known) known.review = { reviewStatus: "completed", reviewResult };
    },
  });
}

/** A webhook of Sumsub, signed. */
export function sumsubHook(
  ours: string,
  { secret = "secret-of-the-webhook", algorithm = "HMAC_SHA256_HEX" } = {},
) {
  const body = JSON.stringify({
    applicantId: "abcdef00000",
    externalUserId: ours,
    type: "applicantReviewed",
    reviewStatus: "completed",
    reviewResult: { reviewAnswer: "GREEN" },
  });
  const name = { HMAC_SHA1_HEX: "sha1", HMAC_SHA512_HEX: "sha512" }[algorithm] ?? "sha256";
  const headers = {
    "content-type": "application/json",
    "x-payload-digest-alg": algorithm,
    "x-payload-digest": hmac(secret, name, body),
  };
  return { body, headers };
}

export const personaSettings = {
  apiKey: "persona_sandbox_example",
  webhookSecrets: ["wbhsec_old", "wbhsec_new"],
  templates: { "individual.basic": "itmpl_example" },
};

// biome-ignore lint/suspicious/noExplicitAny: tests look into it.
type Inquiry = { readonly id: string; status: string; readonly attributes: any };

/** A double of Persona. */
export async function personaDouble() {
  const inquiries: Inquiry[] = [];
  const answered = new Map<string, Answer>();
  const shown = ({ id, status, attributes }: Inquiry) => ({
    type: "inquiry",
    id,
    attributes: { ...attributes, status },
  });
  const answer = ({ method, path, headers, body }: Request): Answer => {
    if (headers.authorization !== `Bearer ${personaSettings.apiKey}`) return { status: 401 };
    if (headers["persona-version"] !== "2023-01-05") return { status: 400 };
    const key = headers["idempotency-key"] as string | undefined;
    if (method === "GET") return read(decodeURIComponent(path));
    const [, linked] = /^\/api\/v1\/inquiries\/(\w+)\/generate-one-time-link$/.exec(path) ?? [];
    if (linked !== undefined) return link(linked);
    if (key === undefined) return { status: 400 };
    const made = answered.get(key) ?? create(body);
    answered.set(key, made);
    return made;
  };
  let links = 0;
  const link = (id: string): Answer => {
    const known = inquiries.find((one) => one.id === id);
    if (known === undefined) return { status: 404 };
    links += 1;
    const meta = { "one-time-link": `https://persona.example.com/verify?code=${id}-${links}` };
    return { status: 200, json: { data: shown(known), meta } };
  };
  const read = (path: string): Answer => {
    const [, ours] = /\?filter\[reference-id\]=(\w+)$/.exec(path) ?? [];
    if (ours !== undefined) {
      const found = inquiries.filter(({ attributes }) => attributes["reference-id"] === ours);
      return { status: 200, json: { data: found.map(shown) } };
    }
    const known = inquiries.find(({ id }) => path === `/api/v1/inquiries/${id}`);
    return known ? { status: 200, json: { data: shown(known) } } : { status: 404 };
  };
  const create = (body: Buffer): Answer => {
    const { attributes } = JSON.parse(body.toString()).data;
    if (!/^itmpl_/.test(attributes["inquiry-template-id"])) return { status: 422 };
    const made = { id: `inq_${inquiries.length}`, status: "created", attributes };
    inquiries.push(made);
    return { status: 201, json: { data: shown(made) } };
  };
  const double = await startDouble(answer);
  return Object.assign(double, {
    inquiries,
    /** An answer under an idempotency key is kept, a failure as well. */
    fail: (key: string) => void answered.set(key, { status: 500 }),
    /** After a day its keys are forgotten. */
    forget: () => answered.clear(),
  });
}

/** A webhook of Persona, signed with each of some secrets. */
export function personaHook(
  ours: string,
  { secrets = ["wbhsec_new"], agoS = 0, type = "inquiry" } = {},
) {
  const payload = { data: { type, id: "inq_0", attributes: { "reference-id": ours } } };
  const data = { type: "event", id: "evt_0", attributes: { name: "inquiry.approved", payload } };
  const body = JSON.stringify({ data });
  const seconds = Math.floor(Date.now() / 1_000) - agoS;
  const signatures = secrets.map(
    (secret) => `t=${seconds},v1=${hmac(secret, "sha256", `${seconds}.${body}`)}`,
  );
  const headers = { "content-type": "application/json", "persona-signature": signatures.join(" ") };
  return { body, headers };
}
