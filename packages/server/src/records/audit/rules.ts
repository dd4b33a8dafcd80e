import { redactText } from "../../foundation/log/log.ts";
import { secretNames } from "../../foundation/log/names.ts";
import { MASK } from "../events/rules.ts";
import type { RecordColumns } from "../sequencer/model.ts";
import type { WrittenEntry } from "./model.ts";

/** The number of the list of columns below; another list is another number. */
export const AUDIT_FORMAT = 2;

/** The columns of an entry that are hashed, in this order; the time in milliseconds since 1970. */
export function columnsOf(entry: WrittenEntry): RecordColumns {
  return [
    BigInt(entry.at.getTime()),
    entry.actor.kind,
    entry.actor.id,
    entry.action,
    entry.objectOrganizationId,
    entry.objectId,
    entry.result,
    BigInt(entry.status),
    entry.code,
    entry.changes,
    entry.requestId,
    entry.ip,
  ];
}

const secrets: ReadonlySet<string> = new Set(secretNames);

/**
 * A copy in which secrets are masked: values with a secret's name, and texts in which something looks
 * like a card number or an API key.
 */
export function maskSecrets(value: unknown): unknown {
  if (typeof value === "string") return redactText(value) === value ? value : MASK;
  if (Array.isArray(value)) return value.map(maskSecrets);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      secrets.has(name) && inner !== null ? MASK : maskSecrets(inner),
    ]),
  );
}
