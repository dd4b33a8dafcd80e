import { isDeepStrictEqual } from "node:util";
import { assert } from "../../foundation/errors/errors.ts";
import { replaceAll, valuesAt } from "../../foundation/route/personal.ts";
import type { Announcement, Change, EventData, Shown } from "./model.ts";

/** What stands for a value that is not written into the audit log. */
export const MASK = "[masked]";

const parts = ["object", "previous"] as const;

/** Personal values by part and path. */
type Personal = Partial<Record<(typeof parts)[number], Record<string, unknown>>>;

/**
 * Takes the personal values out of an announcement.
 *
 * @returns the data with null in their places, and the values as JSON (null when there are none).
 * @throws Fault when personal paths are given without the person they belong to.
 */
export function splitPersonal(announcement: Announcement): {
  readonly data: EventData;
  readonly personal: string | null;
} {
  const { object, previous, personal: paths = [], subjectId } = announcement;
  assert(paths.length === 0 || subjectId !== undefined, "Personal data belongs to a person.");
  const taken: Personal = {};
  const clear = (part: (typeof parts)[number], shown: Shown) => {
    const values = valuesAt(shown, paths);
    if (Object.keys(values).length > 0) taken[part] = values;
    return replaceAll(shown, Object.keys(values), () => null);
  };
  const data = {
    object: clear("object", object),
    ...(previous === undefined ? {} : { previous: clear("previous", previous) }),
  };
  return { data, personal: Object.keys(taken).length > 0 ? JSON.stringify(taken) : null };
}

/** Puts the personal values back; where they are gone (null) the nulls stay. */
export function joinPersonal(data: EventData, personal: string | null): EventData {
  if (personal === null) return data;
  const values = JSON.parse(personal) as Personal;
  const join = (part: (typeof parts)[number], shown: Shown) => {
    const back = values[part] ?? {};
    return replaceAll(shown, Object.keys(back), (path) => back[path]);
  };
  return {
    object: join("object", data.object),
    ...(data.previous === undefined ? {} : { previous: join("previous", data.previous) }),
  };
}

/**
 * What a changed object was before: the fields of `before` that are different in `after`, other than its
 * version. For an announcement's `previous`.
 */
export function previousOf<T extends object>(before: T, after: T): Partial<T> {
  const fields = (Object.keys(before) as (keyof T)[]).filter(
    (field) => field !== "version" && !isDeepStrictEqual(before[field], after[field]),
  );
  return Object.fromEntries(fields.map((field) => [field, before[field]])) as Partial<T>;
}

/** What an announcement changed, for the audit log. */
export function changeOf(announcement: Announcement): Change {
  const { type, objectId, objectVersion, object, previous, personal = [] } = announcement;
  const mask = (shown: Shown) =>
    replaceAll(shown, Object.keys(valuesAt(shown, personal)), () => MASK);
  const masked = mask(object);
  const after = (before: Shown) =>
    Object.fromEntries(Object.keys(before).map((name) => [name, masked[name] ?? null]));
  return {
    objectId,
    version: Number(objectVersion),
    event: type,
    before: previous === undefined ? null : mask(previous),
    after: previous === undefined ? masked : after(previous),
  };
}
