import type { Actor } from "../../foundation/database/work.ts";
import type {
  AccessRequestId,
  CardId,
  CustomerId,
  OrganizationId,
  ProgramId,
} from "../../foundation/ids/ids.ts";
import { lifecycle, type MoveOf, type StateOf } from "../../foundation/lifecycle/lifecycle.ts";
import type { KeyPurpose } from "../../records/vault/model.ts";
import { documentKinds } from "../documents/model.ts";
import type { CustomerType, VerificationLevel } from "../programs/model.ts";
import { personRoles, type RetainedPerson } from "./model/people.ts";

/**
 * The life of a customer (PRODUCT §4). A hold lies on top: what moves while it lies there is the status
 * beneath, which its release goes back to.
 */
export const customerLifecycle = lifecycle(
  ["needs_information", "pending", "active", "update_requested", "rejected", "on_hold", "deleted"],
  {
    // The organization gave what was missing.
    complete: { from: ["needs_information"], to: "pending" },
    // As `complete`, where the level needs no review.
    pass: { from: ["needs_information"], to: "active" },
    approve: { from: ["pending", "update_requested"], to: "active" },
    reject: { from: ["needs_information", "pending", "update_requested"], to: "rejected" },
    requestInformation: {
      from: ["pending", "active", "update_requested"],
      to: "needs_information",
    },
    // The organization changed what had been verified, or wants a higher level.
    requestUpdate: { from: ["active"], to: "update_requested" },
    resubmit: { from: ["rejected"], to: "pending" },
    hold: {
      from: ["needs_information", "pending", "active", "update_requested", "rejected"],
      to: "on_hold",
    },
    release: { from: ["on_hold"], to: "previous" },
    delete: {
      from: ["needs_information", "pending", "active", "update_requested", "rejected", "on_hold"],
      to: "deleted",
    },
  },
);
export type CustomerStatus = StateOf<typeof customerLifecycle>;
export type CustomerMove = MoveOf<typeof customerLifecycle>;

/** Who makes a move: the organization by its changes, or an operator of the platform by a verb. */
export const movers = {
  complete: "organization",
  pass: "organization",
  approve: "platform",
  reject: "platform",
  requestInformation: "platform",
  requestUpdate: "organization",
  resubmit: "organization",
  hold: "platform",
  release: "platform",
  delete: "organization",
} as const satisfies Record<CustomerMove, "organization" | "platform">;

/** Under this name it is rung for whoever reviews customers. */
export const IN_REVIEW = "verifications.open";

/** The reason of a hold that stands for a possible or confirmed sanctions match. */
export const SANCTIONS = "sanctions";

/** The reason of a hold that stands for a possible match with a list that is not of sanctions. */
export const SCREENING = "screening_review";

/** Where a customer stands, with what belongs to that status only. */
export type Standing =
  | { readonly status: "pending" | "active" | "update_requested" | "deleted" }
  | {
      readonly status: "needs_information";
      /** Why the platform asks; empty where only the level's own needs are open. */
      readonly reasons: readonly string[];
      /** What the platform asked for and what was not given since. */
      readonly asked: readonly Need[];
    }
  | {
      readonly status: "rejected";
      readonly reasons: readonly string[];
      /** Whether a change by the organization brings it back into review. */
      readonly canResubmit: boolean;
    };

/** Held by the platform; `before` is where its release goes back to. */
export type Held = {
  readonly status: "on_hold";
  /** A stable word: `sanctions`, `investigation`. */
  readonly reason: string;
  readonly before: Exclude<Standing, { status: "deleted" }>;
};

/** An address where somebody lives, or where a business is registered. */
export type Residence = {
  /** ISO 3166-1 alpha-3. */
  readonly country: string;
  readonly line1: string | null;
  readonly line2: string | null;
  readonly city: string | null;
  readonly region: string | null;
  readonly postalCode: string | null;
};

