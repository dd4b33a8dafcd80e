/** Where a list comes from. `pep` is the installation's own list of politically exposed persons. */
export const listSources = ["ofac_sdn", "eu_consolidated", "un_consolidated", "pep"] as const;
export type ListSource = (typeof listSources)[number];

export const entryKinds = ["person", "entity"] as const;
export type EntryKind = (typeof entryKinds)[number];

/** A weak name is one that a list itself calls of low quality: a nickname, a nom de guerre. */
export type ListedName = { readonly text: string; readonly quality: "strong" | "weak" };

/** A day as YYYY-MM-DD, as in all of Cardwright. */
export type Day = string;

/** What a list says of a birth: the day, a year, some years, or about a year. */
export type ListedBirth =
  | { readonly kind: "exact"; readonly day: Day }
  | { readonly kind: "year"; readonly year: number }
  | { readonly kind: "range"; readonly from: number; readonly to: number }
  | { readonly kind: "approximate"; readonly year: number };

/** One person or entity of a list, in the same form whatever list it is from. */
export type ListedEntry = {
  readonly source: ListSource;
  /** The list's own number or reference of it, unique within its source. */
  readonly sourceId: string;
  readonly kind: EntryKind;
  /** The first is the primary name. */
  readonly names: readonly ListedName[];
  readonly births: readonly ListedBirth[];
  /** ISO 3166-1 alpha-3, as far as the list's words can be read as countries. */
  readonly nationalities: readonly string[];
  readonly programmes: readonly string[];
  readonly remarks: string | null;
};

/** A list as it was loaded. */
export type ListVersion = {
  /** Counts over all sources, in the order of their loading. */
  readonly version: bigint;
  readonly source: ListSource;
  /** When its publisher made it, where the file says so. */
  readonly publishedOn: Day | null;
  /** Of the files that it was loaded from. */
  readonly sha256: Uint8Array;
  readonly entries: number;
  readonly loadedAt: Date;
  /** Who ran the command. */
  readonly loadedBy: string;
};

/** Whom to look for. Everything but the name is optional and only sharpens the score. */
export type Subject = {
  readonly name: string;
  readonly kind?: EntryKind;
  readonly birthDate?: Day;
  readonly nationality?: string;
};

/** One line of what a reviewer reads: what was compared, and how many points it gave or took. */
export type Reason = {
  readonly part: "name" | "quality" | "birthDate" | "nationality";
  readonly ours: string | null;
  readonly theirs: string | null;
  /** Basis points; those of all lines add up to the score. */
  readonly points: number;
  readonly why: string;
};

/** An entry that may be the subject. `score` is in basis points, 10,000 being certain. */
export type Match = {
  readonly entry: ListedEntry;
  /** The name of the entry that fits best. */
  readonly name: ListedName;
  readonly score: number;
  readonly reasons: readonly Reason[];
};

/** How many are to be screened, and how many of them are behind the newest lists. */
export type ScreenedCounts = { readonly total: number; readonly behind: number };
