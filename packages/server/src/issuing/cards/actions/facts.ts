import type { Sql } from "../../../foundation/database/sql.ts";
import { assert, type Problem } from "../../../foundation/errors/errors.ts";
import type { OrganizationId } from "../../../foundation/ids/ids.ts";
import { findBudget, lockBudgets } from "../../budgets/actions/read.ts";
import type { PlacedBudget } from "../../budgets/model.ts";
import { listCurrentRules } from "../../compliance/actions.ts";
import type { ComplianceRule } from "../../compliance/model.ts";
import { rulesFor } from "../../compliance/rules.ts";
import { accessOf } from "../../customers/actions/access.ts";
import { findCustomer, lockCustomer } from "../../customers/actions.ts";
import type { AccessStatus, Customer } from "../../customers/model.ts";
import { findOrganization, shareOrganizations } from "../../organizations/actions.ts";
import type { Organization } from "../../organizations/model.ts";
import { findProgram, lockProgram } from "../../programs/actions.ts";
import type { Program } from "../../programs/model.ts";
import { isAvailableTo } from "../../programs/rules.ts";
import type { IssueRequest, Price } from "../model.ts";
import { priceOf } from "../rules/price.ts";
import { type IssueFacts, unmet } from "../rules/unmet.ts";
import { countLive, externalKey, findTaken, lockExternalIds } from "../store/facts.ts";

/** Who asks for a card, when by the organization's now, and for which. */
export type Ask = {
  readonly organizationId: OrganizationId;
  readonly now: Date;
  readonly request: IssueRequest;
};

/**
 * The objects that requests name, as far as they exist. Tenants' are keyed `<organization>/<id>`.
 */
type Named = {
  readonly organizations: ReadonlyMap<string, Organization>;
  readonly programs: ReadonlyMap<string, Program>;
  readonly customers: ReadonlyMap<string, Customer>;
  readonly budgets: ReadonlyMap<string, PlacedBudget>;
};

/** All that decides about requests but the money; keyed as `standingKey` and `externalKey` say. */
export type Known = Named & {
  readonly standings: ReadonlyMap<string, Standing>;
  /** Those for the programs that hold for one of the requests, or later. */
  readonly rules: readonly ComplianceRule[];
  readonly taken: ReadonlySet<string>;
};

/** How a customer stands to a program. */
type Standing = { readonly access: AccessStatus | null; readonly liveCards: number };

/** The objects and facts that one request is decided by. */
type Case = {
  readonly facts: IssueFacts;
  readonly program: Program | null;
  readonly customer: Customer | null;
  readonly budget: PlacedBudget | null;
};

const ownKey = (organizationId: string, id: string): string => `${organizationId}/${id}`;

/** The key of a customer's standing to a program. */
const standingKey = ({ organizationId, request }: Omit<Ask, "now">): string =>
  `${organizationId}/${request.customerId}/${request.typeId}`;

/** How many reads of one request travel beside each other, so that others have connections too. */
const READS_BESIDE = 16;

/** Reads for each item at once: in a transaction they travel together. */
const atOnce = <T, R>(items: readonly T[], read: (item: T) => Promise<R> | R): Promise<R[]> =>
  Promise.all(items.map(read));

/** Reads for each item, some beside each other; the answers in the order of the items. */
async function readEach<T, R>(
  items: readonly T[],
  read: (item: T) => Promise<R> | R,
): Promise<R[]> {
  const found: R[] = [];
  for (let at = 0; at < items.length; at += READS_BESIDE) {
    found.push(...(await Promise.all(items.slice(at, at + READS_BESIDE).map(read))));
  }
  return found;
}

/** The programs that requests name, as they are, by their ids. Takes no lock. */
export async function readPrograms(
  sql: Sql,
  requests: readonly IssueRequest[],
): Promise<Map<string, Program>> {
  const typeIds = inOrder(requests.flatMap(({ typeId }) => typeId ?? []));
  const programs = await readEach(typeIds, (id) => findProgram(sql, id));
  return mapOf(programs, ({ id }) => id);
}