/** What is known of a customer. Of a business: `legalName` instead of names and birth date. */
export type CustomerDetails = {
  readonly firstName: string | null;
  readonly lastName: string | null;
  /** Of a business only; an individual's is first and last name. */
  readonly legalName: string | null;
  /** YYYY-MM-DD. */
  readonly birthDate: string | null;
  /** ISO 3166-1 alpha-3; of a business the country whose law it is under. */
  readonly nationality: string | null;
  /** Number of an identity document or tax number; of a business its register number. */
  readonly nationalId: string | null;
  readonly residence: Residence | null;
  readonly email: string | null;
  /** E.164. */
  readonly phone: string | null;
};

/**
 * Under which of the customer's keys each of its data is once it is deleted. The law wants to know for years
 * whom cards were issued to (`retained`); nothing else is kept (`other`).
 */
export const keptUnder = {
  firstName: "retained",
  lastName: "retained",
  legalName: "retained",
  birthDate: "retained",
  nationality: "retained",
  nationalId: "retained",
  residence: "retained",
  email: "other",
  phone: "other",
  externalId: "other",
} as const satisfies Record<keyof CustomerDetails | "externalId", KeyPurpose>;

type RetainedField = {
  [F in keyof typeof keptUnder]: (typeof keptUnder)[F] extends "retained" ? F : never;
}[keyof typeof keptUnder];

/** What the law keeps of a deleted customer: who it was, and the names on its cards. */
export type Retained = {
  readonly identity: Pick<CustomerDetails, RetainedField & keyof CustomerDetails>;
  readonly cards: readonly RetainedCard[];
  /** Who directed and owned it. */
  readonly people: readonly RetainedPerson[];
};

export type RetainedCard = Pick<CustomerDetails, "firstName" | "lastName" | "legalName"> & {
  readonly id: CardId;
};

/** A customer of an organization: the person or business that cards are for. */
export type Customer = CustomerDetails & {
  readonly organizationId: OrganizationId;
  readonly id: CustomerId;
  /** The organization's own id for it, unique among its customers. */
  readonly externalId: string | null;
  readonly type: CustomerType;
  readonly level: VerificationLevel;
  readonly standing: Standing | Held;
  /** Of `standing`. */
  readonly status: CustomerStatus;
  /** The reason of the hold while on hold, otherwise null. */
  readonly statusReason: string | null;
  /** When the status last changed, in the organization's time. */
  readonly statusAt: Date;
  /** Of `residence`. */
  readonly residenceCountry: string | null;
  /** Kinds of its documents that stand (not rejected, erased or expired when given), and roles of its people. */
  readonly evidence: readonly Evidence[];
  /** Until when the identity of a deleted one is kept; a legal hold keeps it longer. */
  readonly retainUntil: Date | null;
  /** Why nothing that is kept may be erased, and since when. */
  readonly legalHold: { readonly reason: string; readonly since: Date } | null;
  /** When what was kept was erased. */
  readonly erasedAt: Date | null;
  readonly version: bigint;
  readonly createdAt: Date;
};

/** The fields that verification can need, by the name they have in a request. */
export const customerFields = [
  "firstName",
  "lastName",
  "legalName",
  "birthDate",
  "nationality",
  "nationalId",
  "residence.country",
  "residence.line1",
  "residence.city",
  "email",
  "phone",
] as const;
export type CustomerField = (typeof customerFields)[number];

/** What can meet a need beside the fields: a kind of document, or somebody in a role. */
export const evidenceKinds = [...documentKinds, ...personRoles] as const;
export type Evidence = (typeof evidenceKinds)[number];

/** What verification can need beside fields, and what meets it: any one of these. */
export const evidenceNeeds = {
  "documents.identity": ["passport", "id_card", "driving_licence", "residence_permit"],
  "documents.address": ["proof_of_address"],
  "documents.selfie": ["selfie"],
  "documents.register": ["company_register"],
  "people.director": ["director"],
  "people.beneficialOwner": ["beneficial_owner"],
} as const satisfies Record<string, readonly Evidence[]>;
export type EvidenceNeed = keyof typeof evidenceNeeds;

