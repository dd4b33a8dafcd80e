import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { MAX_ID_LENGTH } from "../../foundation/ids/ids.ts";
import {
  countryCode,
  date,
  nullable,
  object,
  oneOf,
  type StaticOf,
  text,
} from "../../foundation/route/schemas.ts";
import {
  changeGivenPerson,
  describeGiven,
  givePerson,
  readVisit,
  saveDetails,
  startVerification,
  submitVerification,
  takeBackDocument,
  takeBackPerson,
  type Visit,
} from "../../issuing/customers/actions/verify.ts";
import {
  CONSENT_VERSION,
  nothingWanted,
  outcomeOf,
  pageLanguages,
  type Wanted,
  wantedOf,
} from "../../issuing/customers/model/sessions.ts";
import { MAX_BUSINESS_NAME, MAX_PERSON_NAME } from "../../issuing/customers/model.ts";
import { newPersonSchema, personChangeSchema } from "../../issuing/customers/schema/people.ts";
import type { Document } from "../../issuing/documents/model.ts";
import { documentChangeSchema } from "../../issuing/documents/schema.ts";
import { embedOriginsOf, getOrganization } from "../../issuing/organizations/actions.ts";
import { recordAudit } from "../../records/audit/actions.ts";
import { findSession, spendLink } from "../../records/links/actions.ts";
import { linkErrors } from "../../records/links/errors.ts";
import type { PrivateLink } from "../../records/links/model.ts";
import type { ApiContext } from "../api/context.ts";
import { compileCheck, malformed } from "../api/validation.ts";
import { cookieBearer, requireOwnPage, resumeCookie } from "./admission.ts";
import { entryOf, inSession, readingIn, sessionOf, workIn } from "./session.ts";
import { addUploads } from "./uploads.ts";

const kind = "verification";

const secretText = Type.String({ minLength: 1, maxLength: 200 });
const exchangeSchema = object({
  secret: secretText,
  /** Of a page in a frame: the organization whose origins may embed it. */
  embeddedFor: Type.Optional(text(MAX_ID_LENGTH)),
  /** Made by the page, which is answered with it again where the first answer was lost. */
  bearer: Type.Optional(Type.String({ pattern: "^[A-Za-z0-9_-]{43}$" })),
});
/** Without a country where that is known already. */
const residence = object({
  country: Type.Optional(countryCode),
  line1: nullable(text(200)),
  line2: nullable(text(200)),
  city: nullable(text(100)),
  region: nullable(text(100)),
  postalCode: nullable(text(20)),
});
const detailsSchema = object(
  Type.Partial(
    object({
      firstName: text(MAX_PERSON_NAME),
      lastName: text(MAX_PERSON_NAME),
      legalName: text(MAX_BUSINESS_NAME),
      birthDate: date,
      nationality: countryCode,
      nationalId: text(64),
      residence,
      email: text(254),
      phone: text(32),
    }),
  ).properties,
  { minProperties: 1 },
);
const consentSchema = object({
  consent: object({ version: text(40), language: oneOf(pageLanguages) }),
});

/** What a person is told about the picture of its document; not what a reviewer alone should know. */
const toldChecks: readonly string[] = ["resolution", "sharpness", "expiry"];

/** What a document is compared with. Of details that the organization gave, the page must tell nothing. */
const holderFields = ["firstName", "lastName", "birthDate"] as const;

const toldTo = ({ fields }: Wanted): readonly string[] =>
  holderFields.every((field) => fields.includes(field)) ? [...toldChecks, "holder"] : toldChecks;

/** Characters that turn the direction of what stands around them, or hide in it (Unicode UAX #9). */
const TURNS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** A name that stands within sentences of the page: it cannot turn them round. */
const withoutTurns = (name: string): string => name.replace(TURNS, "");

