/**
 * The ways Cardwright says no. A *refusal* is the caller's to cure and becomes a 4xx answer; a *fault*
 * is ours (rollback, log, 500 without details); an *outage* is something we depend on (503).
 * Declines are none of these: they are normal results and are returned, not thrown.
 */

/** One code of a module's error table. */
export type ErrorEntry = {
  /** HTTP status of the answer. 0 marks a condition that only appears inside `errors[]`. */
  readonly status:
    | 0
    | 400
    | 401
    | 403
    | 404
    | 405
    | 406
    | 408
    | 409
    | 413
    | 415
    | 422
    | 429
    | 431
    | 503;
  /** What happened, for a person, without particulars. */
  readonly title: string;
  /** What to do about it. */
  readonly remedy?: string;
};

/** One line of `errors[]` in a problem. `field` is a path such as `cardholder.email`. */
export type Problem = {
  readonly code: string;
  readonly field?: string;
  readonly message: string;
  readonly remedy?: string;
};

/** A "no" that the caller can cure. Stable `code`, a `detail` for a person, optional particulars. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly problems: readonly Problem[];
  /** Seconds after which trying again makes sense, where known. */
  readonly retryAfterS: number | undefined;

  constructor(
    code: string,
    entry: ErrorEntry,
    detail: string,
    problems: readonly Problem[],
    retryAfterS?: number,
  ) {
    super(`${code}: ${detail}`);
    this.name = "Refusal";
    this.status = entry.status;
    this.code = code;
    this.title = entry.title;
    this.detail = detail;
    this.problems = problems;
    this.retryAfterS = retryAfterS;
  }
}

/** Something that must not happen: the books do not balance, a state that cannot be. */
export class Fault extends Error {
  constructor(message: string) {
    super(message);
    this.name = "Fault";
  }
}

/** Something we depend on does not answer. Answered with 503 `unavailable`. */
export class Outage extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "Outage";
  }
}

/** States what must be true. @throws Fault when it is not. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Fault(message);
}

/** A module's error table, with the two ways to use a line of it. */
export type ErrorTable<C extends string> = {
  readonly entries: Readonly<Record<C, ErrorEntry>>;
  /** Makes the refusal of a code. `field` names what to change; `problems` replaces the single line. */
  refusal(code: C, detail?: string, particulars?: Particulars): Refusal;
  /** Makes one line for `errors[]`. */
  problem(code: C, field?: string, message?: string): Problem;
};

export type Particulars = {
  readonly field?: string;
  readonly problems?: readonly Problem[];
  readonly retryAfterS?: number;
};

/** Declares the error table of a module. */
export function errorTable<const C extends string>(
  entries: Readonly<Record<C, ErrorEntry>>,
): ErrorTable<C> {
  const problem = (code: C, field?: string, message?: string): Problem => {
    const { title, remedy } = entries[code];
    return {
      code,
      ...(field === undefined ? {} : { field }),
      message: message ?? `${title}.`,
      ...(remedy === undefined ? {} : { remedy }),
    };
  };
  return {
    entries,
    problem,
    refusal: (code, detail, particulars = {}) =>
      new Refusal(
        code,
        entries[code],
        detail ?? `${entries[code].title}.`,
        particulars.problems ?? [problem(code, particulars.field, detail)],
        particulars.retryAfterS,
      ),
  };
}

/** The refusals that belong to no noun. */
export const generalErrors = errorTable({
  invalid_request: {
    status: 400,
    title: "The request is malformed",
    remedy: "Correct the fields named in errors[] and send it again.",
  },
  unauthenticated: {
    status: 401,
    title: "No valid API key was given",
    remedy:
      "Send the header Authorization: Bearer <key> with a key that is neither revoked nor expired.",
  },
  scope_missing: {
    status: 403,
    title: "The API key may not do this",
    remedy: "Use a key that has the scope named in the answer.",
  },
  not_found: {
    status: 404,
    title: "There is no such object or address",
    remedy: "Check the id and the path; the list of paths is at /docs.",
  },
  method_not_allowed: {
    status: 405,
    title: "The address exists, but not with this method",
    remedy: "Use one of the methods in the Allow header.",
  },
  not_acceptable: {
    status: 406,
    title: "The answer cannot be written as the Accept header asks",
    remedy: "Leave Accept out, or name one of the media types in the answer; `format` goes before.",
  },
  payload_too_large: {
    status: 413,
    title: "The body is larger than allowed",
    remedy: "Send at most the number of bytes named in the answer.",
  },
  unsupported_media_type: {
    status: 415,
    title: "The body is not JSON",
    remedy: "Send the header Content-Type: application/json and a JSON body.",
  },
  rate_limited: {
    status: 429,
    title: "Too many requests with this key",
    remedy: "Wait for the number of seconds in the Retry-After header.",
  },
  unavailable: {
    status: 503,
    title: "The platform cannot answer right now",
    remedy: "Send the same request with the same Idempotency-Key again in a moment.",
  },
  currency_mismatch: {
    status: 422,
    title: "The currency is not the object's",
    remedy: "Leave currency out, or give the currency of the object.",
  },
  external_id_taken: {
    status: 409,
    title: "Another object of this kind has, or had, this externalId",
    remedy: "Choose an externalId of your own that is not in use, or use the object that has it.",
  },
});

/** Why the currency that a caller gives beside an amount is refused; null where it is the object's. */
export function currencyRefusal(given: string | undefined, currency: string): Refusal | null {
  if (given === undefined || given === currency) return null;
  const detail = `The currency is ${currency}.`;
  return generalErrors.refusal("currency_mismatch", detail, { field: "currency" });
}