/** Everything that verification can need, in the order in which it is named. */
export type Need = CustomerField | EvidenceNeed;
export const needs: readonly Need[] = [
  ...customerFields,
  ...(Object.keys(evidenceNeeds) as EvidenceNeed[]),
];

/** Longest first or last name, and longest name of a business, in characters. */
export const MAX_PERSON_NAME = 100;
export const MAX_BUSINESS_NAME = 200;

/** Age of an individual, in whole years, from which on it can be a customer where the installation sets no other. */
export const MINIMUM_AGE = 18;
/** From which on somebody can direct a business, whoever can be a customer. */
export const DIRECTOR_AGE = 18;

/** By what it is told whether somebody is old enough. */
export type AgeTerms = {
  /** The organization's. */
  readonly now: Date;
  /** In whole years. */
  readonly minimumAge: number;
};

/** Where a customer stands beneath a hold, or at all. */
export function beneath(standing: Standing | Held): Standing {
  return standing.status === "on_hold" ? standing.before : standing;
}

/** A customer in another standing, since `at`. */
export function standingAs(customer: Customer, standing: Standing | Held, at: Date): Customer {
  const { status } = standing;
  return {
    ...customer,
    standing,
    status,
    statusReason: standing.status === "on_hold" ? standing.reason : null,
    statusAt: status === customer.status ? customer.statusAt : at,
  };
}

/** The value of a field; null where it is not known. */
export function fieldValue(details: CustomerDetails, field: CustomerField): string | null {
  const [name, part] = field.split(".") as [keyof CustomerDetails, keyof Residence | undefined];
  const value = details[name];
  if (value === null || typeof value === "string") return value;
  return part === undefined ? null : value[part];
}

/** The name that a customer has in law; null while it is not whole. */
export function legalNameOf(customer: Pick<Customer, "type"> & CustomerDetails): string | null {
  if (customer.type === "business") return customer.legalName;
  const { firstName, lastName } = customer;
  return firstName === null || lastName === null ? null : `${firstName} ${lastName}`;
}

/** One line of a customer's status history. */
export type StatusChange = {
  readonly version: bigint;
  readonly move: "create" | CustomerMove;
  readonly from: CustomerStatus | null;
  readonly to: CustomerStatus;
  /** Where a hold stays on top: the status beneath it after the move. */
  readonly beneath: CustomerStatus | null;
  readonly reasons: readonly string[];
  readonly note: string | null;
  readonly actor: Pick<Actor, "kind" | "id">;
  readonly at: Date;
};

/** What access can be asked for; more products come later. */
export const products = ["cards"] as const;
export type Product = (typeof products)[number];

/** The life of a customer's access to a product. Asked for again, it is another request. */
export const accessLifecycle = lifecycle(["requested", "granted", "rejected", "revoked", "ended"], {
  grant: { from: ["requested"], to: "granted" },
  reject: { from: ["requested"], to: "rejected" },
  revoke: { from: ["granted"], to: "revoked" },
  // By the deletion of the customer, in its transaction.
  end: { from: ["requested", "granted"], to: "ended" },
});
export type AccessStatus = StateOf<typeof accessLifecycle>;
export type AccessMove = MoveOf<typeof accessLifecycle>;

/** The moves that an operator makes. */
export const accessVerdicts = ["grant", "reject", "revoke"] as const satisfies AccessMove[];
export type AccessVerdict = (typeof accessVerdicts)[number];

/** A customer's access to one product: the cards of one program. */
export type AccessRequest = {
  readonly organizationId: OrganizationId;
  readonly id: AccessRequestId;
  readonly customerId: CustomerId;
  readonly product: Product;
  readonly programId: ProgramId;
  readonly status: AccessStatus;
  /** Why it was rejected, revoked or ended, or granted by a rule. */
  readonly reasons: readonly string[];
  /** When it was last decided; null while it is requested. */
  readonly decidedAt: Date | null;
  /** An operator's key, the program's rule, or the customer's deletion; null also where nobody has kept it. */
  readonly decidedBy: Pick<Actor, "kind" | "id"> | null;
  readonly version: bigint;
  readonly createdAt: Date;
};
