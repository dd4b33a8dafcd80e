import { Counter, Gauge, Histogram, type Registry } from "prom-client";

const SECONDS = [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300];

/** What is measured of jobs, for Prometheus. */
export type JobMeters = ReturnType<typeof createJobMeters>;

/** Makes the meters of the jobs of one process. */
export function createJobMeters(register: Registry) {
  const registers = [register];
  const labelNames = ["job"] as const;
  return {
    runs: new Counter({
      name: "cardwright_job_runs_total",
      help: "Looks of this process at a job: done, idle, failed, cut_off.",
      labelNames: ["job", "result"],
      registers,
    }),
    done: new Counter({
      name: "cardwright_job_done_total",
      help: "What this process did of a job.",
      labelNames,
      registers,
    }),
    failures: new Counter({
      name: "cardwright_job_failures_total",
      help: "What failed in this process of a job: single things, and looks that were broken off.",
      labelNames,
      registers,
    }),
    duration: new Histogram({
      name: "cardwright_job_duration_seconds",
      help: "Time of a look of this process at a job.",
      labelNames,
      buckets: SECONDS,
      registers,
    }),
    lastSuccess: new Gauge({
      name: "cardwright_job_last_success_timestamp_seconds",
      help: "End of the last look of any process at a job in which nothing failed.",
      labelNames,
      registers,
    }),
    lag: new Gauge({
      name: "cardwright_job_due_lag_seconds",
      help: "How long the oldest of what is due of a job has been so; 0 when nothing is due.",
      labelNames,
      registers,
    }),
  };
}
