import { parentPort, workerData } from "node:worker_threads";
import { sharpnessOf } from "../rules/sharpness.ts";
import { greyOfJpeg, greyOfPng } from "./grey.ts";

/** What runs in the thread of `measureSharpness`: decodes one picture, answers one number, and ends. */
const { type, bytes } = workerData as { type: "jpeg" | "png"; bytes: Uint8Array };
const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
const grey = type === "jpeg" ? greyOfJpeg(content) : greyOfPng(content);
parentPort?.postMessage(grey === null ? null : sharpnessOf(grey));
