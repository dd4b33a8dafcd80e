import { Type } from "typebox";
import {
  DEFAULT_LIMIT,
  decodeCursor,
  decodeNumber,
  pageFrom,
} from "../../../foundation/route/cursor.ts";
import { type Route, readRoute, writeRoute } from "../../../foundation/route/route.ts";
import {
  idParams,
  idText,
  object,
  oneOf,
  pageOf,
  pageQuery,
  reference,
  text,
} from "../../../foundation/route/schemas.ts";
import { listedOrganization } from "../../organizations/rules.ts";
import { customerTypes, verificationLevels } from "../../programs/model.ts";
import { ageTerms } from "../actions/age.ts";
import { openSession } from "../actions/sessions.ts";
import { changeCustomer, createCustomer, listCustomers, listHistory } from "../actions.ts";
import { canVerify } from "../model/sessions.ts";
import { customerLifecycle } from "../model.ts";
import { customerTerms } from "../rules/search.ts";
import { createdCustomerSchema } from "../schema/sessions.ts";
import {
  customerChangeSchema,
  customerSchema,
  levelsSchema,
  newCustomerSchema,
  readDetails,
  showCustomer,
  showLevels,
  showStatusChange,
  statusChangeSchema,
} from "../schema.ts";
import { customerFor } from "./seen.ts";

const tag = "Customers";

/** Longest text to search for, in characters. */
const MAX_SEARCH = 100;

const instant = (description: string) => Type.String({ format: "date-time", description });

const levels = readRoute({
  id: "listVerificationLevels",
  path: "/verification-levels",
  summary: "Read what each verification level needs",
  tag,
  audience: "any",
  scope: null,
  reply: levelsSchema,
  errors: [],
  handle: async ({ reading }) => showLevels((await ageTerms(reading)).minimumAge),
});

const create = writeRoute({
  id: "createCustomer",
  method: "POST",
  path: "/customers",
  summary: "Create a customer",
  description:
    "Only type and level are needed. Where everything is given that the level needs, the customer is pending (in review), at level minimum active; otherwise needs_information, with missing naming what to give by PATCH, and with a private link by which the person gives it (verification). null is the same as left out. An individual has firstName, lastName and birthDate, a business legalName.",
  tag,
  audience: "organization",
  scope: "customers:write",
  body: newCustomerSchema,
  reply: createdCustomerSchema,
  status: 201,
  secretFields: ["verification.link"],
  errors: ["customer_invalid", "external_id_taken", "organization_closed"],
  handle: async ({ body: { type, level, ...given }, work, publicUrl }) => {
    const customer = await createCustomer(work, { type, level, ...readDetails(given) });
    const shown = showCustomer(customer);
    if (!canVerify(customer)) return { ...shown, verification: null };
    const { session, link } = await openSession(work, customer, { publicUrl });
    const expiresAt = session.expiresAt.toISOString();
    return { ...shown, verification: { sessionId: session.id, link, expiresAt } };
  },
});

const list = readRoute({
  id: "listCustomers",
  path: "/customers",
  summary: "List customers",
  description: "The platform sees those of every organization, or of the one named.",
  tag,
  audience: "any",
  scope: "customers:read",
  query: object({
    ...pageQuery,
    status: Type.Optional(oneOf(customerLifecycle.states)),
    type: Type.Optional(oneOf(customerTypes)),
    level: Type.Optional(oneOf(verificationLevels)),
    externalId: Type.Optional(text(255, { description: "The one that has this externalId." })),
    search: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: MAX_SEARCH,
        pattern: "\\S",
        description:
          "How the name begins, in any case; or the whole e-mail address, phone number, national id or your own id.",
      }),
    ),
    typeId: Type.Optional(idText("Only those with granted access to this card program.")),
    from: Type.Optional(instant("Created at this instant or later.")),
    to: Type.Optional(instant("Created before this instant.")),
    organizationId: Type.Optional(idText("Only those of this organization.")),
  }),
  reply: pageOf(customerSchema),
  errors: ["organization_not_found"],
  handle: async ({ query: { limit = DEFAULT_LIMIT, cursor, ...query }, caller, reading }) => {
    const { organizationId, typeId, from, to, search, ...same } = query;
    const filter = {
      ...same,
      organizationId: listedOrganization(caller, organizationId),
      programId: typeId,
      createdFrom: from,
      createdTo: to,
      terms: search === undefined ? undefined : customerTerms(search),
    };
    const page = { after: decodeCursor(cursor), limit };
    return pageFrom(await listCustomers(reading.sql, filter, page), ({ id }) => id, showCustomer);
  },
});

const get = readRoute({
  id: "getCustomer",
  path: "/customers/{id}",
  summary: "Read a customer",
  tag,
  audience: "any",
  scope: "customers:read",
  params: idParams,
  reply: customerSchema,
  errors: ["not_found"],
  handle: async ({ params: { id }, caller, reading }) =>
    showCustomer(await customerFor(caller, reading, id)),
});

const history = readRoute({
  id: "listCustomerStatusHistory",
  path: "/customers/{id}/status-history",
  summary: "List the moves of a customer's status",
  tag,
  audience: "any",
  scope: "customers:read",
  params: idParams,
  query: object(pageQuery),
  reply: pageOf(statusChangeSchema),
  errors: ["not_found"],
  handle: async ({ params: { id }, query, caller, reading }) => {
    const { limit = DEFAULT_LIMIT } = query;
    const after = decodeNumber(query.cursor);
    const customer = await customerFor(caller, reading, id);
    const page = await listHistory(reading.sql, customer, { after, limit });
    return pageFrom(page, ({ version }) => version, showStatusChange);
  },
});

const change = writeRoute({
  id: "changeCustomer",
  method: "PATCH",
  path: "/customers/{id}",
  summary: "Change a customer",
  description:
    "What is left out stays, null clears; a residence that is given replaces the whole. A customer that needs_information becomes pending once nothing is missing (at level minimum active, unless the platform had asked). An active one whose name, birth date, nationality, national id or country of residence changes, or whose level is raised, is update_requested until it is reviewed; e-mail, phone and street do not change its status. A rejected one that can resubmit becomes pending by giving any of what is reviewed. A level can be raised, not lowered.",
  tag,
  audience: "organization",
  scope: "customers:write",
  params: idParams,
  body: customerChangeSchema,
  reply: customerSchema,
  status: 200,
  errors: [
    "not_found",
    "customer_invalid",
    "external_id_taken",
    "customer_rejected",
    "customer_deleted",
    "organization_closed",
  ],
  handle: async ({ params: { id }, body, work }) =>
    showCustomer(await changeCustomer(work, reference(id), readDetails(body))),
});

/** What an organization does with its customers, and what everybody reads. */
export const dataRoutes: readonly Route[] = [levels, create, list, get, history, change];
