import { createHmac } from "node:crypto";
import type { Clock, Entropy } from "../../../foundation/clock/clock.ts";
import type { Person, PersonRole } from "../../customers/model/people.ts";
import { type Customer, legalNameOf } from "../../customers/model.ts";
import { type DocumentKind, mediaTypes } from "../../documents/model.ts";
import { holderCheck } from "../../documents/rules/checks.ts";
import type { Decision } from "../model.ts";
import { type Answered, ask, idIn, inside, linkIn, notUnderstood, reasonsFrom } from "./http.ts";
import {
  type Applicant,
  type ApplicantDocument,
  type OutsideProvider,
  ProviderFailure,
  ShareTokenRefused,
} from "./port.ts";
import { headerOf, isSignedBy, jsonOf, notGenuine } from "./signature.ts";

/** Sumsub's API as of https://docs.sumsub.com/reference, with app tokens. */
export type SumsubSettings = {
  readonly url: string;
  readonly appToken: string;
  readonly secretKey: string;
  /** Secrets of its webhooks; several while one replaces another. */
  readonly webhookSecrets: readonly string[];
  /** Its level for `individual.basic` and so on. */
  readonly levels: Readonly<Record<string, string>>;
};

export type Machine = { readonly clock: Clock; readonly random: Entropy };

const kinds: Readonly<Record<DocumentKind, string>> = {
  passport: "PASSPORT",
  id_card: "ID_CARD",
  driving_licence: "DRIVERS",
  residence_permit: "RESIDENCE_PERMIT",
  proof_of_address: "UTILITY_BILL",
  company_register: "COMPANY_DOC",
  selfie: "SELFIE",
  other: "OTHER",
};

/** What its KYB 2.0 calls the roles of people. */
const roles: Readonly<Record<PersonRole, string>> = {
  director: "director",
  beneficial_owner: "ubo",
};

const sides = { front: "FRONT_SIDE", back: "BACK_SIDE" } as const;

/** Its error code for an image that an applicant has already. */
const DUPLICATE_DOCUMENT = 1_000;

/** How long a link for a person lives, seconds. */
export const LINK_S = 86_400;

/** The adapter for Sumsub. */
export function sumsub(settings: SumsubSettings, machine: Machine): OutsideProvider {
  const call = caller(settings, machine.clock);
  const json = (path: string, body: unknown, expected: readonly number[]) =>
    call("POST", path, { type: "application/json", bytes: jsonBytes(body) }, expected);

  /** The applicant that has our id, made where there is none. */
  const applicantOf = async (applicant: Applicant): Promise<Answered> => {
    const ours = `/resources/applicants/-;externalUserId=${encodeURIComponent(applicant.id)}/one`;
    const found = await call("GET", ours, null, [404]);
    if (found.status !== 404) return found;
    const level = encodeURIComponent(levelOf(settings, kindOf(applicant.customer)));
    const path = `/resources/applicants?levelName=${level}`;
    const made =
      applicant.shareToken === null
        ? await json(path, applicantBody(applicant), [409])
        : await imported(applicant, applicant.shareToken, level);
    // Another process, or an attempt that was given up too early, was first.
    return made.status === 409 || applicant.shareToken !== null ? call("GET", ours, null) : made;
  };

  /** Reusable KYC: what is known of the person elsewhere is checked against our level. */
  const imported = async ({ id }: Applicant, token: string, level: string): Promise<Answered> => {
    const query = `shareToken=${encodeURIComponent(token)}&levelName=${level}&userId=${id}`;
    const path = `/resources/api/reusableIdentity/reuse?${query}`;
    const made = await call("POST", path, null, [400, 401, 409]);
    // Our credentials were good a moment ago: it is the token that is not. 400 has a code of its own for each reason.
    if (made.status !== 400 && made.status !== 401) return made;
    throw new ShareTokenRefused(
      "The provider refused the share token: it is used, over or not for us.",
    );
  };

  return {
    name: "sumsub",
    submit: async (applicant) => {
      const { json: found } = await applicantOf(applicant);
      const id = idIn(found.id);
      if (applicant.shareToken !== null) requireSamePerson(found, applicant.customer);
      const status = inside(found, "review", "reviewStatus") ?? "init";
      if (status !== "init") return id;
      for (const person of unknownTo(found, applicant.people)) {
        await applicant.stillOurs();
        const path = `/resources/applicants/${id}/fixedInfo/companyInfo/beneficiaries`;
        await json(path, beneficiary(person), []);
      }
      for (const document of applicant.documents) {
        await applicant.stillOurs();
        const form = await formOf(document, applicant.customer, machine.random);
        const sent = await call("POST", `/resources/applicants/${id}/info/idDoc`, form, [409]);
        if (sent.status === 409 && sent.json.errorCode !== DUPLICATE_DOCUMENT) {
          throw new ProviderFailure("The provider answered 409.");
        }
      }
      await json(`/resources/applicants/${id}/status/pending`, {}, []);
      return id;
    },
    fetch: async (reference) => {
      const { json: found } = await call(
        "GET",
        `/resources/applicants/${idIn(reference)}/one`,
        null,
      );
      return decisionOf(found);
    },
    link: async ({ id, kind }) => {
      const asked = { levelName: levelOf(settings, kind), userId: id, ttlInSecs: LINK_S };
      const { json: made } = await json(
        "/resources/sdkIntegrations/levels/-/websdkLink",
        asked,
        [],
      );
      const expiresAt = new Date(machine.clock.now().getTime() + LINK_S * 1_000);
      return { link: linkIn(made.url), expiresAt };
    },
    hear: (headers, body) => {
      const algorithm = algorithms[headerOf(headers, "x-payload-digest-alg")];
      const digest = headerOf(headers, "x-payload-digest");
      if (algorithm === undefined) throw notGenuine();
      if (!isSignedBy(settings.webhookSecrets, algorithm, body, digest)) throw notGenuine();
      const id = inside(jsonOf(body), "externalUserId");
      return typeof id === "string" ? id : null;
    },
  };
}

