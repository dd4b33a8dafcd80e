import { tidyName } from "../../customers/rules/names.ts";

/** Whether a name is given at all: spaces alone are none. */
export function isGiven(name: string | undefined): name is string {
  return name !== undefined && tidyName(name) !== "";
}

/** Whether two names are the same to a person: case and spacing do not matter, letters do. */
export function sameName(left: string, right: string): boolean {
  return plain(left) === plain(right);
}

function plain(name: string): string {
  return tidyName(name.normalize("NFKC")).toLocaleLowerCase("en");
}
