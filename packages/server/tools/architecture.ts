import { readFile } from "node:fs/promises";
import path from "node:path";
import { cruise, type ICruiseResult } from "dependency-cruiser";

/** The floors, lowest first, each with its modules from left to right. */
export type Floors = readonly { readonly name: string; readonly modules: readonly string[] }[];

/** One import: paths relative to `src`. */
export type Import = { readonly from: string; readonly to: string };

/** The roles of a module's files, from the top down; a file imports only from those above it. */
const roles = [
  "model",
  "errors",
  "schema",
  "rules",
  "store",
  "events",
  "actions",
  "reactions",
  "jobs",
  "routes",
];

/**
 * Reads the `floors` block of ARCHITECTURE.md, so that the picture and the rule are one text.
 *
 * @throws Error when the block is missing.
 */
export function parseFloors(markdown: string): Floors {
  const block = /```floors\n([\s\S]*?)```/.exec(markdown)?.[1];
  if (block === undefined) throw new Error("ARCHITECTURE.md has no floors block.");
  return block
    .trim()
    .split("\n")
    .map((line) => {
      const [name = "", modules = ""] = line.split(":");
      return { name: name.trim(), modules: modules.trim().split(/\s+/) };
    })
    .reverse();
}

/** What is wrong with an import, in words; null when it is allowed. */
export function judgeImport(floors: Floors, { from, to }: Import): string | null {
  if (to === "main.ts") return `${from} imports main.ts, which nothing may import.`;
  if (from === "main.ts") return null;
  const source = place(floors, from);
  const target = place(floors, to);
  if (source === null) return `${from} is in no module of the floors block.`;
  if (target === null) return `${to} is in no module of the floors block.`;
  if (target.module === source.module && target.floor === source.floor) {
    const upwards = roleOf(from) === NO_ROLE || roleOf(to) <= roleOf(from);
    return upwards ? null : `${from} imports ${to}, which is below it in its module.`;
  }
  if (target.floor > source.floor) return `${from} imports ${to}: upwards.`;
  if (target.floor === source.floor && target.order > source.order) {
    return `${from} imports ${to}: to the right on its floor.`;
  }
  if (path.basename(to) === "store.ts") return `${from} imports ${to}: a store is private.`;
  return null;
}

function place(floors: Floors, file: string) {
  const [floorName = "", module = ""] = file.split("/");
  const floor = floors.findIndex(({ name }) => name === floorName);
  const order = floors[floor]?.modules.indexOf(module) ?? -1;
  return order === -1 ? null : { floor, order, module };
}

/** Files without a role may import, and be imported by, every file of their module. */
const NO_ROLE = -1;

function roleOf(file: string): number {
  const [, , role = ""] = file.split("/");
  return roles.indexOf(role.replace(/\.ts$/, ""));
}

/** Every import between files of `src`, types included; and the cycles among them. */
async function readImports(
  src: string,
): Promise<{ readonly imports: Import[]; readonly cycles: string[] }> {
  const { output } = await cruise([src], {
    parser: "swc",
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    exclude: { path: "\\.test\\.ts$|/fixture[^/]*\\.ts$" },
    ruleSet: {
      forbidden: [{ name: "no-cycle", severity: "error", from: {}, to: { circular: true } }],
    },
    validate: true,
  });
  const { modules, summary } = output as ICruiseResult;
  const relative = (file: string) =>
    path.relative(src, path.resolve(file)).split(path.sep).join("/");
  const imports = modules.flatMap((module) =>
    module.dependencies
      .filter((dependency) => !dependency.couldNotResolve)
      .map((dependency) => ({ from: relative(module.source), to: relative(dependency.resolved) })),
  );
  const inside = ({ from, to }: Import) => !from.startsWith("..") && !to.startsWith("..");
  return {
    imports: imports.filter((edge) => inside(edge) && edge.to.endsWith(".ts")),
    cycles: summary.violations.map(({ from, cycle }) =>
      [from, ...(cycle ?? []).map(({ name }) => name)].map(relative).join(" → "),
    ),
  };
}

/** Every breach of the architecture, one line each. */
export async function findBreaches(root: string): Promise<string[]> {
  const floors = parseFloors(await readFile(path.join(root, "ARCHITECTURE.md"), "utf8"));
  const { imports, cycles } = await readImports(path.join(root, "packages/server/src"));
  const breaches = imports.map((edge) => judgeImport(floors, edge));
  return [
    ...breaches.filter((breach) => breach !== null),
    ...cycles.map((cycle) => `An import cycle: ${cycle}`),
  ];
}
