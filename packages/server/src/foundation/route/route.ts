import { type Static, type TProperties, type TSchema, Type } from "typebox";
import type { Reading, Work } from "../database/work.ts";
import type { Refusal } from "../errors/errors.ts";
import type { FileStore } from "../files/files.ts";
import type { ApiKeyId, Ids, OrganizationId } from "../ids/ids.ts";
import type { Keys } from "../keys/keys.ts";
import { mediaTypeOf, type StreamFormat } from "./formats.ts";
import { object, oneOf } from "./schemas.ts";

/**
 * Routes are data: the server, OpenAPI, the permission matrix and the tenant tests read the same
 * objects. Adding an endpoint is adding one object to a module's `routes.ts`.
 */

/** What an organization is in: simulated network and movable clock, or the real one. */
export type Mode = "sandbox" | "live";

/** Who sent a request: the key, whose it is, and what it may do. */
export type Caller = {
  readonly keyId: ApiKeyId;
  readonly organizationId: OrganizationId;
  readonly mode: Mode;
  readonly scopes: ReadonlySet<string>;
  /** Whether the key belongs to the platform operator. */
  readonly platform: boolean;
  readonly ip: string;
};

/** What a read is given. Values have passed the schemas; absent parts are empty objects. */
export type ReadCall<P = unknown, Q = unknown> = {
  readonly params: P;
  readonly query: Q;
  readonly caller: Caller;
  /** `sql` answers each statement on its own snapshot. */
  readonly reading: Reading;
  /** Aborted when the caller goes away or the server stops: a read that waits ends then. */
  readonly signal?: AbortSignal;
};

/** What an action is given. All writes of `work` commit together with the stored answer. */
export type WriteCall<P = unknown, Q = unknown, B = unknown> = {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly caller: Caller;
  readonly work: Work;
};

/** What an action of its own transaction is given besides. */
export type ActionCall<P = unknown, Q = unknown, B = unknown> = WriteCall<P, Q, B> & {
  /** Where the server's own pages are for people outside, without a slash at its end. */
  readonly publicUrl: string;
};

/** Which kind of key a route is for; `any` is for both. */
export type Audience = "organization" | "platform" | "any";

type Common<P extends TSchema, Q extends TSchema, R extends TSchema> = {
  /** Unique name, camelCase, verb first: `issueCard`. It is the operationId. */
  readonly id: string;
  /** Path under `/v1`, with `{id}` for parameters: `/cards/{id}/freeze`. */
  readonly path: string;
  /** One short line, imperative, without a full stop. */
  readonly summary: string;
  /** What a person must know beyond the summary; Markdown. */
  readonly description?: string;
  /** Heading in the docs: the noun, in plural. */
  readonly tag: string;
  readonly audience: Audience;
  /** The scope a key needs; null where any valid key will do. */
  readonly scope: string | null;
  /** Only for sandbox organizations (simulations). */
  readonly sandboxOnly?: boolean;
  readonly params?: P;
  readonly query?: Q;
  readonly reply: R;
  /** Codes of refusals that this route may answer, beyond those of every route. */
  readonly errors: readonly string[];
};

/** A body `{ rows: [...] }` is also taken as CSV: a column for each field of a row. */
export type Rows = {
  /** Largest body, bytes; or what the operator allows for every body, where that is more. */
  readonly maxBytes: number;
};

/** Answers a question; writes nothing. */
export type ReadRoute<
  P extends TSchema = TSchema,
  Q extends TSchema = TSchema,
  R extends TSchema = TSchema,
> = Common<P, Q, R> & {
  readonly kind: "read";
  readonly method: "GET" | "POST";
  /** A question too large for a query string (preflight): POST with a body, idempotent by nature. */
  readonly body?: TSchema;
  /**
   * Goes through all of an organization's rows: each of its statements may take this long, ms, and of all
   * such reads one runs at a time.
   */
  readonly longReadMs?: number;
  readonly rows?: Rows;
  readonly status: 200;
  handle(call: ReadCall<Static<P>, Static<Q>> & { readonly body: unknown }): Promise<Static<R>>;
};

/** A link of somebody outside, for the person whom it is about. */
export type OutsideLink = {
  readonly link: string;
  /** Null where it is not told. */
  readonly expiresAt: Date | null;
};

/** Whom actions may ask outside, by name: never in a transaction. */
export type Outside = ReadonlyMap<
  string,
  {
    link(about: {
      readonly id: string;
      readonly kind: string;
      readonly reference: string;
    }): Promise<OutsideLink>;
  }
>;

/** What an action is given before its transaction: here it may wait on somebody outside. */
export type PrepareCall<P = unknown, Q = unknown> = ReadCall<P, Q> & { readonly outside: Outside };