/** Reads what decides about requests of one organization, as it is; locks nothing. */
export async function readFacts(
  sql: Sql,
  organizationId: OrganizationId,
  asks: readonly Ask[],
): Promise<Known> {
  const requests = asks.map(({ request }) => request);
  const customerIds = inOrder(requests.flatMap(({ customerId }) => customerId ?? []));
  const budgetIds = inOrder(requests.flatMap(({ budgetId }) => budgetId ?? []));
  const [organization, programs, customers, budgets] = await Promise.all([
    findOrganization(sql, organizationId),
    readPrograms(sql, requests),
    readEach(customerIds, (id) => findCustomer(sql, organizationId, { by: "id", value: id })),
    readEach(budgetIds, (id) => findBudget(sql, organizationId, id)),
  ]);
  const named: Named = {
    organizations: mapOf([organization], ({ id }) => id),
    programs,
    customers: mapOf(customers, ({ id }) => ownKey(organizationId, id)),
    budgets: mapOf(budgets, ({ id }) => ownKey(organizationId, id)),
  };
  return withRest(sql, asks, named, false);
}

/**
 * Locks and reads what decides about requests, so that it stays true until COMMIT. In the order of
 * locks (organizations, programs, customers, budgets), each kind in the order of its ids; the last
 * two, external ids and the ledger, follow.
 */
export async function lockFacts(sql: Sql, asks: readonly Ask[]): Promise<Known> {
  const typeIds = inOrder(asks.flatMap(({ request }) => request.typeId ?? []));
  const [organizations, programs] = await Promise.all([
    shareOrganizations(sql, inOrder(asks.map(({ organizationId }) => organizationId))),
    Promise.all(typeIds.map((id) => lockProgram(sql, id, "share"))),
  ]);
  const byId = mapOf(programs, ({ id }) => id);
  const [customers, budgets] = await Promise.all([
    lockCustomers(sql, asks, byId),
    lockBudgets(
      sql,
      asks.flatMap(({ organizationId, request: { budgetId: id } }) =>
        id === undefined ? [] : [{ organizationId, id }],
      ),
      "share",
    ),
  ]);
  return withRest(sql, asks, { organizations, programs: byId, customers, budgets }, true);
}

/**
 * A limit on cards per customer holds only where two issues for one customer wait for each other:
 * then the customer is locked as for a change, otherwise shared.
 */
async function lockCustomers(
  sql: Sql,
  asks: readonly Ask[],
  programs: ReadonlyMap<string, Program>,
): Promise<Map<string, Customer>> {
  const wanted = new Map<string, { organizationId: OrganizationId; limited: boolean }>();
  for (const { organizationId, request } of asks) {
    const { customerId, typeId } = request;
    if (customerId === undefined) continue;
    const key = ownKey(organizationId, customerId);
    const limits = programs.get(typeId ?? "")?.cardsPerCustomer ?? null;
    const limited = limits !== null || wanted.get(key)?.limited === true;
    wanted.set(key, { organizationId, limited });
  }
  const idOf = (key: string) => key.slice(key.indexOf("/") + 1);
  const keys = [...wanted].sort(([left], [right]) => (idOf(left) < idOf(right) ? -1 : 1));
  const found = await Promise.all(
    keys.map(([key, { organizationId, limited }]) =>
      lockCustomer(sql, organizationId, idOf(key), limited ? "change" : "share"),
    ),
  );
  return mapOf(found, ({ organizationId, id }) => ownKey(organizationId, id));
}

async function withRest(
  sql: Sql,
  asks: readonly Ask[],
  named: Named,
  lock: boolean,
): Promise<Known> {
  const pairs = mapOf(
    asks.map((ask) => {
      const { organizationId, request } = ask;
      const customer = named.customers.get(ownKey(organizationId, request.customerId ?? ""));
      const program = named.programs.get(request.typeId ?? "");
      return customer && program
        ? { key: standingKey(ask), organizationId, customerId: customer.id, programId: program.id }
        : null;
    }),
    ({ key }) => key,
  );
  const wanted = [...pairs.values()];
  const externals = asks.flatMap(({ organizationId, request: { externalId } }) =>
    externalId === undefined ? [] : [{ organizationId, externalId }],
  );
  const [rules, , taken, counts, access] = await Promise.all([
    asks.length === 0 ? [] : listCurrentRules(sql, [...named.programs.keys()], earliest(asks)),
    lock ? lockExternalIds(sql, externals) : null,
    findTaken(sql, externals),
    countLive(sql, wanted),
    (lock ? atOnce : readEach)(wanted, ({ organizationId, customerId, programId }) =>
      accessOf(sql, organizationId, customerId, programId),
    ),
  ]);
  const standings = new Map(
    wanted.map(({ key }, index): [string, Standing] => [
      key,
      { access: access[index] ?? null, liveCards: counts[index] ?? 0 },
    ]),
  );
  return { ...named, standings, rules, taken };
}

