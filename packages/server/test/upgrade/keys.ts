import { createHash } from "node:crypto";
import {
  type KeyMaterial,
  newMaterial,
  writeMaterial,
} from "../../src/foundation/keys/material.ts";
import { softwareKeys } from "../../src/foundation/keys/software.ts";
import { sandboxKeys } from "../../src/interfaces/installation/seed.ts";

/**
 * The keys of the installations that the fixtures of earlier releases come from. They are worked out
 * from a word, so that none lies here and everybody has them: they keep nothing secret, and are for
 * the invented data of these tests alone.
 */
export function fixtureMaterial(): KeyMaterial {
  let drawn = 0;
  return newMaterial("sandbox", (bytes) => {
    drawn += 1;
    return createHash("sha256")
      .update(`fixture of an earlier release ${drawn}`)
      .digest()
      .subarray(0, bytes);
  });
}

/** What a server is given in `CARDWRIGHT_KEYS`. */
export const fixtureKeys = (): string => writeMaterial(fixtureMaterial());

/** The secrets of the first organization and of the platform: each release derives them from its keys. */
export const fixtureSecrets = () => sandboxKeys(softwareKeys(fixtureMaterial(), "environment"));
