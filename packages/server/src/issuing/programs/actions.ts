import type { Sql } from "../../foundation/database/sql.ts";
import type { Work } from "../../foundation/database/work.ts";
import { assert, generalErrors } from "../../foundation/errors/errors.ts";
import { PLATFORM } from "../../foundation/ids/ids.ts";
import { announce } from "../../records/events/actions.ts";
import { previousOf } from "../../records/events/rules.ts";
import { findOrganization } from "../organizations/actions.ts";
import { organizationErrors } from "../organizations/errors.ts";
import { programErrors } from "./errors.ts";
import type { programEvents } from "./events.ts";
import {
  draftProgram,
  type Program,
  type ProgramChange,
  type ProgramDraft,
  type RangeThreshold,
} from "./model.ts";
import { changed, inconsistencies, maySucceed } from "./rules.ts";
import { showProgram } from "./schema.ts";
import {
  findProgramRow,
  insertProgram,
  type LockStrength,
  listLiveRows,
  listPrograms as listRows,
  lockProgramRow,
  type ProgramFilter,
  updateProgram,
} from "./store.ts";

export type { ProgramFilter } from "./store.ts";

/** One program by id; null where there is none. Takes no lock. */
export const findProgram = (sql: Sql, id: string): Promise<Program | null> =>
  findProgramRow(sql, id);

/**
 * Locks a program's row: after the organization's, before all others.
 *
 * @param strength `share` so that its terms stay true, `change` to change them.
 * @returns null where there is none.
 */
export const lockProgram = (
  sql: Sql,
  id: string,
  strength: LockStrength,
): Promise<Program | null> => lockProgramRow(sql, id, strength);

/** One page of programs, newest first. */
export const listPrograms = (
  sql: Sql,
  filter: ProgramFilter,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<{ rows: Program[]; more: boolean }> => listRows(sql, filter, page);

/**
 * Makes a program, active at once.
 *
 * @param work of the platform.
 * @throws Refusal `program_inconsistent` with every contradiction, `organization_not_found`.
 */
export async function createProgram(work: Work, draft: ProgramDraft): Promise<Program> {
  assert(work.organizationId === PLATFORM, "Programs belong to the platform.");
  const program = draftProgram(draft, { id: work.newId("program"), createdAt: work.now });
  await refuseImpossible(work.sql, program);
  await insertProgram(work.sql, program);
  announceProgram(work, "program.created", program);
  return program;
}

/**
 * Changes a program's terms, and whether it is active; what is equal to what it was changes nothing.
 * Existing cards keep what is theirs (number, expiry); fees and limits apply from now on.
 *
 * @throws Refusal `not_found`, `program_retired` (its status is final), `program_inconsistent`,
 * `organization_not_found`.
 */
export async function changeProgram(
  work: Work,
  id: string,
  change: ProgramChange,
): Promise<Program> {
  const before = await lockForChange(work, id);
  if (before.status === "retired" && change.status !== undefined) {
    throw programErrors.refusal("program_retired", undefined, { field: "status" });
  }
  const after = changed(before, change);
  if (after === null) return before;
  await refuseImpossible(work.sql, after);
  await updateProgram(work.sql, after);
  announceProgram(work, "program.updated", after, before);
  return after;
}

/**
 * Retires a program for ever: no issuing, no renewal, replacement only into the successor.
 *
 * @throws Refusal `not_found`, `program_retired`, `program_not_found` or `program_inconsistent` for a
 * successor that is not there or is of another model or currency.
 */
export async function retireProgram(
  work: Work,
  id: string,
  successorId: string | null,
): Promise<Program> {
  const [before, successor] = await lockWithSuccessor(work.sql, id, successorId);
  if (before === null) throw generalErrors.refusal("not_found");
  if (before.status === "retired") throw programErrors.refusal("program_retired");
  if (successorId !== null) refuseUnfit(before, successor);
  const after: Program = {
    ...before,
    status: "retired",
    successorId: successor?.id ?? null,
    version: before.version + 1n,
  };
  await updateProgram(work.sql, after);
  announceProgram(work, "program.retired", after, before);
  return after;
}

/**
 * Records that the use of a program's number range has passed a threshold, and announces it; once for each
 * threshold of each range.
 *
 * @returns whether that was new.
 */
export async function warnOfNumberRange(
  work: Work,
  id: string,
  threshold: RangeThreshold,
): Promise<boolean> {
  const before = await lockForChange(work, id);
  if (before.numberRangeLow >= threshold) return false;
  const after: Program = {
    ...before,
    numberRangeLow: threshold,
    version: before.version + 1n,
  };
  await updateProgram(work.sql, after);
  announceProgram(work, "program.number_range_low", after, before);
  return true;
}

/** Every program that may still issue or replace: its numbers, and what was announced of them. */
export const listNumberRanges = (sql: Sql): Promise<Program[]> => listLiveRows(sql);

async function lockForChange(work: Work, id: string): Promise<Program> {
  const program = await lockProgramRow(work.sql, id, "change");
  if (program === null) throw generalErrors.refusal("not_found");
  return program;
}

/**
 * Locks a program and the one that is to follow it, in the order of ids, as all who lock several do. The
 * successor stays unretired until COMMIT, and only retired programs have one: so no line of
 * successors, however long, comes back to where it began.
 */
async function lockWithSuccessor(
  sql: Sql,
  id: string,
  successorId: string | null,
): Promise<[Program | null, Program | null]> {
  const wanted: { id: string; strength: LockStrength }[] = [{ id, strength: "change" }];
  if (successorId !== null && successorId !== id) {
    wanted.push({ id: successorId, strength: "share" });
  }
  wanted.sort((left, right) => (left.id < right.id ? -1 : 1));
  const found = await Promise.all(
    wanted.map(({ id: wantedId, strength }) => lockProgramRow(sql, wantedId, strength)),
  );
  const byId = (wantedId: string | null) => found.find((row) => row?.id === wantedId) ?? null;
  return [byId(id), byId(successorId)];
}

function refuseUnfit(program: Program, successor: Program | null): void {
  const field = "successorId";
  if (successor === null) {
    throw programErrors.refusal("program_not_found", undefined, { field });
  }
  if (maySucceed(successor, program)) return;
  const { model, currency } = program;
  const detail = `The successor must be another ${model} program in ${currency}, not retired.`;
  throw programErrors.refusal("program_inconsistent", detail, { field });
}

async function refuseImpossible(sql: Sql, program: Program): Promise<void> {
  const problems = inconsistencies(program);
  if (problems.length > 0) {
    throw programErrors.refusal("program_inconsistent", undefined, { problems });
  }
  const listed = program.organizationIds;
  const found = await Promise.all(listed.map((id) => findOrganization(sql, id)));
  const unknown = listed.filter((id, index) => found[index]?.id !== id);
  if (unknown.length > 0) {
    const detail = `There is no organization ${unknown.join(", ")}.`;
    throw organizationErrors.refusal("organization_not_found", detail, {
      field: "organizationIds",
    });
  }
}

function announceProgram(
  work: Work,
  type: keyof typeof programEvents,
  program: Program,
  before?: Program,
): void {
  const object = showProgram(program, "platform");
  announce(work, {
    type,
    objectId: program.id,
    objectVersion: program.version,
    object,
    ...(before && { previous: previousOf(showProgram(before, "platform"), object) }),
  });
}