/** The first of the nows of some requests. */
const earliest = (asks: readonly Ask[]): Date =>
  new Date(Math.min(...asks.map(({ now }) => now.getTime())));

/** What was decided before a request in the same batch, and counts for it. */
type Before = {
  /** Cards issued by `standingKey`. */
  readonly issued: ReadonlyMap<string, number>;
  /** External ids given, by `externalKey`. */
  readonly given: ReadonlySet<string>;
};

/** The program that a request names, whether or not its organization may use it. */
export const programOf = (known: Known, { request }: Ask): Program | null =>
  known.programs.get(request.typeId ?? "") ?? null;

/**
 * One request with everything that decides about it.
 *
 * @param available what its organization has in the program's currency, minor units.
 */
function caseOf(known: Known, ask: Ask, available: bigint, before: Before): Case {
  const { organizationId, request, now } = ask;
  const { customerId, budgetId, externalId } = request;
  const organization = known.organizations.get(organizationId);
  assert(organization !== undefined, "A caller's organization exists.");
  const program = programOf(known, ask);
  const customer = known.customers.get(ownKey(organizationId, customerId ?? "")) ?? null;
  const budget = known.budgets.get(ownKey(organizationId, budgetId ?? "")) ?? null;
  const key = standingKey(ask);
  const standing = known.standings.get(key);
  const external = externalId === undefined ? null : externalKey({ organizationId, externalId });
  const facts: IssueFacts = {
    organization: { status: organization.status, available },
    program,
    programAvailable: program !== null && isAvailableTo(program, organizationId),
    customer,
    rules: program === null ? [] : rulesFor(known.rules, program.id, now),
    access: standing?.access ?? null,
    liveCards: (standing?.liveCards ?? 0) + (before.issued.get(key) ?? 0),
    budget,
    externalIdTaken: external !== null && (known.taken.has(external) || before.given.has(external)),
  };
  return { facts, program, customer, budget };
}

/** What decides whether a customer can have a card of a program at all, of those that are known. */
export const customerFactsOf = (known: Known, ask: Ask): IssueFacts =>
  caseOf(known, ask, 0n, { issued: new Map(), given: new Set() }).facts;

/** A request as it is decided: it can be issued where nothing is unmet. */
export type Decided = Omit<Case, "facts"> & {
  readonly problems: readonly Problem[];
  /** Null where the program is unknown, or its terms are not the caller's to learn. */
  readonly price: Price | null;
};

/** What an organization has available in a currency before anything is decided, minor units. */
export type Purse = (organizationId: OrganizationId, currency: string) => bigint;

/**
 * Decides requests in their order, each seeing what those before it that can be issued take: money,
 * external ids, and cards of a customer. Issuing and preflight both call it, so they cannot disagree.
 */
export function decideInOrder(known: Known, asks: readonly Ask[], purse: Purse): Decided[] {
  const issued = new Map<string, number>();
  const given = new Set<string>();
  const spent = new Map<string, bigint>();
  return asks.map((ask) => {
    const { organizationId, request } = ask;
    const currency = programOf(known, ask)?.currency ?? "";
    const name = `${organizationId}/${currency}`;
    const available =
      currency === "" ? 0n : purse(organizationId, currency) - (spent.get(name) ?? 0n);
    const { facts, ...found } = caseOf(known, ask, available, { issued, given });
    const problems = unmet(facts, request);
    const { program } = found;
    const price = program !== null && facts.programAvailable ? priceOf(program, request) : null;
    if (problems.length > 0) return { ...found, problems, price };
    assert(price !== null, "A card that can be issued has a price.");
    const { externalId } = request;
    if (externalId !== undefined) given.add(externalKey({ organizationId, externalId }));
    issued.set(standingKey(ask), (issued.get(standingKey(ask)) ?? 0) + 1);
    spent.set(name, (spent.get(name) ?? 0n) + price.total);
    return { ...found, problems, price };
  });
}

function mapOf<T>(values: readonly (T | null)[], key: (value: T) => string): Map<string, T> {
  return new Map(
    values.flatMap((value): [string, T][] => (value === null ? [] : [[key(value), value]])),
  );
}

/** Each once, byte by byte: as the database orders ids. */
export function inOrder<T extends string>(ids: readonly T[]): T[] {
  return [...new Set(ids)].sort((left, right) => (left < right ? -1 : 1));
}
