import { parentPort } from "node:worker_threads";
import { Refusal } from "../../../foundation/errors/errors.ts";
import type { DocumentCode } from "../errors.ts";
import type { Form } from "../model.ts";
import { formOf } from "../rules/form.ts";
import { sharpnessOf } from "../rules/sharpness.ts";
import type { Said } from "./examine.ts";
import { greyOf } from "./grey.ts";

/** What runs in the thread of `examine`: looks through each document that it is sent, and measures it. */
const say = (said: Said) => parentPort?.postMessage(said);

parentPort?.on("message", (bytes: Uint8Array) => {
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const form = formOrRefused(content);
  if (form === null) return;
  say({ form });
  say({ sharpness: sharpnessOrUnread(content, form) });
});

/** @returns null where it is refused, which is said */
function formOrRefused(content: Buffer): Form | null {
  try {
    return formOf(content);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    // An error loses its class between threads: its code says all of it.
    say({ refused: error.code as DocumentCode });
    return null;
  }
}

/** @returns null where it is not decoded, or its decoder cannot read it */
function sharpnessOrUnread(content: Buffer, form: Form): number | null {
  try {
    const grey = greyOf(content, form);
    return grey === null ? null : sharpnessOf(grey);
  } catch {
    return null;
  }
}
