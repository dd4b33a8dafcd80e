import { Type } from "typebox";
import { about, personal, personalFieldsOf } from "../../foundation/route/personal.ts";
import {
  countryCode,
  date,
  idText,
  nullable,
  object,
  oneOf,
  type StaticOf,
  text,
  timestamp,
} from "../../foundation/route/schemas.ts";
import { actorKinds } from "../../records/audit/model.ts";
import { customerTypes, verificationLevels } from "../programs/model.ts";
import { countryNeeds, levelNeeds, missingOf, passesByItself } from "./model/levels.ts";
import {
  type AccessRequest,
  accessLifecycle,
  beneath,
  type Customer,
  customerLifecycle,
  evidenceKinds,
  evidenceNeeds,
  legalNameOf,
  MAX_BUSINESS_NAME,
  MAX_PERSON_NAME,
  needs,
  products,
  type Residence,
  type StatusChange,
} from "./model.ts";

const residence = object(
  {
    country: countryCode,
    line1: Type.Optional(nullable(text(200))),
    line2: Type.Optional(nullable(text(200))),
    city: Type.Optional(nullable(text(100))),
    region: Type.Optional(nullable(text(100))),
    postalCode: Type.Optional(nullable(text(20))),
  },
  { description: "Where the person lives, or the business is registered. Given, it replaces all." },
);

/** What can be said of a customer, when it is created and later. */
const details = {
  firstName: nullable(text(MAX_PERSON_NAME, { description: "Of an individual." })),
  lastName: nullable(text(MAX_PERSON_NAME, { description: "Of an individual." })),
  legalName: nullable(text(MAX_BUSINESS_NAME, { description: "Of a business." })),
  birthDate: nullable(date),
  nationality: nullable(countryCode),
  nationalId: nullable(
    text(64, {
      description: "Identity document or tax number; of a business its register number.",
    }),
  ),
  residence: nullable(residence),
  email: nullable(text(254)),
  phone: nullable(text(32, { description: "E.164, such as +4930123456." })),
};

const externalId = nullable(
  text(255, { description: "Your own id; unique, and good in paths as external:…" }),
);

const level = oneOf(verificationLevels, {
  description: "What is to be verified; GET /v1/verification-levels says what each needs.",
});

const type = oneOf(customerTypes);

/** A new customer: type and level, and what is known already. null is the same as left out. */
export const newCustomerSchema = object({
  type,
  level,
  ...Type.Partial(object({ externalId, ...details })).properties,
});

/** A change: what is left out stays, null clears. */
export const customerChangeSchema = object(
  Type.Partial(object({ externalId, level, ...details })).properties,
  { minProperties: 1 },
);

const note = Type.Optional(text(1000, { description: "For the record; kept in the history." }));

const reasons = Type.Array(text(500), { minItems: 1, maxItems: 20 });

/** A stable word, so that programs can go by it. */
const reasonCode = Type.String({
  pattern: "^[a-z][a-z0-9_]{0,63}$",
  description: "A stable word: sanctions (a possible or confirmed match), investigation, …",
});

export const approvalSchema = object({ note });
export const rejectionSchema = object({
  reasons,
  canResubmit: Type.Optional(
    Type.Boolean({ default: true, description: "Whether a change brings it back into review." }),
  ),
  note,
});
export const informationRequestSchema = object({
  reasons,
  fields: Type.Optional(
    Type.Array(oneOf(needs), {
      uniqueItems: true,
      maxItems: needs.length,
      description: "What is to be given, or given again; added to what the level needs.",
    }),
  ),
  note,
});
export const holdSchema = object({ reason: reasonCode, note });
export const releaseSchema = object({ note });
export const legalHoldSchema = object({
  reason: text(500, { description: "Why what is kept may not be erased." }),
});

const shownText = (description: string) => nullable(Type.String({ description }));

