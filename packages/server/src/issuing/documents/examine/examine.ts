import { Worker } from "node:worker_threads";
import { Outage } from "../../../foundation/errors/errors.ts";
import { type DocumentCode, documentErrors } from "../errors.ts";
import {
  DECODE_TIMEOUT_MS,
  EXAMINE_MEMORY_MB,
  EXAMINE_TIMEOUT_MS,
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

/**
 * Examines a document in a thread of its own, within bounds of time and memory: some take a second of a
 * processor, for which nobody else would be answered.
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

/** @returns null where no thread can be started */
function startedThread(workerData: object): Worker | null {
  try {
    return new Worker(new URL("./thread.ts", import.meta.url), {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: EXAMINE_MEMORY_MB },
      // What a decoder complains about is about a person's document: it goes nowhere.
      stdout: true,
      stderr: true,
    });
  } catch {
    return null;
  }
}

function inThread(bytes: Buffer, { examineMs, decodeMs }: Patience): Promise<Examined> {
  return new Promise((resolve, reject) => {
    const thread = startedThread({ bytes });
    if (thread === null) return reject(unexamined());
    let form: Form | null = null;
    const end = () => {
      clearTimeout(timer);
      void thread.terminate();
    };
    // Once it is known what a document is, it need not be measured, too.
    const giveUp = () => {
      end();
      if (form === null) reject(unexamined());
      else resolve({ form, sharpness: null });
    };
    let timer = setTimeout(giveUp, examineMs);
    thread.on("message", (said: Said) => {
      if ("form" in said) {
        form = said.form;
        clearTimeout(timer);
        timer = setTimeout(giveUp, decodeMs);
        return;
      }
      end();
      if ("refused" in said) reject(documentErrors.refusal(said.refused));
      else resolve({ form: form as Form, sharpness: said.sharpness });
    });
    thread.once("error", giveUp);
    thread.once("exit", giveUp);
  });
}

const unexamined = () => new Outage("A document could not be examined.");
