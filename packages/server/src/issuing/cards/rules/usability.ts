import type { Problem } from "../../../foundation/errors/errors.ts";
import { budgetErrors } from "../../budgets/errors.ts";
import type { PlacedBudget } from "../../budgets/model.ts";
import { frozenProblem } from "../../budgets/rules.ts";
import type { Customer, CustomerStatus } from "../../customers/model.ts";
import { organizationErrors } from "../../organizations/errors.ts";
import type { Organization } from "../../organizations/model.ts";
import type { Program } from "../../programs/model.ts";
import { cardErrors, issueConditions, useConditions } from "../errors.ts";
import {
  type Channel,
  channels,
  type Usability,
  type UseBlocker,
  type UseWarning,
} from "../model/usability.ts";
import { blockReasons, type WindDown } from "../model/winddowns.ts";
import {
  ACCESS_REVOKED,
  type Card,
  liveRestrictions,
  PENDING_REVIEW,
  type Restriction,
} from "../model.ts";
import { informationDueAt, servedProblem } from "./funds.ts";

/** What decides whether a card works. */
export type UsabilityFacts = {
  readonly card: Card;
  readonly organization: Pick<Organization, "status">;
  readonly program: Pick<Program, "informationDays">;
  readonly customer: Pick<Customer, "status" | "statusReason" | "statusAt" | "standing"> | null;
  /** The budget that a budget card spends from. */
  readonly budget: Pick<PlacedBudget, "id" | "status" | "frozenBy"> | null;
  /** Its wind-downs that are announced. */
  readonly windDowns: readonly Pick<WindDown, "subject" | "reasonCode" | "dueAt">[];
  /** What the card can spend, from its own account or its budget's, minor units. */
  readonly available: bigint;
};

type Found = Pick<UseBlocker, "owner"> & {
  readonly problem: Problem;
  readonly since?: Date;
  readonly endsAt?: Date | null;
};

/** One kind of blocker: where it stops a card, and how it is found. */
type BlockerLine = {
  readonly channels: readonly Channel[];
  /** Nothing can be cured any more, so nothing else is told beside it. */
  readonly isFinal?: true;
  readonly find: (facts: UsabilityFacts, now: Date) => readonly Found[];
};

/**
 * Everything that can stop a card, in the order in which it is told: a table, so that another kind is
 * another line. Of the program itself nothing stops a card that exists: inactive and retired ones only
 * issue no more, and one whose new cards wait for review, or whose access is revoked, has restricted the
 * card.
 */
export const blockerLines = {
  deletion: { channels, isFinal: true, find: deletion },
  expiry: { channels, find: expiry },
  restrictions: {
    channels,
    find: ({ card }, now) => liveRestrictions(card, now).map(restriction),
  },
  organization: { channels, find: organization },
  customer: { channels, find: customer },
  budget: { channels, find: budget },
  funds: { channels, find: funds },
} as const satisfies Record<string, BlockerLine>;

/** Where a card works at an instant, and everything that stops it. */
export function usabilityOf(facts: UsabilityFacts, now: Date): Usability {
  const lines: readonly BlockerLine[] = Object.values(blockerLines);
  const found = lines.map((line) => ({
    line,
    blockers: line.find(facts, now).map((each) => blockerOf(line, each)),
  }));
  const last = found.find(({ line, blockers }) => line.isFinal && blockers.length > 0);
  const verdict = verdictOn(last?.blockers ?? found.flatMap(({ blockers }) => blockers));
  return { ...verdict, warnings: last === undefined ? facts.windDowns.map(warning) : [] };
}

const MONEY_LEAVES =
  "Withdraw what is on the card; where the customer's country is wrong, correct it.";

/** The coming end of a card; once its date has come, the block stands among what stops it. */
function warning({ subject, reasonCode, dueAt }: UsabilityFacts["windDowns"][number]): UseWarning {
  const text = `The card is blocked on ${dueAt.toISOString()}: ${reasonCode}.`;
  const { code, message } = issueConditions.problem(blockReasons[subject], undefined, text);
  return { code, message, remedy: MONEY_LEAVES, owner: "rule", at: dueAt };
}

/** What blockers leave of the channels. */
export function verdictOn(blockers: readonly UseBlocker[]): Omit<Usability, "warnings"> {
  const isOpen = (channel: Channel) => blockers.every((each) => !each.channels.includes(channel));
  const open = channels.map((channel) => [channel, isOpen(channel)] as const);
  return {
    usable: open.some(([, works]) => works),
    channels: Object.fromEntries(open) as Record<Channel, boolean>,
    blockers,
  };
}

