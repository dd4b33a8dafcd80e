import { Type } from "typebox";
import { generalErrors } from "../../../foundation/errors/errors.ts";
import {
  DEFAULT_LIMIT,
  decodeCursor,
  decodeNumber,
  pageFrom,
} from "../../../foundation/route/cursor.ts";
import { type Route, readRoute, streamRoute, writeRoute } from "../../../foundation/route/route.ts";
import { idParams, object, oneOf, pageOf, pageQuery } from "../../../foundation/route/schemas.ts";
import {
  cancelBatch,
  createBatch,
  getBatch,
  listBatches,
  listBatchRows,
  preflightBatch,
  readBatchRows,
} from "../actions/batches.ts";
import { batchLifecycle, batchRowLifecycle } from "../model/batches.ts";
import {
  batchPreflightSchema,
  batchRowSchema,
  batchSchema,
  MAX_BATCH_BYTES,
  newBatchSchema,
  showBatch,
  showBatchPreflight,
  showBatchRow,
} from "../schema/batches.ts";
import { batchResultsSchema, resultFormats, resultWriters } from "../schema/results.ts";
import { externalId } from "../schema.ts";

const tag = "Card batches";
const rows = { maxBytes: MAX_BATCH_BYTES } as const;

const check = readRoute({
  id: "preflightCardBatch",
  method: "POST",
  path: "/cards/batches/preflight",
  summary: "Check whether a batch of cards could be issued",
  description:
    "Takes the body of a batch, writes nothing, and answers with the price of all rows and every condition that is not met, row by row, as if the rows were issued in their order: what they cost adds up, and so do cards of a customer and external ids. A row that could not be issued takes nothing from those behind it.",
  tag,
  audience: "organization",
  scope: "cards:read",
  body: newBatchSchema,
  rows,
  reply: batchPreflightSchema,
  errors: [],
  handle: async ({ body, reading }) => showBatchPreflight(await preflightBatch(reading, body.rows)),
});

const create = writeRoute({
  id: "createCardBatch",
  method: "POST",
  path: "/cards/batches",
  summary: "Issue many cards",
  description:
    "Takes 1 to 1,000 rows, each the body of a single issue, as JSON or as CSV with one column for each field. A body with a malformed row is refused whole. Then it answers at once, and the cards are issued in the order of the rows. Rows stand alone: one that cannot be issued fails with every unmet condition and touches no other.",
  tag,
  audience: "organization",
  scope: "cards:write",
  query: object({ externalId: Type.Optional(externalId) }),
  body: newBatchSchema,
  rows,
  reply: batchSchema,
  status: 201,
  errors: ["external_id_taken"],
  handle: async ({ query, body, work }) => {
    if (query.externalId !== undefined && body.externalId !== undefined) throw givenTwice();
    const named = body.externalId ?? query.externalId ?? null;
    return showBatch(await createBatch(work, { externalId: named, rows: body.rows }));
  },
});

const givenTwice = () =>
  generalErrors.refusal("invalid_request", "externalId is in the query and in the body.", {
    field: "externalId",
  });

const list = readRoute({
  id: "listCardBatches",
  path: "/cards/batches",
  summary: "List batches of cards",
  tag,
  audience: "organization",
  scope: "cards:read",
  query: object({ ...pageQuery, status: Type.Optional(oneOf(batchLifecycle.states)) }),
  reply: pageOf(batchSchema),
  errors: [],
  handle: async ({ query: { limit = DEFAULT_LIMIT, cursor, status }, reading }) => {
    const page = { after: decodeCursor(cursor), limit };
    return pageFrom(await listBatches(reading, status, page), ({ id }) => id, showBatch);
  },
});

const get = readRoute({
  id: "getCardBatch",
  path: "/cards/batches/{id}",
  summary: "Get a batch of cards",
  tag,
  audience: "organization",
  scope: "cards:read",
  params: idParams,
  reply: batchSchema,
  errors: ["not_found"],
  handle: async ({ params, reading }) => showBatch(await getBatch(reading, params.id)),
});

const listRows = readRoute({
  id: "listCardBatchRows",
  path: "/cards/batches/{id}/rows",
  summary: "List what became of the rows of a batch",
  description: "In the order of the rows.",
  tag,
  audience: "organization",
  scope: "cards:read",
  params: idParams,
  query: object({ ...pageQuery, status: Type.Optional(oneOf(batchRowLifecycle.states)) }),
  reply: pageOf(batchRowSchema),
  errors: ["not_found"],
  handle: async ({ params, query: { limit = DEFAULT_LIMIT, cursor, status }, reading }) => {
    const page = { after: decodeNumber(cursor), limit };
    const found = await listBatchRows(reading, params.id, status, page);
    return pageFrom(found, ({ number }) => String(number), showBatchRow);
  },
});

const results = streamRoute({
  id: "getCardBatchResults",
  path: "/cards/batches/{id}/results",
  summary: "Read what became of all rows of a batch",
  description:
    "As JSON or CSV, in the order of the rows; the batch comes last. Read while the batch is worked on, rows may show as pending that are decided since.",
  tag,
  audience: "organization",
  scope: "cards:read",
  params: idParams,
  query: {},
  formats: resultFormats,
  reply: batchResultsSchema,
  errors: ["not_found"],
  handle: async ({ params, reading, format }) => {
    const batch = await getBatch(reading, params.id);
    const write = resultWriters[format === "csv" ? "csv" : "json"];
    const pieces = write(readBatchRows(reading, batch), () => getBatch(reading, batch.id));
    return { fileName: `${batch.id}-results`, pieces };
  },
});

const cancel = writeRoute({
  id: "cancelCardBatch",
  method: "POST",
  path: "/cards/batches/{id}/cancel",
  summary: "Cancel what of a batch is not issued",
  description: "Cards that are issued stay. Repeating it changes nothing.",
  tag,
  audience: "organization",
  scope: "cards:write",
  params: idParams,
  reply: batchSchema,
  status: 200,
  errors: ["not_found", "card_batch_completed"],
  handle: async ({ params, work }) => showBatch(await cancelBatch(work, params.id)),
});

export const batchRoutes: readonly Route[] = [check, create, list, get, listRows, results, cancel];
