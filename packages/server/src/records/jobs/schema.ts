import { type Static, Type } from "typebox";
import { nullable, object, timestamp } from "../../foundation/route/schemas.ts";
import type { JobState } from "./model.ts";

const at = (description: string) => nullable({ ...timestamp, description });

/** A job as the platform's operator sees it. */
export const jobSchema = object(
  {
    name: Type.String({ description: "Module and verb." }),
    summary: Type.String(),
    everySeconds: Type.Integer({ description: "Longest time between two looks." }),
    isRunning: Type.Boolean(),
    lagSeconds: Type.Integer({
      description: "How long the oldest of what is due has been so; 0 when nothing is due.",
    }),
    lastStartedAt: at("When the last look began."),
    lastFinishedAt: at("When the last look ended."),
    lastSucceededAt: at("The end of the last look in which nothing failed."),
    lastDone: Type.Integer({ description: "How much was done when last there was something." }),
    lastDoneAt: at("When that was."),
    failuresInARow: Type.Integer({ description: "Looks in which something failed, since then." }),
    lastError: nullable(Type.String({ description: "A code or a name; the log says more." })),
  },
  { title: "Job" },
);

export const jobList = object({ data: Type.Array(jobSchema) });

/** Names are not refused by their form; there is none so long. */
export const jobParams = object({ name: Type.String({ minLength: 1, maxLength: 255 }) });

/** Model → reply. */
export function showJob({ job, run, lagS }: JobState): Static<typeof jobSchema> {
  const shown = (moment: Date | null) => moment?.toISOString() ?? null;
  return {
    name: job.name,
    summary: job.summary,
    everySeconds: job.everyS,
    isRunning: run.isRunning,
    lagSeconds: Math.round(lagS),
    lastStartedAt: shown(run.lastStartedAt),
    lastFinishedAt: shown(run.lastFinishedAt),
    lastSucceededAt: shown(run.lastSucceededAt),
    lastDone: Number(run.lastDone),
    lastDoneAt: shown(run.lastDoneAt),
    failuresInARow: run.failuresInARow,
    lastError: run.lastError,
  };
}
