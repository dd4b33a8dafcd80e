/**
 * What decides between a customer and a program, as dimensions: tests of the rules run their whole product,
 * tests over HTTP a part in which every two values meet. `expectedCodes` says in its own words what is unmet.
 */
import {
  type AccessStatus,
  type CustomerStatus,
  customerLifecycle,
} from "../../customers/model.ts";
import { type Program, verificationLevels } from "../../programs/model.ts";

/** How a country stands to the program and to the platform's rules. */
const countryKinds = [
  "open",
  "restricted by program",
  "not allowed by program",
  "restricted by platform",
  "unknown to the program",
  "unknown to the platform",
] as const;
type CountryKind = (typeof countryKinds)[number];

/** The values of each dimension; the first is the one in which nothing is in the way. */
export const dimensions = {
  status: [
    "active",
    ...customerLifecycle.states.filter((status) => status !== "active"),
    "held for sanctions",
  ],
  level: ["basic", "advanced", "minimum"],
  access: ["granted", "none", "requested", "rejected", "revoked"],
  nationality: countryKinds,
  residence: countryKinds,
  minimumLevel: ["basic", "none", "minimum", "advanced"],
  requiresAccess: [true, false],
  customerTypes: ["its own", "any", "others"],
  cards: ["below the limit", "no limit", "at the limit"],
} as const satisfies Record<string, readonly [unknown, ...unknown[]]>;

export type Dimension = keyof typeof dimensions;
export const dimensionNames = Object.keys(dimensions) as Dimension[];

/** One value of each dimension. */
export type Combination = { readonly [D in Dimension]: (typeof dimensions)[D][number] };

/** The country that the rules of these tests restrict, for every program. */
export const RESTRICTED = "IRN";

/** The country of each kind; `allowed` lists hold the first, `restricted` ones the second. */
export const countries = {
  open: "DEU",
  "restricted by program": "PRK",
  "not allowed by program": "FRA",
  "restricted by platform": RESTRICTED,
  "unknown to the program": null,
  "unknown to the platform": null,
} as const satisfies Record<CountryKind, string | null>;

/** How many combinations of the dimensions there are. */
export const COMBINATIONS = dimensionNames.reduce(
  (product, name) => product * dimensions[name].length,
  1,
);

/** One of them, the last dimension running fastest. */
export function combinationAt(place: number): Combination {
  let rest = place;
  const values = dimensionNames.toReversed().map((name) => {
    const { length } = dimensions[name];
    const value = dimensions[name][rest % length];
    rest = Math.floor(rest / length);
    return [name, value] as const;
  });
  return Object.fromEntries(values) as Combination;
}

/** The combination in which nothing is in the way, but for some dimensions. */
export const combination = (but: Partial<Combination> = {}): Combination => ({
  ...(Object.fromEntries(dimensionNames.map((name) => [name, dimensions[name][0]])) as Combination),
  ...but,
});

/** The status that a customer's row has. */
export const statusOfRow = ({ status }: Combination): CustomerStatus =>
  status === "held for sanctions" ? "on_hold" : status;

/** How access stands; null where it was never asked for. */
export const accessOfRow = ({ access }: Combination): AccessStatus | null =>
  access === "none" ? null : access;

/** Cards of the program that the customer has; the limit, where there is one, is one. */
export const liveCardsOf = ({ cards }: Combination): number =>
  cards === "below the limit" ? 0 : 1;

/** Terms that are the same in each way of asking: those of the program's model, by the names of its API. */
export function termsOf(given: Combination) {
  const kinds = [given.nationality, given.residence] as const;
  const [nationality, residence] = kinds.map((kind) => ({
    // A country that is unknown is only missed where there is a rule.
    restricted:
      kind === "restricted by program" || kind === "unknown to the program" ? ["PRK"] : [],
    allowed: kind === "not allowed by program" ? ["DEU"] : null,
  })) as [Lists, Lists];
  return {
    requiresCustomer: true,
    requiresAccess: given.requiresAccess,
    minimumLevel: given.minimumLevel === "none" ? null : given.minimumLevel,
    customerTypes: typesOf[given.customerTypes],
    cardsPerCustomer: given.cards === "no limit" ? null : 1,
    allowedNationalities: nationality.allowed,
    restrictedNationalities: nationality.restricted,
    allowedResidences: residence.allowed,
    restrictedResidences: residence.restricted,
  } satisfies Partial<Program>;
}

type Lists = { readonly restricted: string[]; readonly allowed: string[] | null };

/** The customers of these tests are individuals. */
const typesOf = {
  "its own": ["individual"],
  any: null,
  others: ["business"],
} as const satisfies Record<Combination["customerTypes"], Program["customerTypes"]>;

/** What is unmet, read off the combination: no rule of the product has a part in it. */
export function expectedCodes(given: Combination): string[] {
  const { status, level, access, minimumLevel } = given;
  const asked = minimumLevel === "none" ? "minimum" : minimumLevel;
  const country = (what: string, kind: CountryKind): string[] => {
    if (kind === "open") return [];
    return [kind.startsWith("unknown") ? `${what}_required` : `${what}_restricted`];
  };
  return [
    ...(status === "active" ? [] : [refusalOf(status)]),
    ...(given.customerTypes === "others" ? ["customer_type_not_allowed"] : []),
    ...(verificationLevels.indexOf(level) < verificationLevels.indexOf(asked)
      ? ["verification_level_too_low"]
      : []),
    ...(given.requiresAccess && access !== "granted" ? [accessCodes[access]] : []),
    ...country("nationality", given.nationality),
    ...country("residence", given.residence),
    ...(given.cards === "at the limit" ? ["card_limit_reached"] : []),
  ];
}

const refusalOf = (status: Combination["status"]): string =>
  status === "held for sanctions" ? "sanctions_hold" : "customer_not_verified";

const accessCodes = {
  none: "product_access_missing",
  requested: "product_access_pending",
  rejected: "product_access_rejected",
  revoked: "product_access_revoked",
} as const;
