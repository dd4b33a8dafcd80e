import { DEFAULT_LIMIT } from "../../foundation/route/cursor.ts";
import { type Route, readRoute } from "../../foundation/route/route.ts";
import { readStream } from "./actions.ts";
import { eventPage, eventQuery, showEvent } from "./schema.ts";

/** The stream of events (PRODUCT §9). */
export const eventRoutes: readonly Route[] = [
  readRoute({
    id: "listEvents",
    path: "/events",
    summary: "Read the stream of events",
    description: [
      "Oldest first, each state change exactly once. Keep `lastSequence` and give it as `after`",
      "next time; with `wait` the answer comes as soon as there is an event. Personal data is `null`",
      "once the person's key was destroyed.",
    ].join(" "),
    tag: "Events",
    audience: "any",
    scope: "events:read",
    query: eventQuery,
    reply: eventPage,
    errors: [],
    async handle({ query, reading, signal }) {
      const { after = 0, limit = DEFAULT_LIMIT, wait = 0, type, objectId } = query;
      const filter = {
        ...(type === undefined ? {} : { type }),
        ...(objectId === undefined ? {} : { objectId }),
      };
      const ask = { after: BigInt(after), limit, filter, waitMs: wait * 1_000, signal };
      const page = await readStream(reading, ask);
      return { data: page.events.map(showEvent), lastSequence: Number(page.lastSequence) };
    },
  }),
];
