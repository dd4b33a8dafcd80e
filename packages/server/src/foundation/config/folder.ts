import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { ConfigError } from "./config.ts";

/**
 * Makes the folder of the installation, and those above it, where they are missing.
 *
 * @returns whether it was missing.
 * @throws ConfigError naming the setting, where no folder can be made there.
 */
export function makeFolder(folder: string, mode: number): boolean {
  if (existsSync(folder)) return false;
  makeFolder(path.dirname(folder), mode);
  // One at a time: below /proc, where making a folder answers that the one above is missing, Node's
  // `recursive` makes that one again and again, for ever.
  try {
    mkdirSync(folder, { mode });
    return true;
  } catch (cause) {
    // Another start was first, or it is a link to nowhere.
    if (existsSync(folder)) return false;
    throw new ConfigError(
      `CARDWRIGHT_FOLDER: ${folder} cannot be made (${(cause as NodeJS.ErrnoException).code}). ` +
        "Set it to a folder that the user who starts Cardwright may make and write.",
      { cause },
    );
  }
}
