import { addLines, NO_LINES } from "../model.ts";
import { showFoot, showHead, showLine } from "../schema.ts";
import type { StatementWriter } from "./writer.ts";

/** One JSON object. It is whole when it ends with `totals` and `closing`. */
export const writeJson: StatementWriter = async function* (statement, pages) {
  yield `${JSON.stringify(showHead(statement)).slice(0, -1)},"lines":[`;
  let totals = NO_LINES;
  for await (const lines of pages) {
    const shown = lines.map((line) => JSON.stringify(showLine(statement, line)));
    if (shown.length > 0) yield `${totals.lines === 0 ? "" : ","}${shown.join(",")}`;
    totals = addLines(totals, lines);
  }
  yield `],${JSON.stringify(showFoot(statement, totals)).slice(1)}`;
};

/** JSON Lines: the opening, each line, and the closing, without which it is not whole. */
export const writeJsonLines: StatementWriter = async function* (statement, pages) {
  const record = (name: string, of: object) => `${JSON.stringify({ record: name, ...of })}\n`;
  yield record("opening", showHead(statement));
  let totals = NO_LINES;
  for await (const lines of pages) {
    yield lines.map((line) => record("line", showLine(statement, line))).join("");
    totals = addLines(totals, lines);
  }
  yield record("closing", showFoot(statement, totals));
};
