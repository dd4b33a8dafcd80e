import type { Whole, WholeKind } from "./whole.ts";

/** What `{…}` of a path is, by the path up to it. Ids of the platform alone have no kind here. */
const kindOfParam: Readonly<Record<string, WholeKind | "organization" | "platforms">> = {
  "/organizations/{id}": "organization",
  "/api-keys/{id}": "apiKey",
  "/jobs/{name}": "platforms",
  "/card-programs/{id}": "program",
  "/compliance-rules/{id}": "complianceRule",
  "/customers/{id}": "customer",
  "/customers/{id}/documents/{documentId}": "document",
  "/customers/{id}/people/{personId}": "person",
  "/customers/{id}/verification-sessions/{sessionId}": "session",
  "/verifications/{id}": "verification",
  "/access-requests/{id}": "accessRequest",
  "/screening-hits/{id}": "screeningHit",
  "/cards/{id}": "card",
  "/cards/batches/{id}": "batch",
  "/budgets/{id}": "budget",
  "/transfers/{id}": "transfer",
  "/due-fees/{id}": "dueFee",
};

/** What a field of a query or a body takes the id of; null: of something that is no object of ours. */
const kindsOfField: Readonly<Record<string, readonly (WholeKind | "organization")[] | null>> = {
  organizationId: ["organization"],
  organizationIds: ["organization"],
  typeId: ["program"],
  typeIds: ["program"],
  successorId: ["program"],
  customerId: ["customer"],
  documentIds: ["document"],
  claimedBy: ["apiKey"],
  subjectId: ["customer", "card"],
  cardId: ["card"],
  budgetId: ["budget"],
  parentId: ["budget"],
  ruleId: ["complianceRule"],
  accountId: ["account"],
  ownerId: ["card", "budget"],
  transferId: ["transfer"],
  // No route makes a hold yet.
  holdId: [],
  actorId: ["apiKey"],
  objectId: ["customer", "document", "session", "event", "card"],
  // The organization's own.
  externalId: null,
  // A word for who wants it.
  requestedBy: null,
  nationalId: null,
};

/** Names of the parameters of a path, with what each is. @throws Error for one of no known kind */
export function paramsOf(path: string) {
  return [...path.matchAll(/\{(\w+)\}/g)].map(({ 0: whole, 1: name = "", index }) => {
    const kind = kindOfParam[path.slice(0, index + whole.length)];
    if (kind === undefined) throw new Error(`${path}: which kind of object is {${name}}?`);
    return { name, kind };
  });
}

/** Whether a field's name says that it takes ids of ours. @throws Error for one of no known kind */
export function takesIds(name: string): boolean {
  if (!/Ids?$|By$/.test(name)) return false;
  return kindsOf(name) !== null;
}

/** Which kinds a field takes; null: none of ours. @throws Error where nobody has said so */
export function kindsOf(field: string): readonly (WholeKind | "organization")[] | null {
  const kinds = kindsOfField[field];
  if (kinds === undefined) throw new Error(`Which kind of object does ${field} take?`);
  return kinds;
}

/** A route's path with an organization's own ids; what is the platform's is unknown. */
export function pathIn(own: Whole, path: string): string {
  const params = paramsOf(path);
  const ids = params.map(({ kind }) => {
    if (kind === "organization") return own.id;
    if (kind === "customer" && params.length > 1) return own.objects.business;
    return kind === "platforms" ? "unknown" : own.objects[kind];
  });
  return path.replace(/\{\w+\}/g, () => ids.shift() ?? "unknown");
}
