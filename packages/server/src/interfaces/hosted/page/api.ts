import { beginIn, type Embedding } from "./parent.ts";

/** What the page asks its server. The bearer is in this module's memory, and nowhere else. */

export type DocumentShown = {
  readonly id: string;
  readonly kind: string;
  readonly side: string | null;
  /** Who issued it, and until when it is valid, as far as that was typed. */
  readonly country: string | null;
  readonly expiryDate: string | null;
  /** Whether its machine-readable lines were given. */
  readonly isDescribed: boolean;
  readonly findings: readonly string[];
};

export type ResidenceGiven = {
  readonly country?: string;
  readonly line1: string | null;
  readonly line2: string | null;
  readonly city: string | null;
  readonly region: string | null;
  readonly postalCode: string | null;
};

export type Details = Readonly<Record<string, string | ResidenceGiven>>;

/** Somebody who directs or owns a business; the share in hundredths of a percent. */
export type PersonGiven = {
  readonly roles: readonly string[];
  readonly firstName: string;
  readonly lastName: string;
  readonly birthDate: string;
  readonly nationality: string;
  readonly residenceCountry: string;
  readonly ownershipBasisPoints: number | null;
};

export type PersonShown = PersonGiven & { readonly id: string };

export type PersonNeed = { readonly need: string; readonly role: string };

export type DocumentNeed = { readonly need: string; readonly kinds: readonly string[] };

export type Session = {
  readonly status: string;
  readonly returnUrl: string | null;
  readonly organization: { readonly name: string };
  readonly customer: { readonly type: "individual" | "business" };
  readonly wanted: {
    readonly fields: readonly string[];
    readonly documents: readonly DocumentNeed[];
    readonly people: readonly PersonNeed[];
  };
  readonly details: Details;
  readonly people: readonly PersonShown[];
  readonly documents: readonly DocumentShown[];
  readonly consentVersion: string;
  readonly outcome: string | null;
};

export type Problem = { readonly code: string; readonly field?: string };

/** What went wrong: `code` is the server's, or `connection` where it did not answer. */
export class Refused extends Error {
  readonly status: number;
  readonly code: string;
  readonly problems: readonly Problem[];

  constructor(status: number, code: string, problems: readonly Problem[] = []) {
    super(code);
    this.status = status;
    this.code = code;
    this.problems = problems;
  }
}

/** So long an answer may take; and so long nothing may move while a file is sent. */
const ANSWER_MS = 30_000;
const STALL_MS = 60_000;

const BASE = "/hosted/verification";

let bearer: string | null = null;

/**
 * In a frame: whose origins may show it there. Then there is no cookie, and who leaves needs a new link. Null
 * where the page has the whole tab.
 */
const embeddedFor =
  window.top === window.self
    ? null
    : (new URLSearchParams(location.search).get("organization") ?? "none");

export const isEmbedded = embeddedFor !== null;

type Begun = {
  readonly bearer: string;
  readonly session: Session;
  /** In a frame. */
  readonly embedding?: Embedding;
};

const begun = (answer: Begun): Session => {
  bearer = answer.bearer;
  beginIn(answer.embedding);
  return answer.session;
};

const SECRET_BYTES = 32;

/** As the server writes secrets. */
const newSecret = (): string =>
  btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(SECRET_BYTES))))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

/** By which each link is exchanged: the same again where no answer came. */
const proposed = new Map<string, string>();

/** Exchanges the secret of the link. */
export const exchange = async (secret: string): Promise<Session> => {
  const mine = proposed.get(secret) ?? newSecret();
  proposed.set(secret, mine);
  const wanted = { secret, bearer: mine };
  return begun(
    await ask<Begun>("POST", "/exchange", isEmbedded ? { ...wanted, embeddedFor } : wanted),
  );
};

/** Goes on in a browser that was here before; in a frame only as long as the page is open. */
export const resume = async (): Promise<Session> =>
  isEmbedded ? readSession() : begun(await ask<Begun>("POST", "/resume", {}));

export const readSession = (): Promise<Session> => ask("GET", "/session");

export const saveDetails = (details: Details): Promise<Session> => ask("PUT", "/details", details);

export const addPerson = (person: PersonGiven): Promise<Session> => ask("POST", "/people", person);

export const changePerson = (id: string, person: PersonGiven): Promise<Session> =>
  ask("PATCH", `/people/${encodeURIComponent(id)}`, person);

export const removePerson = (id: string): Promise<Session> =>
  ask("DELETE", `/people/${encodeURIComponent(id)}`);

/** What stands on a document. Machine-readable lines are kept nowhere. */
export type Description =
  | { readonly mrz: readonly string[] }
  | { readonly country: string; readonly expiryDate: string | null };

export const describeDocument = (id: string, description: Description): Promise<Session> =>
  ask("PATCH", `/documents/${encodeURIComponent(id)}`, description);

export const removeDocument = (id: string): Promise<Session> =>
  ask("DELETE", `/documents/${encodeURIComponent(id)}`);

export const submit = (version: string, language: string): Promise<Session> =>
  ask("POST", "/submit", { consent: { version, language } });

async function ask<T>(method: string, path: string, body?: object): Promise<T> {
  const headers: Record<string, string> = {};
  if (bearer !== null) headers.authorization = `Bearer ${bearer}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  const text = body === undefined ? {} : { body: JSON.stringify(body) };
  const signal = AbortSignal.timeout(ANSWER_MS);
  try {
    const answer = await fetch(BASE + path, {
      method,
      headers,
      cache: "no-store",
      signal,
      ...text,
    });
    return read<T>(answer.status, await answer.text());
  } catch (error) {
    throw error instanceof Refused ? error : new Refused(0, "connection");
  }
}

function read<T>(status: number, text: string): T {
  let body: unknown = null;
  try {
    body = JSON.parse(text);
  } catch {
    throw new Refused(status, "connection");
  }
  if (status < 400) return body as T;
  const { code = "connection", errors = [] } = body as { code?: string; errors?: Problem[] };
  throw new Refused(status, code, errors);
}

/** Sends a file, and tells how much of it is there (0 to 1). `fetch` cannot tell that. */
export function upload(
  about: { readonly kind: string; readonly side: string | null },
  file: File,
  progress: (part: number) => void,
): Promise<Session> {
  const query = new URLSearchParams({ kind: about.kind });
  if (about.side !== null) query.set("side", about.side);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `${BASE}/documents?${query}`);
    request.setRequestHeader("authorization", `Bearer ${bearer ?? ""}`);
    request.setRequestHeader("content-type", "application/octet-stream");
    let stalled = 0;
    const moved = () => {
      clearTimeout(stalled);
      stalled = setTimeout(() => request.abort(), STALL_MS);
    };
    request.upload.addEventListener("progress", (event) => {
      moved();
      if (event.lengthComputable) progress(event.loaded / event.total);
    });
    for (const lost of ["error", "abort"]) {
      request.addEventListener(lost, () => reject(new Refused(0, "connection")));
    }
    request.addEventListener("loadend", () => clearTimeout(stalled));
    request.addEventListener("load", () => {
      try {
        resolve(read<Session>(request.status, request.responseText));
      } catch (error) {
        reject(error);
      }
    });
    moved();
    request.send(file);
  });
}
