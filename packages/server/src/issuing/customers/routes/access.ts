import { type TSchema, Type } from "typebox";
import type { Work } from "../../../foundation/database/work.ts";
import { DEFAULT_LIMIT, decodeCursor, pageFrom } from "../../../foundation/route/cursor.ts";
import { type Route, readRoute, writeRoute } from "../../../foundation/route/route.ts";
import {
  idParams,
  idText,
  object,
  oneOf,
  pageOf,
  pageQuery,
  reference,
} from "../../../foundation/route/schemas.ts";
import { listedOrganization } from "../../organizations/rules.ts";
import { decideAccess, listAccess, requestAccess, workForAccess } from "../actions/access.ts";
import { type AccessRequest, type AccessVerdict, accessLifecycle } from "../model.ts";
import {
  accessRefusalSchema,
  accessRequestSchema,
  newAccessRequestSchema,
  showAccess,
} from "../schema.ts";
import { accessFor, customerFor } from "./seen.ts";

const tag = "Product access";

/** What follows a decision about access, in the same transaction; nothing where it changes nothing. */
export type AccessFollower = (work: Work, request: AccessRequest) => Promise<void>;

const request = (follow: AccessFollower) =>
  writeRoute({
    id: "requestAccess",
    method: "POST",
    path: "/customers/{id}/access-requests",
    summary: "Ask for a customer's access to a product",
    description:
      "The product cards is asked for with the typeId of a program. Where the program grants access by itself and its accessRule allows it, the answer is granted; a customer who is not active yet is looked at again when it is.",
    tag: tag,
    audience: "organization",
    scope: "customers:write",
    params: idParams,
    body: newAccessRequestSchema,
    reply: accessRequestSchema,
    status: 201,
    errors: [
      "not_found",
      "program_not_found",
      "program_not_available",
      "program_inactive",
      "access_already_requested",
      "customer_deleted",
      "organization_closed",
    ],
    handle: async ({ params: { id }, body: { product = "cards", typeId }, work }) => {
      const asked = await requestAccess(work, reference(id), { product, typeId });
      await follow(work, asked);
      return showAccess(asked);
    },
  });

const accessFilter = {
  status: Type.Optional(oneOf(accessLifecycle.states)),
  typeId: Type.Optional(idText("Only for this card program.")),
};

const listOfCustomer = readRoute({
  id: "listCustomerAccessRequests",
  path: "/customers/{id}/access-requests",
  summary: "List a customer's access requests",
  tag: tag,
  audience: "any",
  scope: "customers:read",
  params: idParams,
  query: object({ ...pageQuery, ...accessFilter }),
  reply: pageOf(accessRequestSchema),
  errors: ["not_found"],
  handle: async ({ params, query, caller, reading }) => {
    const { limit = DEFAULT_LIMIT, cursor, status, typeId } = query;
    const { id, organizationId } = await customerFor(caller, reading, params.id);
    const filter = { organizationId, customerId: id, status, programId: typeId };
    const page = { after: decodeCursor(cursor), limit };
    return pageFrom(await listAccess(reading.sql, filter, page), (one) => one.id, showAccess);
  },
});

const listAll = readRoute({
  id: "listAccessRequests",
  path: "/access-requests",
  summary: "List access requests",
  description: "The platform sees those of every organization, or of the one named.",
  tag: tag,
  audience: "any",
  scope: "customers:read",
  query: object({
    ...pageQuery,
    ...accessFilter,
    customerId: Type.Optional(idText("Only of this customer.")),
    organizationId: Type.Optional(idText("Only those of this organization.")),
  }),
  reply: pageOf(accessRequestSchema),
  errors: ["organization_not_found"],
  handle: async ({ query: { limit = DEFAULT_LIMIT, cursor, ...query }, caller, reading }) => {
    const { organizationId, status, typeId, customerId } = query;
    const filter = {
      organizationId: listedOrganization(caller, organizationId),
      status,
      customerId,
      programId: typeId,
    };
    const page = { after: decodeCursor(cursor), limit };
    return pageFrom(await listAccess(reading.sql, filter, page), ({ id }) => id, showAccess);
  },
});

const getAccess = readRoute({
  id: "getAccessRequest",
  path: "/access-requests/{id}",
  summary: "Read an access request",
  tag: tag,
  audience: "any",
  scope: "customers:read",
  params: idParams,
  reply: accessRequestSchema,
  errors: ["not_found"],
  handle: async ({ params: { id }, caller, reading }) =>
    showAccess(await accessFor(caller, reading, id)),
});

/** A decision of the platform about an access request: `POST access-requests/{id}/<move>`. */
const verb = <B extends TSchema>(
  follow: AccessFollower,
  about: {
    readonly move: AccessVerdict;
    readonly summary: string;
    readonly description: string;
    readonly body?: B;
    readonly errors?: readonly string[];
  },
): Route => {
  const { move, errors = [], ...rest } = about;
  return writeRoute({
    ...rest,
    id: `${move}Access`,
    method: "POST",
    path: `/access-requests/{id}/${move}`,
    tag,
    audience: "platform",
    scope: "access:review",
    params: idParams,
    reply: accessRequestSchema,
    status: 200,
    errors: ["not_found", "access_move_not_allowed", ...errors, "organization_closed"],
    handle: async ({ params: { id }, body, work }) => {
      const { reasons = [] } = (body ?? {}) as { reasons?: string[] };
      const own = await workForAccess(work, id);
      const decided = await decideAccess(own, id, move, reasons);
      await follow(own, decided);
      return showAccess(decided);
    },
  });
};

/** Product access, to be read. */
export const accessRoutes: readonly Route[] = [listOfCustomer, listAll, getAccess];

/**
 * Product access, asked for by the organization and decided by the platform; with the cards, which
 * follow it.
 */
export const accessDecisionRoutes = (follow: AccessFollower): readonly Route[] => [
  request(follow),
  verb(follow, {
    move: "grant",
    summary: "Grant product access",
    description:
      "From requested. Issuing also needs the customer to be active. Cards that an earlier revocation blocked are unblocked.",
    errors: ["customer_deleted"],
  }),
  verb(follow, {
    move: "reject",
    summary: "Reject a request for product access",
    description: "From requested, with the reasons. It can be asked for again.",
    body: accessRefusalSchema,
  }),
  verb(follow, {
    move: "revoke",
    summary: "Revoke product access",
    description:
      "From granted, with the reasons. The customer's cards of the program are blocked until access is granted again. It can be asked for again.",
    body: accessRefusalSchema,
  }),
];