/** How webhooks are signed. Its HMAC_SHA1_HEX is deprecated, and not taken. */
const algorithms: Readonly<Record<string, "sha256" | "sha512">> = {
  HMAC_SHA256_HEX: "sha256",
  HMAC_SHA512_HEX: "sha512",
};

type Content = { readonly type: string; readonly bytes: Buffer };

const jsonBytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** Signs and sends: HMAC-SHA256 over seconds, method, path with query, and the very bytes of the body. */
function caller({ url, appToken, secretKey }: SumsubSettings, clock: Clock) {
  return (
    method: "GET" | "POST",
    path: string,
    content: Content | null,
    expected: readonly number[] = [],
  ): Promise<Answered> => {
    const seconds = String(Math.floor(clock.now().getTime() / 1_000));
    const signature = createHmac("sha256", secretKey)
      .update(seconds + method + path)
      .update(content?.bytes ?? "")
      .digest("hex");
    const headers = {
      accept: "application/json",
      "x-app-token": appToken,
      "x-app-access-ts": seconds,
      "x-app-access-sig": signature,
      ...(content === null ? {} : { "content-type": content.type }),
    };
    const body = content === null ? {} : { body: content.bytes };
    return ask({ method, url: url + path, headers, ...body }, expected);
  };
}

const kindOf = ({ type, level }: Customer): string => `${type}.${level}`;

/** @param kind `individual.basic` and so on. */
function levelOf({ levels }: SumsubSettings, kind: string): string {
  const found = levels[kind];
  if (found === undefined) throw new ProviderFailure(`No level is set for ${kind}.`);
  return found;
}

/**
 * A token may be anybody's: the provider would approve whom it knows, not our customer.
 *
 * @throws ShareTokenRefused unless names and day of birth are the customer's.
 */
function requireSamePerson(found: unknown, customer: Customer): void {
  const info = inside(found, "info");
  const text = (name: string) => {
    const value = inside(info, name);
    return typeof value === "string" ? value : "";
  };
  const spellings = ["", "En"].map((suffix) => ({
    firstNames: text(`firstName${suffix}`),
    lastName: text(`lastName${suffix}`),
    birthDate: text("dob"),
  }));
  const { birthDate } = customer;
  const facts = { name: legalNameOf(customer), birthDate };
  const isSame = spellings.some((one) => holderCheck(one, facts).result === "passed");
  if (isSame && birthDate !== null) return;
  throw new ShareTokenRefused(
    "The share token is of somebody whose name or birth date is another.",
  );
}

