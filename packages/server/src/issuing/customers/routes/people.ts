import { DEFAULT_LIMIT, decodeCursor, pageFrom } from "../../../foundation/route/cursor.ts";
import { type Route, readRoute, writeRoute } from "../../../foundation/route/route.ts";
import {
  idParams,
  idText,
  object,
  pageOf,
  pageQuery,
  reference,
} from "../../../foundation/route/schemas.ts";
import { addPerson, changePerson, getPerson, listPeople, removePerson } from "../actions/people.ts";
import { newPersonSchema, personChangeSchema, personSchema, showPerson } from "../schema/people.ts";
import { customerFor } from "./seen.ts";

const tag = "People of businesses";

const personParams = object({
  id: idParams.properties.id,
  personId: idText("Id of the person."),
});

const writing = {
  tag,
  audience: "organization",
  scope: "customers:write",
  reply: personSchema,
} as const;

const reading = { tag, audience: "any", scope: "customers:read", errors: ["not_found"] } as const;

const add = writeRoute({
  ...writing,
  id: "addPerson",
  method: "POST",
  path: "/customers/{id}/people",
  summary: "Add a director or beneficial owner of a business",
  description:
    "An active customer is reviewed again: who directs and owns it had been verified. At most 50 people; what they own is at most the whole.",
  params: idParams,
  body: newPersonSchema,
  status: 201,
  errors: [
    "not_found",
    "people_not_for_individuals",
    "person_limit_reached",
    "customer_invalid",
    "customer_deleted",
    "organization_closed",
  ],
  handle: async ({ params: { id }, body, work }) => {
    const { ownershipBasisPoints = null, ...details } = body;
    const given = { ...details, ownershipBasisPoints };
    return showPerson(await addPerson(work, reference(id), given));
  },
});

const list = readRoute({
  ...reading,
  id: "listPeople",
  path: "/customers/{id}/people",
  summary: "List the people of a business",
  description: "Those who were removed, too: removedAt says since when.",
  params: idParams,
  query: object(pageQuery),
  reply: pageOf(personSchema),
  handle: async ({ params: { id }, query: { limit = DEFAULT_LIMIT, cursor }, caller, ...call }) => {
    const customer = await customerFor(caller, call.reading, id);
    const page = { after: decodeCursor(cursor), limit };
    const people = await listPeople(call.reading.sql, customer, page);
    return pageFrom(people, (person) => person.id, showPerson);
  },
});

const get = readRoute({
  ...reading,
  id: "getPerson",
  path: "/customers/{id}/people/{personId}",
  summary: "Read a person of a business",
  params: personParams,
  reply: personSchema,
  handle: async ({ params: { id, personId }, caller, ...call }) => {
    const customer = await customerFor(caller, call.reading, id);
    return showPerson(await getPerson(call.reading.sql, customer, personId));
  },
});

const refusals = ["not_found", "person_removed", "person_needed", "customer_deleted"] as const;

const change = writeRoute({
  ...writing,
  id: "changePerson",
  method: "PATCH",
  path: "/customers/{id}/people/{personId}",
  summary: "Change a person of a business",
  description: "What is left out stays. An active customer is reviewed again.",
  params: personParams,
  body: personChangeSchema,
  status: 200,
  errors: [...refusals, "customer_invalid", "organization_closed"],
  handle: async ({ params: { id, personId }, body, work }) =>
    showPerson(await changePerson(work, reference(id), personId, body)),
});

const remove = writeRoute({
  ...writing,
  id: "removePerson",
  method: "DELETE",
  path: "/customers/{id}/people/{personId}",
  summary: "Remove a person from a business",
  description:
    "That it was there stays on record. Who is the last of a role that the level needs cannot be removed once the customer is complete: add the successor first.",
  params: personParams,
  status: 200,
  errors: [...refusals, "organization_closed"],
  handle: async ({ params: { id, personId }, work }) =>
    showPerson(await removePerson(work, reference(id), personId)),
});

/** Who directs and who owns customers that are businesses. */
export const peopleRoutes: readonly Route[] = [add, list, get, change, remove];
