import { fileURLToPath } from "node:url";
import { findBreaches } from "./architecture.ts";

/** Prints every breach of the floors block of ARCHITECTURE.md; exit code 1 when there is one. */
const breaches = await findBreaches(fileURLToPath(new URL("../../../", import.meta.url)));
for (const breach of breaches) console.log(breach);
if (breaches.length > 0) process.exitCode = 1;
else console.log("Every arrow points down or to the left.");
