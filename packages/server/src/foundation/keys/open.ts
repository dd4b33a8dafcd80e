import type { Config } from "../config/config.ts";
import { fileKeys } from "./file.ts";
import { type KeyMode, type Keys, KeysError } from "./keys.ts";
import { readMaterial } from "./material.ts";
import { softwareKeys } from "./software.ts";

/** What the settings say about keys. */
export type KeySettings = {
  readonly mode: KeyMode;
  /** `CARDWRIGHT_FOLDER`. */
  readonly folder: string;
  /** `CARDWRIGHT_KEYS`. */
  readonly environment: string | null;
  /** `CARDWRIGHT_ALLOW_SOFTWARE_KEYS=live`. */
  readonly allowSoftwareKeysInLive: boolean;
};

/** What the settings of a process say about keys. */
export const keySettings = (
  config: Pick<
    Config,
    "CARDWRIGHT_MODE" | "CARDWRIGHT_FOLDER" | "CARDWRIGHT_KEYS" | "CARDWRIGHT_ALLOW_SOFTWARE_KEYS"
  >,
): KeySettings => ({
  mode: config.CARDWRIGHT_MODE,
  folder: config.CARDWRIGHT_FOLDER,
  environment: config.CARDWRIGHT_KEYS,
  allowSoftwareKeysInLive: config.CARDWRIGHT_ALLOW_SOFTWARE_KEYS,
});

/**
 * Opens the keys that the settings name.
 *
 * @param mayCreate whether a missing key file may be made: only while the database is empty.
 * @throws KeysError with the remedy.
 */
export async function openKeys(settings: KeySettings, mayCreate: boolean): Promise<Keys> {
  if (settings.mode === "live" && !settings.allowSoftwareKeysInLive) {
    throw new KeysError(
      "A live installation may not keep its keys in a file or in the environment.",
      "Use a hardware module, or accept the risk with CARDWRIGHT_ALLOW_SOFTWARE_KEYS=live.",
    );
  }
  return settings.environment === null
    ? fileKeys(settings.folder, { mode: settings.mode, mayCreate })
    : environmentKeys(settings.environment, settings.mode);
}

/**
 * Keys from the JSON in `CARDWRIGHT_KEYS`, which has the layout of the key file.
 *
 * @throws KeysError when the text is damaged or made for the other mode.
 */
export function environmentKeys(json: string, mode: KeyMode): Keys {
  return softwareKeys(readMaterial(json, "CARDWRIGHT_KEYS", mode), "environment");
}
