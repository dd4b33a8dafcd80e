import type { Problem } from "../../../foundation/errors/errors.ts";
import { generalErrors } from "../../../foundation/errors/errors.ts";
import { least } from "../../../foundation/money/money.ts";
import { budgetErrors } from "../../budgets/errors.ts";
import type { PlacedBudget } from "../../budgets/model.ts";
import { frozenProblem } from "../../budgets/rules.ts";
import type { ComplianceRule, RuleSubject } from "../../compliance/model.ts";
import { becauseOf, judgeCountry } from "../../compliance/rules.ts";
import { customerErrors } from "../../customers/errors.ts";
import { reaches } from "../../customers/model/levels.ts";
import { type AccessStatus, type Customer, SANCTIONS } from "../../customers/model.ts";
import { isPlaceholderPair, personNameFault, tidyName } from "../../customers/rules/names.ts";
import { organizationErrors } from "../../organizations/errors.ts";
import type { OrganizationStatus } from "../../organizations/model.ts";
import { programErrors } from "../../programs/errors.ts";
import type { Program } from "../../programs/model.ts";
import { transferErrors } from "../../transfers/errors.ts";
import { issueConditions as conditions } from "../errors.ts";
import type { IssueRequest } from "../model.ts";
import { isGiven, sameName } from "./names.ts";
import { priceOf } from "./price.ts";

/** The customer as far as issuing looks at it. */
export type CustomerFacts = Pick<
  Customer,
  | "type"
  | "level"
  | "status"
  | "statusReason"
  | "firstName"
  | "lastName"
  | "legalName"
  | "nationality"
  | "residenceCountry"
>;

/**
 * Everything that decides whether a card can be issued; null where the request names nothing known.
 */
export type IssueFacts = {
  readonly organization: {
    readonly status: OrganizationStatus;
    /** Available in the program's currency, minor units. */
    readonly available: bigint;
  };
  readonly program: Program | null;
  /** Whether this organization may use the program. */
  readonly programAvailable: boolean;
  readonly customer: CustomerFacts | null;
  /** The compliance rules that are in force for the program. */
  readonly rules: readonly ComplianceRule[];
  /** The customer's access to the program; null where it was never asked for. */
  readonly access: AccessStatus | null;
  /** The customer's cards of the program that are not deleted. */
  readonly liveCards: number;
  readonly budget: Pick<PlacedBudget, "status" | "frozenBy" | "currency" | "programIds"> | null;
  readonly externalIdTaken: boolean;
};

/** What one rule is given: the terms are those of a program that is known and available. */
type Case = {
  readonly facts: IssueFacts;
  readonly request: IssueRequest;
  readonly terms: Program | null;
};

type Rule = (given: Case) => readonly (Problem | null)[];

/**
 * Every condition of PRODUCT §5 that stops this request under these facts, in a fixed order; empty
 * where the card can be issued. Preflight and issue both call it, so they cannot disagree.
 *
 * Conditions that need a program are left out where it is unknown, and also where it is not
 * available: its terms are then not the caller's to learn.
 */
export function unmet(facts: IssueFacts, request: IssueRequest): Problem[] {
  return found(rules, facts, request);
}

/**
 * Those of the conditions that the rest of a request does not decide: what is unmet between a customer, a
 * program and their organization. Whatever is told here is told by `unmet` of every request with both.
 */
export function unmetByCustomer(facts: IssueFacts, request: IssueRequest): Problem[] {
  return found([organization, program, customer], facts, request);
}

function found(asked: readonly Rule[], facts: IssueFacts, request: IssueRequest): Problem[] {
  const terms = facts.programAvailable ? facts.program : null;
  const given: Case = { facts, request, terms };
  return asked.flatMap((rule) => rule(given)).filter((problem) => problem !== null);
}

const organization: Rule = ({ facts }) => [organizationProblem(facts.organization)];

/** Why an organization is given no cards; null for an active one. */
export function organizationProblem({
  status,
}: {
  readonly status: OrganizationStatus;
}): Problem | null {
  if (status === "active") return null;
  const message = `The organization is ${status}.`;
  return organizationErrors.problem(`organization_${status}`, undefined, message);
}

