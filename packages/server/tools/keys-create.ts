import { userInfo } from "node:os";
import { parseArgs } from "node:util";
import { systemClock, systemEntropy } from "../src/foundation/clock/clock.ts";
import { loadConfig } from "../src/foundation/config/config.ts";
import { Refusal } from "../src/foundation/errors/errors.ts";
import { createIds, type OrganizationId, PLATFORM } from "../src/foundation/ids/ids.ts";
import { KeysError } from "../src/foundation/keys/keys.ts";
import { keySettings, openKeys } from "../src/foundation/keys/open.ts";
import { type KeyByHand, makeKeyByHand } from "../src/interfaces/installation/hand.ts";
import { MAX_KEY_NAME } from "../src/records/access/model.ts";
import { mayHold, scopesFor } from "../src/records/access/rules.ts";
import { Misused, onDatabase, understood } from "./on-database.ts";

/**
 * `npm run keys:create`: makes an API key at the machine itself, for who has none that can. Exit code 0: the key
 * is there, and its secret is shown this once; 1: it was refused; 2: it could not be tried.
 */
const usage = `npm run keys:create -- [--organization <id>] [--name <name>] [--scopes <scope>,<scope>]

  --organization  whose key; the platform's where it is left out
  --name          what the key is for
  --scopes        all that such a key may have where it is left out`;

function readArguments(argv: readonly string[]): KeyByHand {
  const { organization = PLATFORM, name, scopes } = parse(argv);
  const organizationId = organization as OrganizationId;
  const wanted = scopes?.split(",").map((scope) => scope.trim()) ?? null;
  const wrong = (wanted ?? []).filter((scope) => !mayHold(organizationId, scope));
  if (wrong.length > 0) {
    const may = scopesFor(organizationId).join(", ");
    throw new Misused(
      `Keys of ${organization} may not have ${wrong.join(", ")}; they may have ${may}.`,
    );
  }
  const named = name ?? `Made at the terminal by ${userInfo().username}`;
  if (named.trim() === "" || named.length > MAX_KEY_NAME) {
    throw new Misused(`--name has 1 to ${MAX_KEY_NAME} characters.`);
  }
  return { organizationId, name: named, scopes: wanted };
}

function parse(argv: readonly string[]) {
  const text = { type: "string" } as const;
  try {
    const options = { organization: text, name: text, scopes: text } as const;
    return parseArgs({ args: [...argv], options }).values;
  } catch (error) {
    throw new Misused((error as Error).message);
  }
}

async function run(argv: readonly string[]): Promise<void> {
  const wanted = readArguments(argv);
  const config = loadConfig(process.env);
  const keys = await openKeys(keySettings(config), false);
  const newId = createIds(() => systemClock.now().getTime(), systemEntropy);
  const { key, secret } = await onDatabase("keys:create", (database) =>
    makeKeyByHand({ database, keys, newId }, config.CARDWRIGHT_MODE, wanted),
  );
  console.error(`${key.id} of ${key.organizationId}, ${key.mode}: ${key.name}`);
  console.error(`Scopes: ${key.scopes.join(", ")}`);
  console.error("Its secret, shown now and never again:");
  console.log(secret);
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  if (error instanceof Refusal) {
    console.error(error.detail);
    process.exitCode = 1;
  } else if ([...understood, KeysError].some((kind) => error instanceof kind)) {
    console.error((error as Error).message);
    if (error instanceof Misused) console.error(`\n${usage}`);
    process.exitCode = 2;
  } else throw error;
}