/** Does one thing in a transaction of its own. */
export type WriteRoute<
  P extends TSchema = TSchema,
  Q extends TSchema = TSchema,
  B extends TSchema = TSchema,
  R extends TSchema = TSchema,
  T = undefined,
> = Common<P, Q, R> & {
  readonly kind: "write";
  /** GET: changes nothing, but each read of it is written into the audit log. */
  readonly method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  readonly body?: B;
  readonly rows?: Rows;
  readonly status: 200 | 201;
  /** Fields of the reply that are shown once: a replay carries null there and `secretOmitted`. */
  readonly secretFields?: readonly string[];
  /**
   * Asks somebody outside, before the transaction. A refusal thrown here is audited and stored as one of
   * `handle`.
   */
  prepare?(call: PrepareCall<Static<P>, Static<Q>>): Promise<T>;
  /** `prepared` is what `prepare` made. */
  handle(
    call: ActionCall<Static<P>, Static<Q>, Static<B>> & { readonly prepared: T },
  ): Promise<Static<R>>;
};

/** Does many requests in one transaction, decided in order; one refusal does not touch the others. */
export type BatchRoute<
  P extends TSchema = TSchema,
  Q extends TSchema = TSchema,
  B extends TSchema = TSchema,
  R extends TSchema = TSchema,
> = Common<P, Q, R> & {
  readonly kind: "batch";
  readonly method: "POST";
  readonly body?: B;
  readonly status: 200 | 201;
  /**
   * Routes with the same lane share batches; `handleBatch` of the lane gets them in order of arrival
   * and answers in that order. Each call's `work` has its own organization and now; the transaction
   * is one.
   */
  readonly lane: Lane;
  /** Turns a call into the lane's command. */
  command(call: WriteCall<Static<P>, Static<Q>, Static<B>>): LaneCommand;
  /** Turns the lane's result into the reply. */
  result(result: unknown): Static<R>;
};

/** One thing to do, in a form that all routes of the lane share. */
export type LaneCommand = { readonly work: Work };

/** A set of routes whose requests are decided together. */
export type Lane = {
  readonly name: string;
  /** Decides and writes all; a refused command has written nothing. */
  decide(commands: readonly LaneCommand[]): Promise<readonly (unknown | Refusal)[]>;
};

/** An answer that is sent piece by piece while it is read. */
export type Streamed = {
  /** Without extension; what a browser saves it as. */
  readonly fileName: string;
  /**
   * Pulled as fast as the caller reads, and no faster; ended early where the caller goes away. A refusal
   * before the first piece is answered as one. Whatever is thrown later cuts the connection.
   */
  readonly pieces: AsyncIterable<string | Uint8Array>;
};

/** What a streamed read is given: as a read, and the format that was asked for. */
export type StreamCall<P = unknown, Q = unknown> = ReadCall<P, Q> & {
  readonly format: StreamFormat;
  readonly signal: AbortSignal;
};

/** Answers a question whose answer may be larger than memory; writes nothing. */
export type StreamRoute<
  P extends TSchema = TSchema,
  Q extends TSchema = TSchema,
  R extends TSchema = TSchema,
> = Common<P, Q, R> & {
  readonly kind: "stream";
  readonly method: "GET";
  readonly body?: undefined;
  readonly status: 200;
  /** What it can be written as; the first where the caller does not say. `reply` is that of `json`. */
  readonly formats: readonly StreamFormat[];
  handle(call: StreamCall<Static<P>, Static<Q>>): Promise<Streamed>;
};

/** What an upload is made of, before any transaction: here it may wait on the store. */
export type UploadCall<P = unknown, Q = unknown> = ReadCall<P, Q> & {
  /** All bytes of the body, within the route's bound. */
  readonly content: Buffer;
  /** Of the content, lower-case hexadecimal. */
  readonly sha256: string;
  readonly files: FileStore;
  readonly keys: Keys;
  readonly newId: Ids;
};

/** What was made of an upload, and how to undo it where the upload is refused. */
export type Prepared = { discard(): Promise<void> };

/** Takes a file as the body. What is known of it besides is in path and query. */
export type UploadRoute<
  P extends TSchema = TSchema,
  Q extends TSchema = TSchema,
  R extends TSchema = TSchema,
  T extends Prepared = Prepared,
