import assert from "node:assert/strict";
import { business, person } from "../../src/issuing/customers/fixture.ts";
import type { CustomerStatus } from "../../src/issuing/customers/model.ts";
import { programBody } from "../../src/issuing/programs/fixture.ts";
import { listed, load } from "../../src/issuing/screening/fixture.ts";
import { settle } from "../../src/issuing/verifications/fixture.ts";
import { giveDocuments, owner, picture } from "./evidence.ts";
import { made } from "./furnish.ts";
import { startTestServer, type TestOrganization, type TestServer } from "./server.ts";

/** What a verb is done to: ids for its path in order, what it is sent, and whose state matters. */
export type Subject = {
  readonly ids: readonly string[];
  readonly body?: unknown;
  readonly query?: string;
  readonly customerId?: string;
};

/** Where the tests happen: an organization, with a program for its customers. */
export type Place = {
  readonly server: TestServer;
  readonly own: TestOrganization;
  readonly typeId: string;
};

type Make = (place: Place) => Promise<Subject>;

const reasons = ["The document cannot be read."];
const attested = {
  provider: "Example Checks",
  reference: "chk-1",
  livenessAttested: true,
  verifiedAt: "2026-01-31T00:00:00Z",
};
const LISTED = { firstName: "Qwertin", lastName: "Vexalov" };
const unreviewed = { type: "individual", level: "basic" };

/** Somebody in review, with all that the level needs. */
async function reviewed({ own }: Place, body: object = {}): Promise<string> {
  const { id } = made(await own.call("POST", "/customers", { ...unreviewed, ...person, ...body }));
  await giveDocuments(own.call, id);
  return id;
}

/** A business in review, with two directors who own it. @returns its id and that of one of them */
async function company({ own }: Place): Promise<{ id: string; personId: string }> {
  const body = { type: "business", level: "basic", ...business };
  const { id } = made(await own.call("POST", "/customers", body));
  await giveDocuments(own.call, id, ["company_register"]);
  const people = [];
  for (const lastName of ["First", "Second"]) {
    const added = await own.call("POST", `/customers/${id}/people`, { ...owner, lastName });
    people.push(made(added).id as string);
  }
  return { id, personId: people[0] ?? "" };
}

const customer =
  (body?: unknown): Make =>
  async (place) => {
    const id = await reviewed(place);
    return { ids: [id], customerId: id, body };
  };

/** A document that no review rests on. */
const document =
  (body?: unknown): Make =>
  async (place) => {
    const id = await reviewed(place);
    const path = `/customers/${id}/documents?kind=proof_of_address`;
    const added = made(await place.own.call("POST", path, picture));
    return { ids: [id, added.id], customerId: id, body };
  };

const somebody =
  (body?: unknown): Make =>
  async (place) => {
    const { id, personId } = await company(place);
    return { ids: [id, personId], customerId: id, body };
  };

/** A customer that lacks its last name, and its session. */
const session =
  (takesSession: boolean, body?: unknown): Make =>
  async ({ own }) => {
    const { lastName: _, ...rest } = person;
    const answer = await own.call("POST", "/customers", { ...unreviewed, ...rest });
    const { id, verification } = made(answer);
    await giveDocuments(own.call, id);
    const ids = takesSession ? [id, verification.sessionId] : [id];
    return { ids, customerId: id, body };
  };

const verification =
  (body?: unknown, claims = false): Make =>
  async (place) => {
    const id = await reviewed(place);
    await settle(place.server, place.own);
    const { data } = made(await place.own.call("GET", `/verifications?customerId=${id}`));
    const verificationId: string = data[0].id;
    if (claims) made(await place.server.call("POST", `/verifications/${verificationId}/claim`, {}));
    return { ids: [verificationId], customerId: id, body };
  };