/** A session as its own page sees it. */
async function shown(context: ApiContext, { session, customer, draft, documents }: Visit) {
  const { name } = await getOrganization(context.database, session.organizationId);
  const isSubmitted = session.status === "submitted";
  const wanted = isSubmitted ? nothingWanted : wantedOf(customer);
  return {
    status: session.status,
    expiresAt: session.expiresAt.toISOString(),
    returnUrl: session.returnUrl,
    organization: { name: withoutTurns(name) },
    customer: { type: customer.type },
    wanted,
    details: isSubmitted ? {} : draft.details,
    people: isSubmitted ? [] : draft.people,
    documents: documents
      .filter(({ status }) => status === "uploaded")
      .map((one) => shownDocument(one, toldTo(wanted))),
    consentVersion: CONSENT_VERSION,
    outcome: isSubmitted ? outcomeOf(customer) : null,
  };
}

const shownDocument = (
  { id, kind: what, side, country, expiryDate, ...rest }: Document,
  told: readonly string[],
) => ({
  id,
  kind: what,
  side,
  country,
  expiryDate,
  realType: rest.realType,
  size: rest.size,
  isDescribed: rest.mrz !== null,
  findings: rest.checks
    .filter(({ check, result }) => result === "failed" && told.includes(check))
    .map(({ check }) => check),
});

/**
 * Exchanges a link for a session. A link that this page has exchanged before, and heard nothing, is resumed by the
 * bearer that it proposed, one that this browser has exchanged by its cookie; whatever else is wrong with it gets
 * one answer. A page in a frame has no cookie, and takes links of the organization alone whose origins may embed it.
 */
async function exchange(
  context: ApiContext,
  request: FastifyRequest,
  { secret, embeddedFor, bearer: proposed }: StaticOf<typeof exchangeSchema>,
): Promise<{ readonly link: PrivateLink; readonly bearer: string }> {
  const { database, keys } = context;
  const spent = await database.transaction(async (sql) => {
    const wanted = { kind, secret, organizationId: embeddedFor, proposed } as const;
    const got = await spendLink({ sql, keys }, wanted);
    if (got === null) return null;
    const work = await workIn(context, request, sql, got.link);
    await startVerification(work, got.link);
    await recordAudit(sql, [entryOf(work, request, got.link, "startVerification", null)]);
    return got;
  });
  if (spent !== null) {
    context.committed();
    return spent;
  }
  const kept = embeddedFor === undefined ? cookieBearer(context, request) : null;
  for (const bearer of [proposed, kept]) {
    const link = bearer ? await findSession(database, { kind, bearer, secret }) : null;
    const isMeant = embeddedFor === undefined || link?.organizationId === embeddedFor;
    if (link !== null && bearer && isMeant) return { link, bearer };
  }
  throw linkErrors.refusal("link_not_usable");
}

/** Whom a page in a frame tells that it came to an end, and of which session. */
const embeddingOf = async ({ database }: ApiContext, { organizationId, id }: PrivateLink) => ({
  sessionId: id,
  origins: await embedOriginsOf(database, organizationId),
});

