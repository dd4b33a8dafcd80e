import { Outage } from "../errors/errors.ts";

/**
 * SQLSTATE codes that mean "not now" and never "no": cut connections, shutdown, timeouts of locks and
 * statements, too many connections, full disk, input/output errors, deadlock, serialization.
 */
const outageCodes = /^(08...|57P0[1-5]|57014|55P03|53...|58...|40001|40P01|25P03|XX001)$/;

/** Those of them that are about the rows at hand: a timeout, a deadlock, a serialization failure. */
const contentionCodes = /^(55P03|57014|40001|40P01)$/;

/** Errors of the socket below the driver. */
const socketCodes = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "ENOTFOUND"]);

/** Messages of the driver that carry no code. */
const driverMessages =
  /connection terminated|connection error|timeout exceeded|not queryable|pool after calling end/i;

/** The SQLSTATE of a database error, or null for any other. */
export function sqlState(error: unknown): string | null {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : null;
}

/** The name of the constraint that an error met, or null. */
export function violatedConstraint(error: unknown): string | null {
  const constraint = (error as { constraint?: unknown } | null)?.constraint;
  return typeof constraint === "string" ? constraint : null;
}

/** Whether the database is away rather than of another opinion. */
export function isOutage(error: unknown): boolean {
  if (error instanceof Outage) return true;
  const state = sqlState(error);
  if (state !== null && outageCodes.test(state)) return true;
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === "string" && socketCodes.has(code)) return true;
  return typeof message === "string" && driverMessages.test(message);
}

/** Whether an outage is about the rows at hand, which somebody else uses, and not about the database. */
export function isContention(error: unknown): boolean {
  const state = sqlState(error instanceof Outage ? error.cause : error);
  return state !== null && contentionCodes.test(state);
}
