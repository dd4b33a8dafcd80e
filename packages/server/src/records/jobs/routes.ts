import type { Job } from "../../foundation/job/job.ts";
import { type Route, readRoute } from "../../foundation/route/route.ts";
import { getJob, readJobs } from "./actions.ts";
import { jobList, jobParams, jobSchema, showJob } from "./schema.ts";

const common = { tag: "Jobs", audience: "platform", scope: "jobs:read" } as const;

/** What tells the operator how the given jobs run. */
export const jobRoutes = (jobs: readonly Job[]): readonly Route[] => [
  readRoute({
    ...common,
    id: "listJobs",
    path: "/jobs",
    summary: "List what is done by itself",
    description: [
      "Every job, by name: when it ran, what it did, what failed, and how far it is behind. Times are",
      "real time, whatever a sandbox's clock says.",
    ].join(" "),
    reply: jobList,
    errors: [],
    handle: async ({ reading }) => ({ data: (await readJobs(reading.sql, jobs)).map(showJob) }),
  }),
  readRoute({
    ...common,
    id: "getJob",
    path: "/jobs/{name}",
    summary: "Read how one job runs",
    params: jobParams,
    reply: jobSchema,
    errors: ["not_found"],
    handle: async ({ params, reading }) => showJob(await getJob(reading.sql, jobs, params.name)),
  }),
];
