import type { ListedEntry, ListSource } from "../model.ts";
import { readEuCsv } from "./eu-csv.ts";
import { readEuXml } from "./eu-xml.ts";
import type { Pieces } from "./malformed.ts";
import { readOfacCsv } from "./ofac-csv.ts";
import { readOfacXml } from "./ofac-xml.ts";
import { readPepCsv } from "./pep-csv.ts";
import { readUnXml } from "./un-xml.ts";

/** Files that stand beside the main one in OFAC's CSV form. */
export const sideFiles = ["alt", "add", "comments"] as const;
export type SideFile = (typeof sideFiles)[number];

/** The files of one list, opened. */
export type ListFiles = { readonly main: Pieces } & { readonly [F in SideFile]?: Pieces };

/** The forms in which each source is published, and what reads them. */
export const listForms: Readonly<
  Record<
    ListSource,
    Partial<Record<"csv" | "xml", (files: ListFiles) => AsyncGenerator<ListedEntry>>>
  >
> = {
  ofac_sdn: {
    csv: ({ main, ...side }) => readOfacCsv({ sdn: main, ...side }),
    xml: ({ main }) => readOfacXml(main),
  },
  eu_consolidated: {
    csv: ({ main }) => readEuCsv(main),
    xml: ({ main }) => readEuXml(main),
  },
  un_consolidated: { xml: ({ main }) => readUnXml(main) },
  pep: { csv: ({ main }) => readPepCsv(main) },
};