/** A customer as the API shows it. */
export const customerSchema = object(
  {
    id: idText("Id of the customer."),
    organizationId: idText("Whose customer it is."),
    externalId: shownText("The organization's own id for it."),
    type,
    level,
    status: oneOf(customerLifecycle.states),
    statusReasons: Type.Array(Type.String(), {
      description: "Why it is rejected, on hold, or asked for information.",
    }),
    statusSince: timestamp,
    statusBeforeHold: nullable(
      oneOf(customerLifecycle.states, { description: "Where the release of a hold goes back to." }),
    ),
    canResubmit: nullable(
      Type.Boolean({ description: "Of a rejected customer: whether a change is reviewed again." }),
    ),
    missing: Type.Array(oneOf(needs), {
      description: "What verification still needs: fields, documents to upload, people to add.",
    }),
    evidence: Type.Array(oneOf(evidenceKinds), {
      description:
        "Kinds of its documents that stand: not rejected, erased or expired; and roles of its people.",
    }),
    firstName: personal(shownText("Of an individual.")),
    lastName: personal(shownText("Of an individual.")),
    legalName: personal(shownText("Of a business as given; of an individual its two names.")),
    birthDate: personal(nullable(date)),
    nationality: personal(nullable(countryCode)),
    nationalId: personal(shownText("Identity document, tax or register number.")),
    residence: personal(
      nullable(
        object({
          country: countryCode,
          line1: shownText("Street and number."),
          line2: shownText("Whatever else the post needs."),
          city: shownText("City or town."),
          region: shownText("State, province or region."),
          postalCode: shownText("Postal code."),
        }),
      ),
    ),
    email: personal(shownText("E-mail address.")),
    phone: personal(shownText("E.164.")),
    retainUntil: nullable(
      Type.String({
        format: "date-time",
        description: "Of a deleted one: until when its identity is kept, sealed.",
      }),
    ),
    legalHold: nullable(
      object(
        { reason: Type.String(), since: timestamp },
        { description: "While it lasts nothing that is kept is erased." },
      ),
    ),
    erasedAt: nullable(
      Type.String({ format: "date-time", description: "When what was kept was erased." }),
    ),
    version: Type.Integer({ description: "Grows by one with each change." }),
    createdAt: timestamp,
  },
  about("id"),
);
export type CustomerShown = StaticOf<typeof customerSchema>;

/** What of a shown customer is personal data: encrypted in events, masked in the audit log. */
export const personalFields = personalFieldsOf(customerSchema);

/** A customer as the API shows it. */
export function showCustomer(customer: Customer): CustomerShown {
  const { standing } = customer;
  const under = beneath(standing);
  return {
    id: customer.id,
    organizationId: customer.organizationId,
    externalId: customer.externalId,
    type: customer.type,
    level: customer.level,
    status: customer.status,
    statusReasons: standing.status === "on_hold" ? [standing.reason] : [...reasonsOf(under)],
    statusSince: customer.statusAt.toISOString(),
    statusBeforeHold: standing.status === "on_hold" ? under.status : null,
    canResubmit: under.status === "rejected" ? under.canResubmit : null,
    missing: missingOf(customer),
    evidence: [...customer.evidence],
    firstName: customer.firstName,
    lastName: customer.lastName,
    legalName: legalNameOf(customer),
    birthDate: customer.birthDate,
    nationality: customer.nationality,
    nationalId: customer.nationalId,
    residence: customer.residence === null ? null : { ...customer.residence },
    email: customer.email,
    phone: customer.phone,
    retainUntil: customer.retainUntil?.toISOString() ?? null,
    legalHold: customer.legalHold && {
      reason: customer.legalHold.reason,
      since: customer.legalHold.since.toISOString(),
    },
    erasedAt: customer.erasedAt?.toISOString() ?? null,
    version: Number(customer.version),
    createdAt: customer.createdAt.toISOString(),
  };
}

/** Why somebody is rejected or asked for information. */
function reasonsOf(standing: ReturnType<typeof beneath>): readonly string[] {
  return "reasons" in standing ? standing.reasons : [];
}

type ResidenceGiven = StaticOf<typeof residence>;
type DetailsGiven = StaticOf<typeof customerChangeSchema>;

/** What a body says of a customer, with every part of the residence named. */
export function readDetails<B extends DetailsGiven>(body: B) {
  const { residence: given, ...rest } = body;
  return given === undefined ? rest : { ...rest, residence: given && readResidence(given) };
}

function readResidence(given: ResidenceGiven): Residence {
  const { country, line1 = null, line2 = null, city = null } = given;
  const { region = null, postalCode = null } = given;
  return { country, line1, line2, city, region, postalCode };
}