const program: Rule = ({ facts, request, terms }) => {
  if (facts.program === null) {
    const message = request.typeId === undefined ? "typeId is missing." : undefined;
    return [programErrors.problem("program_not_found", "typeId", message)];
  }
  if (terms === null) return [programErrors.problem("program_not_available", "typeId")];
  if (terms.status === "active") return [null];
  return [programErrors.problem("program_inactive", "typeId", `The program is ${terms.status}.`)];
};

const customer: Rule = ({ facts, request, terms }) => {
  if (request.customerId === undefined) {
    return [
      needsCustomer(terms, facts) ? conditions.problem("customer_required", "customerId") : null,
    ];
  }
  if (facts.customer === null) return [customerErrors.problem("customer_not_found", "customerId")];
  return [
    customerStatusProblem(facts.customer),
    ...(terms === null ? [] : customerAgainst(terms, facts.customer, facts)),
  ];
};

/** Whether names alone do not do: a rule about customers holds nobody else. */
export function needsCustomer(
  terms: Program | null,
  { rules }: Pick<IssueFacts, "rules">,
): boolean {
  if (terms === null) return false;
  return terms.requiresCustomer || rules.some(({ programId }) => programId === terms.id);
}

/** Why a customer cannot be given a card or money because of its status; null for an active one. */
export function customerStatusProblem(
  customer: Pick<Customer, "status" | "statusReason">,
): Problem | null {
  if (customer.status === "active") return null;
  if (customer.status === "on_hold" && customer.statusReason === SANCTIONS) {
    return conditions.problem("sanctions_hold", "customerId");
  }
  return conditions.problem(
    "customer_not_verified",
    "customerId",
    `The customer's status is ${customer.status}, not active.`,
  );
}

/** What of a program's rules a customer does not meet. */
export function customerAgainst(
  terms: Program,
  customer: CustomerFacts,
  facts: Pick<IssueFacts, "access" | "liveCards" | "rules">,
): (Problem | null)[] {
  const types = terms.customerTypes;
  return [
    types === null || types.includes(customer.type)
      ? null
      : conditions.problem("customer_type_not_allowed", "customerId"),
    terms.minimumLevel === null || reaches(customer.level, terms.minimumLevel)
      ? null
      : conditions.problem(
          "verification_level_too_low",
          "customerId",
          `The program asks for level ${terms.minimumLevel}; the customer's is ${customer.level}.`,
        ),
    terms.requiresAccess ? accessProblem(facts.access) : null,
    countryProblem("nationality", customer.nationality, terms, facts.rules),
    countryProblem("residence", customer.residenceCountry, terms, facts.rules),
    terms.cardsPerCustomer !== null && facts.liveCards >= terms.cardsPerCustomer
      ? conditions.problem(
          "card_limit_reached",
          "customerId",
          `The customer has ${facts.liveCards} of at most ${terms.cardsPerCustomer} cards.`,
        )
      : null,
  ];
}

const accessConditions = {
  requested: "product_access_pending",
  rejected: "product_access_rejected",
  revoked: "product_access_revoked",
  // Only of a deleted customer.
  ended: "product_access_missing",
  granted: null,
} as const satisfies Record<AccessStatus, keyof typeof conditions.entries | null>;

function accessProblem(access: AccessStatus | null): Problem | null {
  const code = access === null ? "product_access_missing" : accessConditions[access];
  return code === null ? null : conditions.problem(code, "customerId");
}

function countryProblem(
  subject: RuleSubject,
  country: string | null,
  terms: Program,
  rules: readonly ComplianceRule[],
): Problem | null {
  const verdict = judgeCountry(subject, country, terms, rules);
  if (verdict.answer === "open") return null;
  if (verdict.answer === "unknown") return conditions.problem(`${subject}_required`, "customerId");
  const message = verdict.rule === null ? undefined : becauseOf(verdict.rule);
  return conditions.problem(`${subject}_restricted`, "customerId", message);
}

const nameFields = ["firstName", "lastName"] as const;

const names: Rule = ({ facts, request, terms }) => {
  const invalid = facts.customer?.type === "business" ? [] : invalidNames(request);
  if (request.customerId !== undefined) {
    return [...invalid, ...(facts.customer === null ? [] : mismatches(facts.customer, request))];
  }
  // Where the program wants a customer, names would not help.
  if (needsCustomer(terms, facts)) return invalid;
  const missing = nameFields
    .filter((field) => !isGiven(request[field]))
    .map((field) => conditions.problem("name_required", field));
  return [...missing, ...invalid];
};

