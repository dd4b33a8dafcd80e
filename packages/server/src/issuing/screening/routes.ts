import { type Route, readRoute, writeRoute } from "../../foundation/route/route.ts";
import { listsInForce, readLists } from "./actions/lists.ts";
import { hitRoutes } from "./routes/hits.ts";
import {
  foundSchema,
  listsSchema,
  readSubject,
  searchSchema,
  showFound,
  showLists,
} from "./schema.ts";

const tag = "Screening";

const lists = readRoute({
  id: "listScreeningLists",
  path: "/screening-lists",
  summary: "List the sanctions and PEP lists in force",
  description:
    "One line a source. Where a source has no version, nobody is screened against it: load it with npm run lists:load.",
  tag,
  audience: "platform",
  scope: "compliance:read",
  reply: listsSchema,
  errors: [],
  handle: async ({ reading }) => showLists(await readLists(reading.sql)),
});

const search = writeRoute({
  id: "searchScreeningLists",
  method: "POST",
  path: "/screening/search",
  summary: "Search a name in the lists in force",
  description:
    "The entries that may be this person or entity, the likeliest first, each with every line of its score. Nothing of the question or the answer is kept; that it was asked, and by whom, is in the audit log.",
  tag,
  audience: "platform",
  scope: "compliance:read",
  body: searchSchema,
  reply: foundSchema,
  status: 200,
  secretFields: ["matches"],
  errors: [],
  handle: async ({ body, work }) => {
    const { sources, search: look } = await listsInForce(work);
    return showFound(sources, look(readSubject(body)));
  },
});

/** Lists, and questions to them. */
export const screeningRoutes: readonly Route[] = [lists, search, ...hitRoutes];
