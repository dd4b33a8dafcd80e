/** Why a list is not loaded, and what to do about it; for the person at the terminal. */
export class ListRefused extends Error {
  readonly remedy: string;

  constructor(what: string, remedy: string) {
    super(what);
    this.name = "ListRefused";
    this.remedy = remedy;
  }
}