function invalidNames({ firstName, lastName }: IssueRequest): Problem[] {
  const faults = Object.entries({ firstName, lastName }).flatMap(([field, name]) => {
    const fault = isGiven(name) ? personNameFault(tidyName(name)) : null;
    return fault === null ? [] : [customerErrors.problem("name_invalid", field, fault)];
  });
  if (faults.length > 0 || !isGiven(firstName) || !isGiven(lastName)) return faults;
  if (!isPlaceholderPair(firstName, lastName)) return [];
  const message = "The names together stand for a name, but are none.";
  return [customerErrors.problem("name_invalid", "lastName", message)];
}

/** Names beside a customer must be the customer's; a business is compared with its whole name. */
function mismatches(customer: CustomerFacts, request: IssueRequest): Problem[] {
  const given = nameFields.filter((field) => isGiven(request[field]));
  const mismatch = (field: string) => conditions.problem("cardholder_name_mismatch", field);
  if (customer.type === "business") {
    const name = given.map((field) => request[field]).join(" ");
    const fits = given.length === 0 || sameName(name, customer.legalName ?? "");
    return fits ? [] : [mismatch("firstName")];
  }
  return given
    .filter((field) => !sameName(request[field] ?? "", customer[field] ?? ""))
    .map(mismatch);
}

const initialBalance: Rule = ({ request, terms }) => {
  const amount = request.initialBalance;
  if (terms === null) return [];
  if (terms.model === "budgetCard") {
    return [
      amount === undefined ? null : conditions.problem("field_not_allowed", "initialBalance"),
    ];
  }
  if (amount === undefined) {
    return [conditions.problem("initial_balance_required", "initialBalance")];
  }
  const most = lower(terms.maximumInitialBalance, terms.maximumBalance);
  return [
    amount >= terms.minimumInitialBalance
      ? null
      : conditions.problem(
          "initial_balance_too_low",
          "initialBalance",
          `The program asks for at least ${terms.minimumInitialBalance} minor units.`,
        ),
    most === null || amount <= most
      ? null
      : conditions.problem(
          "initial_balance_too_high",
          "initialBalance",
          `The program allows at most ${most} minor units.`,
        ),
  ];
};

/** The lower of two limits, where null is none. */
function lower(left: bigint | null, right: bigint | null): bigint | null {
  if (left === null || right === null) return left ?? right;
  return least(left, right);
}

const currency: Rule = ({ request, terms }) => [
  terms === null || request.currency === undefined || request.currency === terms.currency
    ? null
    : generalErrors.problem(
        "currency_mismatch",
        "currency",
        `The program's currency is ${terms.currency}.`,
      ),
];

const budget: Rule = ({ facts, request, terms }) => {
  if (request.budgetId === undefined) {
    return [
      terms?.model === "budgetCard" ? conditions.problem("budget_required", "budgetId") : null,
    ];
  }
  if (terms?.model === "card") return [conditions.problem("field_not_allowed", "budgetId")];
  const found = facts.budget;
  if (found === null) return [budgetErrors.problem("budget_not_found", "budgetId")];
  return [
    found.status === "archived"
      ? budgetErrors.problem("budget_archived", "budgetId")
      : frozenProblem(found, "budgetId"),
    terms === null || found.programIds.includes(terms.id)
      ? null
      : conditions.problem("budget_program_mismatch", "budgetId"),
    terms === null || found.currency === terms.currency
      ? null
      : conditions.problem("budget_currency_mismatch", "budgetId"),
  ];
};

const funds: Rule = ({ facts, request, terms }) => {
  if (terms === null) return [];
  const { total } = priceOf(terms, request);
  if (total <= facts.organization.available) return [];
  const field = terms.model === "card" ? "initialBalance" : "typeId";
  return [
    transferErrors.problem(
      "insufficient_organization_balance",
      field,
      `Issuing takes ${total} minor units; ${facts.organization.available} are available.`,
    ),
  ];
};

const externalId: Rule = ({ facts }) => [
  facts.externalIdTaken ? generalErrors.problem("external_id_taken", "externalId") : null,
];

/** The rules, in the order in which their conditions are listed. */
const rules: readonly Rule[] = [
  organization,
  program,
  customer,
  names,
  initialBalance,
  currency,
  budget,
  funds,
  externalId,
];
