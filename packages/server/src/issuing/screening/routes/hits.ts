import { Type } from "typebox";
import {
  DEFAULT_LIMIT,
  decodeCursor,
  decodeNumber,
  pageFrom,
} from "../../../foundation/route/cursor.ts";
import { type Route, readRoute } from "../../../foundation/route/route.ts";
import {
  idParams,
  idText,
  object,
  oneOf,
  pageOf,
  pageQuery,
} from "../../../foundation/route/schemas.ts";
import { listHitHistory, listHits, readHit } from "../actions/hits.ts";
import { hitLifecycle } from "../model/hits.ts";
import { listSources } from "../model.ts";
import { hitChangeSchema, hitSchema, showHit, showHitChange } from "../schema/hits.ts";

const tag = "Screening";

const list = readRoute({
  id: "listScreeningHits",
  path: "/screening-hits",
  summary: "List hits of screening",
  description: "Of every organization, or of the one named; open ones wait for a decision.",
  tag,
  audience: "platform",
  scope: "compliance:read",
  query: object({
    ...pageQuery,
    status: Type.Optional(oneOf(hitLifecycle.states)),
    source: Type.Optional(oneOf(listSources)),
    organizationId: Type.Optional(idText("Only those of this organization.")),
    subjectId: Type.Optional(idText("Only of this customer or card.")),
  }),
  reply: pageOf(hitSchema),
  errors: [],
  handle: async ({ query: { limit = DEFAULT_LIMIT, cursor, ...filter }, reading }) => {
    const page = { after: decodeCursor(cursor), limit };
    return pageFrom(await listHits(reading, filter, page), ({ hit }) => hit.id, showHit);
  },
});

const get = readRoute({
  id: "getScreeningHit",
  path: "/screening-hits/{id}",
  summary: "Read a hit of screening",
  tag,
  audience: "platform",
  scope: "compliance:read",
  params: idParams,
  reply: hitSchema,
  errors: ["not_found"],
  handle: async ({ params: { id }, reading }) => showHit(await readHit(reading, id)),
});

const history = readRoute({
  id: "listScreeningHitHistory",
  path: "/screening-hits/{id}/history",
  summary: "List what became of a hit of screening",
  description:
    "Each step with who took it, why and when, the newest first; also what was proposed and taken back, or decided and reopened.",
  tag,
  audience: "platform",
  scope: "compliance:read",
  params: idParams,
  query: object(pageQuery),
  reply: pageOf(hitChangeSchema),
  errors: ["not_found"],
  handle: async ({ params: { id }, query: { limit = DEFAULT_LIMIT, cursor }, reading }) => {
    const page = { after: decodeNumber(cursor), limit };
    const changes = await listHitHistory(reading.sql, id, page);
    return pageFrom(changes, ({ version }) => version, showHitChange);
  },
});

/** The queue of hits, to be read. */
export const hitRoutes: readonly Route[] = [list, get, history];