/** Adds the addresses that the page of verification talks to. */
export function addVerification(app: FastifyInstance, context: ApiContext): void {
  const show = async (link: PrivateLink) =>
    shown(context, await readVisit(await readingIn(context, link), link));
  const begin = async (
    reply: FastifyReply,
    { link, bearer }: { readonly link: PrivateLink; readonly bearer: string },
    isEmbedded = false,
  ) => {
    const leftMs = (link.sessionExpiresAt?.getTime() ?? 0) - context.clock.now().getTime();
    const cookie = resumeCookie(context, bearer, Math.max(0, Math.floor(leftMs / 1_000)));
    if (cookie !== null && !isEmbedded) reply.header("set-cookie", cookie);
    return { bearer, session: await show(link) };
  };
  const readExchange = reader(exchangeSchema);
  const readDetails = reader(detailsSchema);
  const readConsent = reader(consentSchema);
  const readDescription = reader(documentChangeSchema);

  app.post("/exchange", async (request, reply) => {
    requireOwnPage(context, request);
    const given = readExchange(request.body);
    const isEmbedded = given.embeddedFor !== undefined;
    const got = await exchange(context, request, given);
    const begun = await begin(reply, got, isEmbedded);
    return isEmbedded ? { ...begun, embedding: await embeddingOf(context, got.link) } : begun;
  });
  app.post("/resume", async (request, reply) => {
    requireOwnPage(context, request);
    const bearer = cookieBearer(context, request) ?? "";
    const link = await findSession(context.database, { kind, bearer });
    if (link === null) throw linkErrors.refusal("link_not_usable");
    return begin(reply, { link, bearer });
  });
  app.get("/session", async (request) => show(await sessionOf(context, request, kind)));
  app.put("/details", async (request) => {
    const link = await sessionOf(context, request, kind);
    const { residence: where, ...rest } = readDetails(request.body);
    const given = where === undefined ? rest : { ...rest, residence: { country: "", ...where } };
    const visit = await inSession(context, request, { link, action: "saveDetails" }, (work) =>
      saveDetails(work, link, given),
    );
    return shown(context, visit);
  });
  app.patch<{ Params: { id: string } }>("/documents/:id", async (request) => {
    const link = await sessionOf(context, request, kind);
    const description = readDescription(request.body);
    const doing = { link, action: "describeDocument" };
    const visit = await inSession(context, request, doing, (work) =>
      describeGiven(work, link, request.params.id, description),
    );
    return shown(context, visit);
  });
  app.delete<{ Params: { id: string } }>("/documents/:id", async (request) => {
    const link = await sessionOf(context, request, kind);
    const doing = { link, action: "takeBackDocument" };
    const visit = await inSession(context, request, doing, (work) =>
      takeBackDocument(work, link, request.params.id),
    );
    return shown(context, visit);
  });
  app.post("/submit", async (request) => {
    const link = await sessionOf(context, request, kind);
    const { consent } = readConsent(request.body);
    const doing = { link, action: "submitVerification" };
    const visit = await inSession(context, request, doing, (work) =>
      submitVerification(work, link, consent),
    );
    return shown(context, visit);
  });
  addPeople(app, context);
  addUploads(app, context, kind, (visit) => shown(context, visit));
}

/** Takes who directs and owns a business, by the same bodies as the API. */
function addPeople(app: FastifyInstance, context: ApiContext): void {
  const readNew = reader(newPersonSchema);
  const readChange = reader(personChangeSchema);

  app.post("/people", async (request) => {
    const link = await sessionOf(context, request, kind);
    const { ownershipBasisPoints = null, ...details } = readNew(request.body);
    const given = { ...details, ownershipBasisPoints };
    const visit = await inSession(context, request, { link, action: "givePerson" }, (work) =>
      givePerson(work, link, given),
    );
    return shown(context, visit);
  });
  app.patch<{ Params: { id: string } }>("/people/:id", async (request) => {
    const link = await sessionOf(context, request, kind);
    const change = readChange(request.body);
    const doing = { link, action: "changeGivenPerson" };
    const visit = await inSession(context, request, doing, (work) =>
      changeGivenPerson(work, link, request.params.id, change),
    );
    return shown(context, visit);
  });
  app.delete<{ Params: { id: string } }>("/people/:id", async (request) => {
    const link = await sessionOf(context, request, kind);
    const doing = { link, action: "takeBackPerson" };
    const visit = await inSession(context, request, doing, (work) =>
      takeBackPerson(work, link, request.params.id),
    );
    return shown(context, visit);
  });
}

/** Reads a body by its schema. @throws Refusal `invalid_request` naming every broken field */
function reader<S extends Parameters<typeof compileCheck>[1] & object>(schema: S) {
  const check = compileCheck("body", schema);
  return (body: unknown): StaticOf<S> => {
    const problems = check(body ?? {});
    if (problems.length > 0) throw malformed(problems);
    return body as StaticOf<S>;
  };
}
