import { Type } from "typebox";
import { generalErrors } from "../../foundation/errors/errors.ts";
import { DEFAULT_LIMIT, decodeCursor, pageFrom } from "../../foundation/route/cursor.ts";
import { type Caller, type Route, readRoute, writeRoute } from "../../foundation/route/route.ts";
import {
  currencyCode,
  idText,
  object,
  oneOf,
  pageOf,
  pageQuery,
} from "../../foundation/route/schemas.ts";
import { listedOrganization } from "../organizations/rules.ts";
import {
  changeProgram,
  createProgram,
  findProgram,
  listPrograms,
  retireProgram,
} from "./actions.ts";
import { type Program, programLifecycle, programModels } from "./model.ts";
import { isAvailableTo } from "./rules.ts";
import {
  newProgramSchema,
  programChangeSchema,
  programSchema,
  readChange,
  readDraft,
  retirementSchema,
  showProgram,
} from "./schema.ts";

const tag = "Card programs";

const params = object({ id: idText("Id of the program.") });

const showTo = (caller: Caller) => (program: Program) =>
  showProgram(program, caller.platform ? "platform" : "organization");

const list = readRoute({
  id: "listCardPrograms",
  path: "/card-programs",
  summary: "List card programs",
  description:
    "An organization sees the programs it may use, of every status. The platform sees all, or with organizationId those that this organization may use.",
  tag,
  audience: "any",
  scope: "programs:read",
  query: object({
    ...pageQuery,
    status: Type.Optional(oneOf(programLifecycle.states)),
    model: Type.Optional(oneOf(programModels)),
    currency: Type.Optional(currencyCode),
    organizationId: Type.Optional(
      idText("For the platform: only programs that this organization may use."),
    ),
  }),
  reply: pageOf(programSchema),
  errors: ["organization_not_found"],
  handle: async ({ query: { limit = DEFAULT_LIMIT, cursor, ...filter }, caller, reading }) => {
    const reader = listedOrganization(caller, filter.organizationId);
    const page = { after: decodeCursor(cursor), limit };
    const rows = await listPrograms(reading.sql, { ...filter, organizationId: reader }, page);
    return pageFrom(rows, ({ id }) => id, showTo(caller));
  },
});

const get = readRoute({
  id: "getCardProgram",
  path: "/card-programs/{id}",
  summary: "Read a card program",
  tag,
  audience: "any",
  scope: "programs:read",
  params,
  reply: programSchema,
  errors: ["not_found"],
  handle: async ({ params: { id }, caller, reading }) => {
    const program = await findProgram(reading.sql, id);
    const known =
      program !== null && (caller.platform || isAvailableTo(program, caller.organizationId));
    if (!known) throw generalErrors.refusal("not_found");
    return showTo(caller)(program);
  },
});

const create = writeRoute({
  id: "createCardProgram",
  method: "POST",
  path: "/card-programs",
  summary: "Create a card program",
  description:
    "Active at once. A program with product access, a minimum level, customer types, nationality or residence rules, or cards per customer must require customerId. What is left out: available to all, the whole range of the BIN, UTC, 36 months, renewal by hand, cards start active, no rules, no limits, no fees.",
  tag,
  audience: "platform",
  scope: "programs:write",
  body: newProgramSchema,
  reply: programSchema,
  status: 201,
  errors: ["program_inconsistent", "organization_not_found"],
  handle: async ({ body, work }) =>
    showProgram(await createProgram(work, readDraft(body)), "platform"),
});

const change = writeRoute({
  id: "changeCardProgram",
  method: "PATCH",
  path: "/card-programs/{id}",
  summary: "Change a card program",
  description:
    "What is left out stays; a list that is given replaces the list. With status inactive no cards are issued, until it is active again; existing cards work on.",
  tag,
  audience: "platform",
  scope: "programs:write",
  params,
  body: programChangeSchema,
  reply: programSchema,
  status: 200,
  errors: ["not_found", "program_retired", "program_inconsistent", "organization_not_found"],
  handle: async ({ params: { id }, body, work }) =>
    showProgram(await changeProgram(work, id, readChange(body)), "platform"),
});

const retire = writeRoute({
  id: "retireCardProgram",
  method: "POST",
  path: "/card-programs/{id}/retire",
  summary: "Retire a card program for ever",
  description:
    "No issuing and no renewal; replacements only into the successor, if one is named. Existing cards work on until they expire.",
  tag,
  audience: "platform",
  scope: "programs:write",
  params,
  body: retirementSchema,
  reply: programSchema,
  status: 200,
  errors: ["not_found", "program_retired", "program_not_found", "program_inconsistent"],
  handle: async ({ params: { id }, body, work }) =>
    showProgram(await retireProgram(work, id, body.successorId ?? null), "platform"),
});

export const programRoutes: readonly Route[] = [list, get, create, change, retire];
