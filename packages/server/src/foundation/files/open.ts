import path from "node:path";
import type { Clock, Entropy } from "../clock/clock.ts";
import { type Config, ConfigError } from "../config/config.ts";
import { bucketFiles } from "./bucket.ts";
import { directoryFiles } from "./directory.ts";
import type { FileStore } from "./files.ts";

/** Folder of documents in the folder of the installation. */
const FOLDER = "documents";

export type FileSettings = Pick<
  Config,
  | "CARDWRIGHT_FOLDER"
  | "CARDWRIGHT_DOCUMENTS"
  | "CARDWRIGHT_S3_ENDPOINT"
  | "CARDWRIGHT_S3_REGION"
  | "CARDWRIGHT_S3_ACCESS_KEY"
  | "CARDWRIGHT_S3_SECRET_KEY"
>;

/**
 * Opens the store that the settings name.
 *
 * @throws ConfigError where a bucket is named without what is needed to use it.
 * @throws Outage where the directory cannot be made.
 */
export async function openFiles(
  settings: FileSettings,
  { clock, random }: { readonly clock: Clock; readonly random: Entropy },
): Promise<FileStore> {
  const place = settings.CARDWRIGHT_DOCUMENTS;
  if (place === null) return directoryFiles(path.join(settings.CARDWRIGHT_FOLDER, FOLDER), random);
  const accessKey = settings.CARDWRIGHT_S3_ACCESS_KEY;
  const secretKey = settings.CARDWRIGHT_S3_SECRET_KEY;
  if (accessKey === null || secretKey === null) {
    throw new ConfigError(
      "CARDWRIGHT_DOCUMENTS names a bucket: set CARDWRIGHT_S3_ACCESS_KEY and CARDWRIGHT_S3_SECRET_KEY.",
    );
  }
  const region = settings.CARDWRIGHT_S3_REGION;
  const endpoint = settings.CARDWRIGHT_S3_ENDPOINT ?? `https://s3.${region}.amazonaws.com`;
  return bucketFiles({ ...place, endpoint, region, accessKey, secretKey }, clock);
}