function blockerOf(line: BlockerLine, { problem, owner, since, endsAt }: Found): UseBlocker {
  const { code, message, remedy = null } = problem;
  const [from, until] = [since ?? null, endsAt ?? null];
  return { code, since: from, endsAt: until, owner, message, remedy, channels: line.channels };
}

function deletion({ card }: UsabilityFacts): Found[] {
  const { deletedAt, replacedBy } = card;
  if (deletedAt === null) return [];
  const found = { owner: "organization", since: deletedAt } as const;
  if (replacedBy === null) return [{ ...found, problem: cardErrors.problem("card_deleted") }];
  const message = `The card is deleted: ${replacedBy} has replaced it.`;
  const problem = cardErrors.problem("card_deleted", undefined, message);
  return [{ ...found, problem: { ...problem, remedy: `Use the card ${replacedBy}.` } }];
}

function expiry({ card: { expiresAt } }: UsabilityFacts, now: Date): Found[] {
  if (now < expiresAt) return [];
  return [{ problem: cardErrors.problem("card_expired"), owner: "organization", since: expiresAt }];
}

function restriction(one: Restriction): Found {
  const { owner, createdAt: since, endsAt } = one;
  return { problem: restrictionProblem(one), owner, since, endsAt };
}

function restrictionProblem({ kind, owner, reason, note }: Restriction): Problem {
  if (kind === "freeze") {
    const message = `The ${owner} has frozen the card: ${reason}.`;
    return cardErrors.problem("card_frozen", undefined, message);
  }
  if (owner === "compliance") {
    const message = `Compliance has blocked the card: ${reason}.`;
    return cardErrors.problem("compliance_restriction", undefined, message);
  }
  if (owner === "rule" && reason === ACCESS_REVOKED) {
    return issueConditions.problem("product_access_revoked");
  }
  if (
    owner === "rule" &&
    (reason === blockReasons.nationality || reason === blockReasons.residence)
  ) {
    const message = `A country is restricted: ${note}.`;
    return { ...issueConditions.problem(reason, undefined, message), remedy: MONEY_LEAVES };
  }
  if (reason === PENDING_REVIEW) return useConditions.problem("card_pending_review");
  const by = owner === "rule" ? "A rule of the platform" : "The platform";
  return cardErrors.problem("card_blocked", undefined, `${by} has blocked the card: ${reason}.`);
}

function organization({ organization: { status } }: UsabilityFacts): Found[] {
  if (status === "active") return [];
  const message = `The organization is ${status}: its cards pay for nothing.`;
  const problem = organizationErrors.problem(`organization_${status}`, undefined, message);
  return [{ problem, owner: "platform" }];
}

/** Who can change a status of a customer that stops its cards. */
const curedBy = {
  active: "organization",
  update_requested: "platform",
  needs_information: "organization",
  pending: "platform",
  rejected: "platform",
  on_hold: "platform",
  deleted: "organization",
} as const satisfies Record<CustomerStatus, UseBlocker["owner"]>;

function customer({ customer: holder, program }: UsabilityFacts, now: Date): Found[] {
  const problem = servedProblem(holder, program.informationDays, now);
  if (problem === null || holder === null) return [];
  const { status, statusAt, standing } = holder;
  const resubmits = standing.status === "rejected" && standing.canResubmit;
  const isAsked = status === "needs_information";
  return [
    {
      problem,
      owner: resubmits ? "organization" : curedBy[status],
      since: isAsked ? informationDueAt(holder, program.informationDays) : statusAt,
    },
  ];
}

function budget({ budget: source }: UsabilityFacts): Found[] {
  if (source === null) return [];
  if (source.status === "archived") {
    return [{ problem: budgetErrors.problem("budget_archived"), owner: "organization" }];
  }
  const message = `The budget ${source.id} is frozen.`;
  const problem =
    source.status === "frozen"
      ? budgetErrors.problem("budget_frozen", undefined, message)
      : frozenProblem(source, "budgetId");
  return problem === null ? [] : [{ problem, owner: "organization" }];
}

function funds({ card, available }: UsabilityFacts): Found[] {
  if (available > 0n) return [];
  const code = card.model === "budgetCard" ? "budget_without_funds" : "card_without_funds";
  return [{ problem: useConditions.problem(code), owner: "organization" }];
}
