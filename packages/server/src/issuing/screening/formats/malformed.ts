/** A file that is not what it should be: which line, and what is wrong. Nothing of it may be loaded. */
export class MalformedList extends Error {
  readonly line: number;

  constructor(line: number, what: string) {
    super(`Line ${line}: ${what}`);
    this.name = "MalformedList";
    this.line = line;
  }
}

/** A file as it is read: pieces of its text, in order. */
export type Pieces = AsyncIterable<string>;
