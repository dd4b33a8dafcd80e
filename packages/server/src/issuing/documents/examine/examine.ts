import { Worker } from "node:worker_threads";
import { Outage } from "../../../foundation/errors/errors.ts";
import { type DocumentCode, documentErrors } from "../errors.ts";
import {
  DECODE_TIMEOUT_MS,
  EXAMINE_MEMORY_MB,
  EXAMINE_TIMEOUT_MS,
  EXAMINER_KEPT_MS,
  type Form,
  MAX_EXAMINED,
} from "../model.ts";
import { typeOf } from "../rules/form.ts";

/** What was found of a document. */
export type Examined = {
  readonly form: Form;
  /** As `sharpnessOf`; null where the document is not decoded, or could not be, or not in time. */
  readonly sharpness: number | null;
};

/** What the thread says: why the document is refused; or what it is, and then how sharp. */
export type Said =
  | { readonly refused: DocumentCode }
  | { readonly form: Form }
  | { readonly sharpness: number | null };

export type Patience = { readonly examineMs: number; readonly decodeMs: number };
const patience: Patience = { examineMs: EXAMINE_TIMEOUT_MS, decodeMs: DECODE_TIMEOUT_MS };

/** One document at a time is examined in a process, so that their memory does not add up. */
let last: Promise<unknown> = Promise.resolve();
let count = 0;

/** The thread that waits for the next document. */
let kept: { readonly thread: Worker; readonly until: NodeJS.Timeout } | null = null;

/**
 * Examines a document in a thread, within bounds of time and memory: some take a second of a processor,
 * for which nobody else would be answered. The thread is used again only where it said all of the last one.
 *
 * @throws Refusal as `formOf`. @throws Outage where that was not found out: in time, with the memory
 *   there is, for want of a thread, or because too many wait. A document is never taken unexamined.
 */
export async function examine(bytes: Buffer, within: Patience = patience): Promise<Examined> {
  // What this refuses needs no thread.
  typeOf(bytes);
  if (count >= MAX_EXAMINED) throw new Outage("Too many documents wait to be examined.");
  count += 1;
  const examined = last.then(() => inThread(bytes, within)).finally(() => (count -= 1));
  last = examined.catch(() => undefined);
  return examined;
}

function inThread(bytes: Buffer, { examineMs, decodeMs }: Patience): Promise<Examined> {
  return new Promise((resolve, reject) => {
    const thread = threadWith(bytes);
    if (thread === null) return reject(unexamined());
    let form: Form | null = null;
    // Once it is known what a document is, it need not be measured, too.
    const giveUp = () => {
      clearTimeout(timer);
      // What it says on its way out is of nobody any more.
      thread.removeAllListeners("message");
      void thread.terminate();
      if (form === null) reject(unexamined());
      else resolve({ form, sharpness: null });
    };
    let timer = setTimeout(giveUp, examineMs);
    // What a thread says before it dies comes before its exit, though not before its error.
    thread.once("exit", giveUp);
    thread.on("message", (said: Said) => {
      clearTimeout(timer);
      if ("form" in said) {
        form = said.form;
        timer = setTimeout(giveUp, decodeMs);
        return;
      }
      keep(thread);
      if ("refused" in said) reject(documentErrors.refusal(said.refused));
      else resolve({ form: form as Form, sharpness: said.sharpness });
    });
  });
}

/** A thread that was given the document. @returns null where none can be started, or it cannot be given */
function threadWith(bytes: Buffer): Worker | null {
  let thread: Worker | null = null;
  try {
    thread = keptThread() ?? startedThread();
    thread.postMessage(bytes);
    return thread;
  } catch {
    void thread?.terminate();
    return null;
  }
}

function startedThread(): Worker {
  const thread = new Worker(new URL("./thread.ts", import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: EXAMINE_MEMORY_MB },
    stdout: true,
    stderr: true,
  });
  // What a decoder complains about is about a person's document: it goes nowhere, and is not kept either.
  thread.stdout.resume();
  thread.stderr.resume();
  // Its exit is listened to; an error that nobody hears would end the process.
  return thread.on("error", () => undefined);
}

function keptThread(): Worker | null {
  if (kept === null) return null;
  const { thread, until } = kept;
  kept = null;
  clearTimeout(until);
  // One that died meanwhile has no id any more.
  if (thread.threadId === -1) return null;
  thread.ref();
  return thread;
}

/** The process may end while the thread waits. */
function keep(thread: Worker): void {
  thread.removeAllListeners("message").removeAllListeners("exit").unref();
  const end = () => {
    kept = null;
    void thread.terminate();
  };
  kept = { thread, until: setTimeout(end, EXAMINER_KEPT_MS).unref() };
}

const unexamined = () => new Outage("A document could not be examined.");
