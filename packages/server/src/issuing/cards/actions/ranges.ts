import type { Sql } from "../../../foundation/database/sql.ts";
import type { Work } from "../../../foundation/database/work.ts";
import { generalErrors } from "../../../foundation/errors/errors.ts";
import { PLATFORM } from "../../../foundation/ids/ids.ts";
import type { Due, DuePage } from "../../../foundation/job/job.ts";
import { findProgram, listNumberRanges, warnOfNumberRange } from "../../programs/actions.ts";
import { numbersOf, type Program } from "../../programs/model.ts";
import { type RangeUse, rangeUseOf, thresholdPassed } from "../../programs/rules.ts";
import { countDrawn, countDrawnFrom } from "../store/ranges.ts";
import { inOrder } from "./facts.ts";

/** A program, and how much of its number range is used. */
export type ProgramUse = { readonly program: Program; readonly use: RangeUse };

/** How much of a program's number range is used. @throws Refusal `not_found`. */
export async function readRangeUse(sql: Sql, id: string): Promise<ProgramUse> {
  const program = await findProgram(sql, id);
  if (program === null) throw generalErrors.refusal("not_found");
  return { program, use: await useOf(sql, program) };
}

async function useOf(sql: Sql, program: Program): Promise<RangeUse> {
  return rangeUseOf(program, await countDrawnFrom(sql, program.panLength, numbersOf(program)));
}

/** Programs whose use of their range has passed a threshold that was not announced. Takes no lock. */
export async function findLowRanges(sql: Sql, { after, limit }: DuePage): Promise<Due[]> {
  const [programs, drawn] = await Promise.all([listNumberRanges(sql), countDrawn(sql)]);
  const [counted] = drawn;
  if (counted === undefined || (after !== null && after.organizationId > PLATFORM)) return [];
  const behind = after?.organizationId === PLATFORM ? after.id : "";
  return programs
    .filter((program) => program.id > behind)
    .filter((each) => thresholdPassed(rangeUseOf(each, drawn)) > each.numberRangeLow)
    .slice(0, limit)
    .map(({ id }) => ({ organizationId: PLATFORM, id, dueAt: counted.at }));
}

/**
 * Announces of programs that their numbers become few, once for each threshold; where two were passed since
 * the last look, the higher one.
 *
 * @param work of the platform.
 * @returns how many were announced.
 */
export async function warnOfLowRanges(work: Work, ids: readonly string[]): Promise<number> {
  let warned = 0;
  for (const id of inOrder(ids)) {
    const program = await findProgram(work.sql, id);
    if (program === null) continue;
    const threshold = thresholdPassed(await useOf(work.sql, program));
    if (threshold !== 0 && (await warnOfNumberRange(work, id, threshold))) warned += 1;
  }
  return warned;
}
