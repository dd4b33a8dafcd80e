import { Worker } from "node:worker_threads";
import { DECODE_MEMORY_MB, DECODE_TIMEOUT_MS, type Form, MAX_DECODED_PIXELS } from "../model.ts";

/** One picture at a time is decoded in a process, so that their memory does not add up. */
let last: Promise<unknown> = Promise.resolve();

/**
 * How sharp a picture is, measured in a thread of its own within a bound of time and memory.
 *
 * @returns null where it cannot be told: a PDF or HEIC, which are not decoded; more than 16 million
 *   pixels; a picture that the decoder cannot read, or not in time, or that no thread can be started for.
 */
export function measureSharpness(
  bytes: Buffer,
  { type, width, height }: Form,
  timeoutMs: number = DECODE_TIMEOUT_MS,
): Promise<number | null> {
  const isDecoded = type === "jpeg" || type === "png";
  const pixels = (width ?? 0) * (height ?? 0);
  if (!isDecoded || pixels > MAX_DECODED_PIXELS) return Promise.resolve(null);
  const measured = last.then(() => inThread({ type, bytes }, timeoutMs));
  last = measured;
  return measured;
}

/** @returns null where no thread can be started: nobody behind it in the queue shall wait for that. */
function startedThread(workerData: object): Worker | null {
  try {
    return new Worker(new URL("./thread.ts", import.meta.url), {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: DECODE_MEMORY_MB },
      // What a decoder complains about is about a person's document: it goes nowhere.
      stdout: true,
      stderr: true,
    });
  } catch {
    return null;
  }
}

function inThread(
  workerData: { readonly type: string; readonly bytes: Buffer },
  timeoutMs: number,
): Promise<number | null> {
  return new Promise((resolve) => {
    const thread = startedThread(workerData);
    if (thread === null) return resolve(null);
    const patience = setTimeout(() => end(null), timeoutMs);
    const end = (sharpness: number | null) => {
      clearTimeout(patience);
      void thread.terminate();
      resolve(sharpness);
    };
    thread.once("message", end);
    thread.once("error", () => end(null));
    thread.once("exit", () => end(null));
  });
}