/** One line of a customer's status history, as the API shows it. */
export const statusChangeSchema = object({
  version: Type.Integer({ description: "Version of the customer that this made." }),
  move: oneOf(["create", ...Object.keys(customerLifecycle.moves)]),
  from: nullable(oneOf(customerLifecycle.states)),
  to: oneOf(customerLifecycle.states),
  statusBeforeHold: nullable(
    oneOf(customerLifecycle.states, { description: "While on hold: the status beneath." }),
  ),
  reasons: Type.Array(Type.String()),
  note: shownText("What was noted with it."),
  actor: object({
    kind: oneOf(actorKinds),
    id: Type.String({ description: "The key's id, or the name of the job." }),
  }),
  at: timestamp,
});

export function showStatusChange(change: StatusChange): StaticOf<typeof statusChangeSchema> {
  const { version, beneath: statusBeforeHold, reasons: given, at, actor, ...rest } = change;
  return {
    ...rest,
    version: Number(version),
    statusBeforeHold,
    reasons: [...given],
    actor: { kind: actor.kind, id: actor.id },
    at: at.toISOString(),
  };
}

/** What each level needs, as the API shows it. */
export const levelsSchema = object({
  minimumAge: Type.Integer({ description: "Youngest age of an individual, in whole years." }),
  data: Type.Array(
    object({
      type,
      level: oneOf(verificationLevels),
      needs: Type.Array(oneOf(needs)),
      reviewed: Type.Boolean({
        description: "Whether somebody reviews it; if not, it is active once everything is there.",
      }),
    }),
  ),
  countries: Type.Array(
    object({
      country: countryCode,
      type,
      fromLevel: oneOf(verificationLevels),
      needs: Type.Array(oneOf(needs)),
      source: Type.String({ description: "The law that says so." }),
    }),
    { description: "What is needed beyond that where the customer resides in a country." },
  ),
  evidence: Type.Array(object({ need: oneOf(needs), oneOf: Type.Array(oneOf(evidenceKinds)) }), {
    description: "What meets a need that is no field: any of these documents, or people.",
  }),
});

export function showLevels(minimumAge: number): StaticOf<typeof levelsSchema> {
  const data = customerTypes.flatMap((each) =>
    verificationLevels.map((one) => ({
      type: each,
      level: one,
      needs: [...levelNeeds[each][one]],
      reviewed: !passesByItself[one],
    })),
  );
  const countries = countryNeeds.map(({ from, needs: added, ...law }) => ({
    ...law,
    fromLevel: from,
    needs: [...added],
  }));
  const evidence = Object.entries(evidenceNeeds).map(([need, kinds]) => ({
    need: need as keyof typeof evidenceNeeds,
    oneOf: [...kinds],
  }));
  return { minimumAge, data, countries, evidence };
}

const typeId = idText("The card program.");

export const newAccessRequestSchema = object({
  product: Type.Optional(oneOf(products, { default: "cards" })),
  typeId,
});

export const accessRefusalSchema = object({ reasons });

/** A customer's access to a product, as the API shows it. */
export const accessRequestSchema = object({
  id: idText("Id of the access request."),
  organizationId: idText("Whose customer it is."),
  customerId: idText("The customer."),
  product: oneOf(products),
  typeId,
  status: oneOf(accessLifecycle.states),
  statusReasons: Type.Array(Type.String(), {
    description: "Why it is rejected, revoked or ended, or by which rule it is granted.",
  }),
  decidedAt: nullable(timestamp),
  decidedBy: nullable(
    object(
      { kind: oneOf(actorKinds), id: Type.String() },
      {
        description:
          "An operator's key, or system: the program's rule, or the deletion of the customer.",
      },
    ),
  ),
  version: Type.Integer({ description: "Grows by one with each change." }),
  createdAt: timestamp,
});

export function showAccess(request: AccessRequest): StaticOf<typeof accessRequestSchema> {
  const { programId, reasons: given, decidedAt, decidedBy, version, createdAt, ...rest } = request;
  return {
    ...rest,
    typeId: programId,
    statusReasons: [...given],
    decidedAt: decidedAt?.toISOString() ?? null,
    decidedBy: decidedBy === null ? null : { ...decidedBy },
    version: Number(version),
    createdAt: createdAt.toISOString(),
  };
}