function applicantBody({ id, customer }: Applicant): object {
  const { type, residence, email, phone } = customer;
  const address = residence && {
    country: residence.country,
    street: residence.line1,
    subStreet: residence.line2,
    town: residence.city,
    state: residence.region,
    postCode: residence.postalCode,
  };
  const fixedInfo =
    type === "business"
      ? {
          companyInfo: {
            companyName: customer.legalName,
            registrationNumber: customer.nationalId,
            country: customer.residenceCountry,
          },
        }
      : {
          firstName: customer.firstName,
          lastName: customer.lastName,
          dob: customer.birthDate,
          nationality: customer.nationality,
          country: customer.residenceCountry,
          tin: customer.nationalId,
          addresses: address === null ? null : [known(address)],
        };
  const kind = type === "business" ? "company" : "individual";
  return known({ externalUserId: id, type: kind, email, phone, fixedInfo: known(fixedInfo) });
}

/** Who of the people of a business was not given before, as by an attempt that was cut off. */
function unknownTo(applicant: unknown, people: readonly Person[]): Person[] {
  const known = inside(applicant, "fixedInfo", "companyInfo", "beneficiaries");
  const given = Array.isArray(known) ? known.map((one) => inside(one, "beneficiaryInfo")) : [];
  return people.filter(
    (person) =>
      !given.some((info) =>
        Object.entries(beneficiaryInfo(person)).every(
          ([name, value]) => inside(info, name) === value,
        ),
      ),
  );
}

const beneficiaryInfo = ({ firstName, lastName, birthDate }: Person) => ({
  firstName,
  lastName,
  dob: birthDate,
});

/** As of https://docs.sumsub.com/reference/link-beneficiary-to-company-kyb-20, of somebody it does not know. */
const beneficiary = (person: Person): object => ({
  beneficiaryInfo: beneficiaryInfo(person),
  types: person.roles.map((role) => roles[role]),
  // Percent.
  ...(person.ownershipBasisPoints !== null && { shareSize: person.ownershipBasisPoints / 100 }),
});

/** Without what is not known: null would overwrite. */
const known = (fields: object): object =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));

async function formOf(
  { id, kind, side, country, realType, content }: ApplicantDocument,
  customer: Customer,
  random: Entropy,
): Promise<Content> {
  const boundary = `cardwright-${Buffer.from(random(16)).toString("hex")}`;
  const issuer = country ?? customer.nationality ?? customer.residenceCountry;
  const idDocSubType = side === null ? null : sides[side];
  const metadata = known({ idDocType: kinds[kind], country: issuer, idDocSubType });
  const part = (name: string, type: string, file = "") =>
    `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${file}\r\n` +
    `content-type: ${type}\r\n\r\n`;
  const bytes = Buffer.concat([
    Buffer.from(part("metadata", "application/json")),
    jsonBytes(metadata),
    Buffer.from("\r\n"),
    Buffer.from(part("content", mediaTypes[realType], `; filename="${id}.${realType}"`)),
    await content(),
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
  return { type: `multipart/form-data; boundary=${boundary}`, bytes };
}

/** What a review says; null while it is not completed. */
function decisionOf(applicant: unknown): Decision | null {
  const review = inside(applicant, "review");
  if (inside(review, "reviewStatus") !== "completed") return null;
  const result = inside(review, "reviewResult");
  const answer = inside(result, "reviewAnswer");
  if (answer === "GREEN") return { move: "approve" };
  if (answer !== "RED") throw notUnderstood();
  // Its clientComment is not for the applicant, so it is not taken.
  const labels = inside(result, "rejectLabels");
  const told = [...(Array.isArray(labels) ? labels : []), inside(result, "moderationComment")];
  const reasons = reasonsFrom(told, "rejected_by_provider");
  return inside(result, "reviewRejectType") === "RETRY"
    ? { move: "requestInformation", reasons, asked: [] }
    : { move: "reject", reasons, canResubmit: false };
}
