import type { Database } from "../../../foundation/database/database.ts";
import type { Sql } from "../../../foundation/database/sql.ts";
import type { OrganizationId } from "../../../foundation/ids/ids.ts";
import { drainRecords, headOf, linkAt, verifyChain } from "../../sequencer/actions.ts";
import type { ChainHead, RecordSource } from "../../sequencer/model.ts";
import { type Law, laws } from "../model.ts";
import { type Breach, findBreach, readOrganizations, readSequenceOfLink } from "../store/laws.ts";

const lawNames = Object.keys(laws) as Law[];

/** A law, and what breaks it; null where it holds. */
export type LawReport = { readonly law: Law; readonly breach: Breach | null };

/** The state of an organization's books. */
export type Invariants = { readonly head: ChainHead; readonly laws: readonly LawReport[] };

/**
 * Checks the laws of the books as they are right now, and gives the head of the chain: kept outside, it
 * finds out later even whoever rewrote every table.
 */
export async function invariants(sql: Sql, organizationId: OrganizationId): Promise<Invariants> {
  const reports: LawReport[] = [];
  // One after the other: each reads the whole journal, and others want the database too.
  for (const law of lawNames) {
    reports.push({ law, breach: await findBreach(sql, organizationId, law) });
  }
  return { head: await headOf(sql, organizationId), laws: reports };
}

/** Told what is being looked at, and how far it is: `done` of `total`. */
export type VerifyStep = (step: "drain" | "chain" | Law, done: bigint, total: bigint) => void;

/** The first thing that is wrong. */
export type Finding = {
  /** What does not hold: a law, the chain, or the head that was kept outside. */
  readonly where: "chain" | "head" | Law;
  /** The bad row: of the journal or the audit log, an account, a hold, or a currency. */
  readonly id: string | null;
  /** Its place in the chain, where it has one. */
  readonly sequence: bigint | null;
  readonly wrong: string;
};

/** What a verification of one organization found. */
export type Verification = {
  readonly organizationId: OrganizationId;
  readonly head: ChainHead;
  /** Records whose links hold. */
  readonly records: bigint;
  /** Where the head that was kept outside stands; null when none was given or it is nowhere. */
  readonly keptAt: bigint | null;
  /** Null when everything holds. */
  readonly bad: Finding | null;
};

export type VerifyOptions = {
  readonly organizationId: OrganizationId;
  /** Every source of the chain, this module's among them. */
  readonly sources: readonly RecordSource[];
  /** A link that was the head once, and was kept outside the database. */
  readonly head?: Uint8Array | undefined;
  readonly onStep?: VerifyStep;
};

/**
 * Verifies one organization's books: first what waits is linked, then the chain and its counts, then the
 * laws, among them account versions against stored balances, which finds a cut end.
 *
 * @param database with a statement timeout that lets whole journals be read.
 */
export async function verify(database: Database, options: VerifyOptions): Promise<Verification> {
  const { organizationId, sources, onStep = () => undefined } = options;
  const missing = await findBreach(database, organizationId, WAITING);
  if (missing !== null) return stuck(database, organizationId, missing);
  onStep("drain", 0n, 1n);
  await drainRecords(database, sources);
  const chain = await verifyChain(database, organizationId, sources, (done, total) =>
    onStep("chain", done, total),
  );
  const keptAt = await findKept(database, options);
  const bad =
    chainFinding(chain.bad) ??
    headFinding(options, keptAt) ??
    (await lawFinding(database, organizationId, onStep));
  return { organizationId, head: chain.head, records: chain.checked, keptAt, bad };
}

/** Broken, it stops the sequencer, so it is looked at before what waits is linked. */
const WAITING: Law = "waiting_rows_exist";

async function stuck(
  sql: Sql,
  organizationId: OrganizationId,
  breach: Breach,
): Promise<Verification> {
  const head = await headOf(sql, organizationId);
  const bad = { where: WAITING, sequence: null, ...breach };
  return { organizationId, head, records: 0n, keptAt: null, bad };
}

function chainFinding(bad: Awaited<ReturnType<typeof verifyChain>>["bad"]): Finding | null {
  if (bad === null) return null;
  return { where: "chain", id: bad.recordId, sequence: bad.sequence, wrong: bad.wrong };
}

async function findKept(sql: Sql, { organizationId, head }: VerifyOptions): Promise<bigint | null> {
  if (head === undefined) return null;
  const empty = await linkAt(sql, organizationId, 0n);
  if (empty !== null && Buffer.from(empty).equals(head)) return 0n;
  return readSequenceOfLink(sql, organizationId, head);
}

function headFinding({ head }: VerifyOptions, keptAt: bigint | null): Finding | null {
  if (head === undefined || keptAt !== null) return null;
  const wrong = "No record has the head that was kept outside: the chain was written anew.";
  return { where: "head", id: null, sequence: null, wrong };
}

async function lawFinding(
  sql: Sql,
  organizationId: OrganizationId,
  onStep: VerifyStep,
): Promise<Finding | null> {
  for (const law of lawNames) {
    onStep(law, 0n, 1n);
    const breach = await findBreach(sql, organizationId, law);
    if (breach !== null) return { where: law, sequence: null, ...breach };
  }
  return null;
}

/** Every organization that has books or a chain. */
export function listBooks(sql: Sql): Promise<OrganizationId[]> {
  return readOrganizations(sql);
}