> = Common<P, Q, R> & {
  readonly kind: "upload";
  readonly method: "POST";
  readonly body?: undefined;
  /** What Content-Type may say; it is not believed. */
  readonly mediaTypes: readonly string[];
  readonly maxBytes: number;
  readonly status: 201;
  /** Looks at the file and keeps it. A refusal thrown here is audited and stored as one of `handle`. */
  prepare(call: UploadCall<Static<P>, Static<Q>>): Promise<T>;
  /** Writes, in a transaction; `body` is what was prepared. */
  handle(call: WriteCall<Static<P>, Static<Q>, T>): Promise<Static<R>>;
};

/** A file that goes out. */
export type Download = {
  /** Whose it is and its id, for the audit log. */
  readonly organizationId: OrganizationId;
  readonly objectId: string;
  readonly fileName: string;
  readonly mediaType: string;
  /** Read after the transaction; whatever is thrown behind the first piece cuts the connection. */
  pieces(files: FileStore): AsyncIterable<Uint8Array>;
};

/** Gives a file out, and writes into the audit log that it did, before the first byte leaves. */
export type DownloadRoute<
  P extends TSchema = TSchema,
  Q extends TSchema = TSchema,
  R extends TSchema = TSchema,
> = Common<P, Q, R> & {
  readonly kind: "download";
  readonly method: "GET";
  readonly body?: undefined;
  readonly mediaTypes: readonly string[];
  readonly status: 200;
  handle(call: WriteCall<Static<P>, Static<Q>>): Promise<Download>;
};

export type Route = ReadRoute | StreamRoute | WriteRoute | BatchRoute | UploadRoute | DownloadRoute;

/** Whether a route writes nothing. */
export const isReading = ({ kind }: Route): boolean =>
  kind === "read" || kind === "stream" || kind === "download";

type Empty = TSchema;

/** Declares a read; the types of `handle` follow from the schemas. */
export function readRoute<
  P extends TSchema = Empty,
  Q extends TSchema = Empty,
  B extends TSchema = Empty,
  R extends TSchema = TSchema,
>(
  route: Omit<ReadRoute<P, Q, R>, "kind" | "status" | "method" | "body" | "handle"> & {
    readonly method?: "GET" | "POST";
    readonly body?: B;
    handle(call: ReadCall<Static<P>, Static<Q>> & { readonly body: Static<B> }): Promise<Static<R>>;
  },
): Route {
  return { method: "GET", ...route, kind: "read", status: 200 } as unknown as Route;
}

/** Declares an action; the types of `handle` follow from the schemas. */
export function writeRoute<
  P extends TSchema = Empty,
  Q extends TSchema = Empty,
  B extends TSchema = Empty,
  R extends TSchema = TSchema,
  T = undefined,
>(route: Omit<WriteRoute<P, Q, B, R, T>, "kind">): Route {
  return { ...route, kind: "write" } as unknown as Route;
}

/** Declares an action whose requests are decided in batches. */
export function batchRoute<
  P extends TSchema = Empty,
  Q extends TSchema = Empty,
  B extends TSchema = Empty,
  R extends TSchema = TSchema,
>(route: Omit<BatchRoute<P, Q, B, R>, "kind">): Route {
  return { ...route, kind: "batch" } as unknown as Route;
}

/** Declares a route that takes a file. */
export function uploadRoute<
  P extends TSchema = Empty,
  Q extends TSchema = Empty,
  R extends TSchema = TSchema,
  T extends Prepared = Prepared,
>(route: Omit<UploadRoute<P, Q, R, T>, "kind" | "method" | "status">): Route {
  return { ...route, kind: "upload", method: "POST", status: 201 } as unknown as Route;
}

/** Declares a route that gives a file out. */
export function downloadRoute<P extends TSchema = Empty, Q extends TSchema = Empty>(
  route: Omit<DownloadRoute<P, Q>, "kind" | "method" | "status" | "reply">,
): Route {
  const reply = Type.String({ description: "The bytes of the file." });
  return { ...route, reply, kind: "download", method: "GET", status: 200 } as unknown as Route;
}

/** Declares a streamed read; adds `format` to its query. */
export function streamRoute<
  P extends TSchema = Empty,
  Q extends TProperties = TProperties,
  R extends TSchema = TSchema,
>(
  route: Omit<
    StreamRoute<P, ReturnType<typeof object<Q>>, R>,
    "kind" | "status" | "method" | "query"
  > & { readonly query: Q },
): Route {
  const format = Type.Optional(oneOf(route.formats, { description: formatText(route.formats) }));
  const query = object({ ...route.query, format });
  return { ...route, query, kind: "stream", method: "GET", status: 200 } as unknown as Route;
}

function formatText(formats: readonly StreamFormat[]): string {
  const types = formats.map((format) => `\`${format}\` (${mediaTypeOf(format)})`);
  return `What it is written as; goes before the Accept header: ${types.join(", ")}.`;
}
