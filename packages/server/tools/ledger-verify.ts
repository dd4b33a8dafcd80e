import { parseArgs } from "node:util";
import type { Database } from "../src/foundation/database/database.ts";
import type { OrganizationId } from "../src/foundation/ids/ids.ts";
import { recordSources } from "../src/interfaces/worker/sources.ts";
import { listBooks, type Verification, verify } from "../src/records/ledger/actions.ts";
import { laws } from "../src/records/ledger/model.ts";
import { Misused, onDatabase, showProgress, understood } from "./on-database.ts";

/**
 * `npm run ledger:verify`: checks the books and the hash chain of one organization, or of all, on the
 * database that the server's settings name: the embedded one too, whether its server runs or not.
 * Exit code 0: everything holds; 1: something does not, and the first bad row is named; 2: it could not
 * be checked.
 */
const usage = `npm run ledger:verify -- [--organization org_…] [--head <64 hex digits>]

  --organization  check this one only
  --head          a link that was the head of its chain once, and was kept outside`;

type Asked = {
  readonly organization: OrganizationId | null;
  readonly head: Uint8Array | undefined;
};

function readArguments(argv: readonly string[]): Asked {
  const given = parse(argv);
  const { organization = null, head } = given;
  if (head === undefined) return { organization: organization as OrganizationId | null, head };
  if (!/^[0-9a-f]{64}$/i.test(head)) throw new Misused("--head is not a link of 64 hex digits.");
  if (organization === null)
    throw new Misused("--head needs --organization: a head is of one chain.");
  return { organization: organization as OrganizationId, head: Buffer.from(head, "hex") };
}

function parse(argv: readonly string[]) {
  try {
    const options = { organization: { type: "string" }, head: { type: "string" } } as const;
    return parseArgs({ args: [...argv], options }).values;
  } catch (error) {
    throw new Misused((error as Error).message);
  }
}

async function check(database: Database, organizationId: OrganizationId, head?: Uint8Array) {
  const found = await verify(database, {
    organizationId,
    sources: recordSources,
    head,
    onStep: (step, done, total) => {
      const what = step === "chain" ? `chain ${done} of ${total}` : step.replaceAll("_", " ");
      showProgress(`${organizationId}: ${what}`);
    },
  });
  showProgress("");
  console.log(describe(found));
  return found.bad === null;
}

function describe({ organizationId, records, head, keptAt, bad }: Verification): string {
  const link = Buffer.from(head.link).toString("hex");
  if (bad === null) {
    const kept = keptAt === null ? "" : `\n  the head that was kept is its record ${keptAt}`;
    const rules = Object.keys(laws).length;
    return `${organizationId}: ${records} records in the chain, ${rules} laws, all hold\n  head ${link}${kept}`;
  }
  const place = bad.sequence === null ? "" : `, sequence ${bad.sequence}`;
  const meaning = bad.where in laws ? laws[bad.where as keyof typeof laws] : `the ${bad.where}`;
  return [
    `${organizationId}: DOES NOT HOLD (${bad.where})`,
    `  first bad row: ${bad.id ?? "none to name"}${place}`,
    `  ${bad.wrong}`,
    `  what should hold: ${meaning}`,
  ].join("\n");
}

/** The organizations to check: the one that was asked for, or all. */
async function chosen(database: Database, organization: OrganizationId | null) {
  const known = await listBooks(database);
  if (organization === null) return known;
  if (!known.includes(organization)) throw new Misused(`${organization} has no books here.`);
  return [organization];
}

async function run(argv: readonly string[]): Promise<number> {
  const { organization, head } = readArguments(argv);
  return onDatabase("ledger:verify", async (database) => {
    const organizations = await chosen(database, organization);
    let good = 0;
    for (const one of organizations) if (await check(database, one, head)) good += 1;
    console.log(`${good} of ${organizations.length} organizations hold.`);
    return good === organizations.length ? 0 : 1;
  });
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  process.exitCode = 2;
  if (!understood.some((kind) => error instanceof kind)) throw error;
  console.error((error as Error).message);
  if (error instanceof Misused) console.error(`\n${usage}`);
}