const access =
  (body?: unknown, grants = false): Make =>
  async (place) => {
    const id = await reviewed(place);
    const wanted = { typeId: place.typeId };
    const path = `/customers/${id}/access-requests`;
    const request = made(await place.own.call("POST", path, wanted));
    if (grants) made(await place.server.call("POST", `/access-requests/${request.id}/grant`, {}));
    return { ids: [request.id], customerId: id, body };
  };

const hit =
  (body?: unknown, isConfirmed = false): Make =>
  async (place) => {
    const { server } = place;
    const id = await reviewed(place, LISTED);
    const { data } = made(await server.call("GET", `/screening-hits?subjectId=${id}`));
    const hitId = data[0].id;
    if (isConfirmed) {
      made(await server.call("POST", `/screening-hits/${hitId}/confirm`, { reasons }));
    }
    return { ids: [hitId], customerId: id, body };
  };

const nothing =
  (body?: unknown): Make =>
  async () => ({ ids: [], body });

const rule =
  (body?: unknown): Make =>
  async ({ server }) => {
    const made_ = made(await server.call("POST", "/compliance-rules", embargo));
    return { ids: [made_.id], body };
  };
const embargo = { subject: "nationality", countries: ["PRK"], reasonCode: "embargo" };

const organization =
  (body?: unknown): Make =>
  async ({ own }) => ({ ids: [own.id], body });

/** A verb: what it is done to, and its answer in a closed organization; of a read as in every other. */
export type Verb = { readonly make: Make; readonly closed: string };

const refused = "409 organization_closed";
/** What reads, protects or erases goes on for ever; whatever belongs to the platform alone does, too. */
const on = (make: Make): Verb => ({ make, closed: "as ever" });
const off = (make: Make, closed = refused): Verb => ({ make, closed });

/** Every verb of customers, verification, screening and compliance, by the id of its route. */
export const verbs: Readonly<Record<string, Verb>> = {
  listVerificationLevels: on(nothing()),
  createCustomer: off(nothing({ ...unreviewed, ...person })),
  listCustomers: on(async () => ({ ids: [], query: "?search=Exam" })),
  getCustomer: on(customer()),
  listCustomerStatusHistory: on(customer()),
  changeCustomer: off(customer({ email: "new@example.com" })),
  deleteCustomer: on(customer()),
  listDuplicates: on(customer()),
  getCustomerEligibility: on(async (place) => ({
    ...(await customer()(place)),
    query: `?typeId=${place.typeId}`,
  })),
  readRetainedIdentity: on(customer()),
  setLegalHold: on(customer({ reason: "Case 1" })),
  liftLegalHold: on(customer()),
  approveCustomer: off(customer({})),
  rejectCustomer: off(customer({ reasons })),
  requestCustomerInformation: off(customer({ reasons, fields: ["lastName"] })),
  holdCustomer: on(customer({ reason: "investigation" })),
  releaseCustomer: on(async (place) => {
    const subject = await customer({})(place);
    const path = `/customers/${subject.customerId}/hold`;
    made(await place.server.call("POST", path, { reason: "investigation" }));
    return subject;
  }),
  uploadDocument: off(async (place) => ({
    ...(await customer(picture)(place)),
    query: "?kind=passport",
  })),
  listDocuments: on(document()),
  getDocument: on(document()),
  describeDocument: off(document({ country: "DEU" })),
  eraseDocument: off(document()),
  acceptDocument: off(document({})),
  rejectDocument: off(document({ reasons })),
  readDocumentContent: on(document()),
  addPerson: off(async (place) => {
    const { id } = await company(place);
    return { ids: [id], customerId: id, body: owner };
  }),
  listPeople: on(somebody()),
  getPerson: on(somebody()),
  changePerson: off(somebody({ firstName: "Anna" })),
  removePerson: off(somebody()),
  createVerificationSession: off(session(false, {})),
  listVerificationSessions: on(session(false)),
  revokeVerificationSession: off(session(true)),
  listVerifications: on(nothing()),
  getVerification: on(verification()),
  claimVerification: off(verification({})),
  releaseVerification: on(verification({}, true)),
  approveVerification: off(verification({}, true)),
  rejectVerification: off(verification({ reasons }, true)),
  requestVerificationInformation: off(verification({ reasons, fields: ["lastName"] }, true)),
  delegateVerification: off(customer(attested)),
  // Nobody outside reviews in these tests.
  createProviderLink: off(verification({}), "409 link_not_supported"),
  simulateVerification: off(async (place) => {
    const customerId = await reviewed(place);
    return { ids: [], customerId, body: { customerId, outcome: "approved" } };
  }),
  getVerificationSettings: on(organization()),
  changeVerificationSettings: off(organization({ delegated: "accepted" })),
  requestAccess: off(async (place) => customer({ typeId: place.typeId })(place)),
  listCustomerAccessRequests: on(customer()),
  listAccessRequests: on(nothing()),
  getAccessRequest: on(access()),
  grantAccess: off(access({})),
  rejectAccess: off(access({ reasons })),
  revokeAccess: off(access({ reasons }, true)),
  listScreeningLists: on(nothing()),
  searchScreeningLists: on(nothing({ name: "Qwertin Vexalov" })),
  listScreeningHits: on(nothing()),
  getScreeningHit: on(hit()),
  listScreeningHitHistory: on(hit()),
  confirmScreeningHit: on(hit({ reasons })),
  clearScreeningHit: on(hit({ reasons })),
  reopenScreeningHit: on(hit({ reasons }, true)),
  readScreeningProgress: on(nothing()),
  listComplianceRules: on(nothing()),
  getComplianceRule: on(rule()),
  createComplianceRule: on(nothing(embargo)),
  endComplianceRule: on(rule({})),
};

