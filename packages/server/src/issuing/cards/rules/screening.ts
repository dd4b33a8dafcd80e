import type { Subject } from "../../screening/model.ts";
import type { Cardholder } from "../model.ts";

/**
 * Whom to look for in the lists on account of a card that has no customer: the name on it is all there is.
 *
 * @returns null where no name is on it.
 */
export function namedOn({ firstName, lastName }: Pick<Cardholder, "firstName" | "lastName">) {
  const name = [firstName, lastName].filter((part) => part !== null).join(" ");
  return name === "" ? null : ({ name, kind: "person" } satisfies Subject);
}
