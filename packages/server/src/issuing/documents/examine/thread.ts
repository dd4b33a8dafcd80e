import { parentPort, workerData } from "node:worker_threads";
import { Refusal } from "../../../foundation/errors/errors.ts";
import type { DocumentCode } from "../errors.ts";
import type { Form } from "../model.ts";
import { formOf } from "../rules/form.ts";
import { sharpnessOf } from "../rules/sharpness.ts";
import type { Said } from "./examine.ts";
import { greyOf } from "./grey.ts";

/** What runs in the thread of `examine`: looks through one document, measures it, and ends. */
const { bytes } = workerData as { bytes: Uint8Array };
const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
const say = (said: Said) => parentPort?.postMessage(said);

const form = formOrRefused();
if (form !== null) {
  say({ form });
  const grey = greyOf(content, form);
  say({ sharpness: grey === null ? null : sharpnessOf(grey) });
}

/** @returns null where it is refused, which is said */
function formOrRefused(): Form | null {
  try {
    return formOf(content);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    // An error loses its class between threads: its code says all of it.
    say({ refused: error.code as DocumentCode });
    return null;
  }
}