/** Moves a customer that is in review, or lacks its last name, on to a status. */
export async function bring(
  { server, own }: Place,
  id: string,
  status: CustomerStatus,
): Promise<void> {
  const now = made(await own.call("GET", `/customers/${id}`)).status;
  if (now === status) return;
  const decide = (verb: string, body: object = {}) =>
    server.call("POST", `/customers/${id}/${verb}`, body);
  const change = (body: object) => own.call("PATCH", `/customers/${id}`, body);
  const ways: Readonly<Record<CustomerStatus, () => Promise<unknown>>> = {
    needs_information: async () =>
      made(await decide("request-information", { reasons, fields: ["lastName"] })),
    pending: async () =>
      made(now === "on_hold" ? await decide("release") : await change({ lastName: "Example" })),
    active: async () => made(await decide("approve")),
    update_requested: async () => made(await change({ nationality: "FRA" })),
    rejected: async () => made(await decide("reject", { reasons })),
    on_hold: async () => made(await decide("hold", { reason: "investigation" })),
    deleted: async () => made(await own.call("DELETE", `/customers/${id}`)),
  };
  // By what lies between.
  if (status === "active" && now !== "pending")
    await bring({ server, own, typeId: "" }, id, "pending");
  if (status === "update_requested") await bring({ server, own, typeId: "" }, id, "active");
  await ways[status]();
}

/** A server with lists of sanctions, and organizations with a program. */
export async function startPlaces() {
  const server = await startTestServer();
  await load(server.database.app, [listed("1", "Qwertin Vexalov")]);
  const program = { ...programBody, requiresCustomer: true, requiresAccess: true };
  const typeId: string = made(await server.call("POST", "/card-programs", program)).id;
  const place = async (): Promise<Place> => ({
    server,
    own: await server.newOrganization(),
    typeId,
  });
  return { server, place };
}

/** Makes what a verb of the table is done to. */
export async function subjectOf(at: Place, id: string): Promise<Subject> {
  const verb = verbs[id];
  assert.ok(verb, `${id} is in the table of verbs`);
  return verb.make(at);
}
