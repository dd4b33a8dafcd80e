import type { Problem, Refusal } from "../../foundation/errors/errors.ts";
import { redactText } from "../../foundation/log/log.ts";

/** RFC 9457. */
export const PROBLEM_TYPE = "application/problem+json; charset=utf-8";

/** A "no" as it goes over the wire. */
export type ProblemDocument = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly requestId: string;
  readonly errors: readonly Problem[];
};

/** Where the meaning of a code is published. */
export const typeOf = (code: string): string => `/v1/error-codes#${code}`;

/** The document of a refusal. A field name that a caller made up is shortened and redacted. */
export function problemOf(refusal: Refusal, requestId: string): ProblemDocument {
  return {
    type: typeOf(refusal.code),
    title: refusal.title,
    status: refusal.status,
    code: refusal.code,
    detail: refusal.detail,
    requestId,
    errors: refusal.problems.map(shown),
  };
}

const MAX_FIELD_LENGTH = 200;

function shown(problem: Problem): Problem {
  const field = problem.field === undefined ? undefined : redactText(problem.field);
  return {
    code: problem.code,
    ...(field === undefined ? {} : { field: field.slice(0, MAX_FIELD_LENGTH) }),
    message: problem.message,
    ...(problem.remedy === undefined ? {} : { remedy: problem.remedy }),
  };
}

/** The answer to an outage or a fault: a status and nothing from inside. */
export function internalProblem(status: 500 | 503, requestId: string): ProblemDocument {
  const known =
    status === 503
      ? { code: "unavailable", title: "The platform cannot answer right now" }
      : { code: "internal_error", title: "Something went wrong on our side" };
  const detail =
    status === 503
      ? "Send the same request with the same Idempotency-Key again in a moment."
      : "The error is logged under the request id; the request had no effect.";
  return { type: typeOf(known.code), ...known, status, detail, requestId, errors: [] };
}
