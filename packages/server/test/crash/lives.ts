import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { residence } from "../../src/issuing/customers/fixture.ts";
import { CONSENT_VERSION } from "../../src/issuing/customers/model/sessions.ts";
import { jpegOf, jpegWith, pngOf } from "../../src/issuing/documents/fixture.ts";
import { listed } from "../../src/issuing/screening/fixture.ts";
import { owner } from "../harness/evidence.ts";
import type { Dice } from "../harness/proof.ts";
import type { Body, Heard, Patient } from "./patient.ts";

/** What must have come of one customer, whatever was killed on its way. */
export type Outcome = {
  readonly customerId: string;
  /** Its moves, one after the other. */
  readonly moves: readonly string[];
  /** Kinds of its documents that count, and how many were taken back. */
  readonly documents: readonly string[];
  readonly erased: number;
  /** Its cards, and how many blocks each has had and has still. */
  readonly cards: readonly string[];
  readonly blocks: readonly [had: number, has: number];
  /** Verdicts on its hit. */
  readonly hit?: "confirmed" | "cleared";
  /** Its sessions that somebody began. */
  readonly begun: number;
};

export type Stage = {
  readonly patient: Patient;
  readonly dice: Dice;
  readonly programs: { readonly open: string; readonly gated: string };
};

/** Somebody who is listed, and who every screened customer becomes by a change of its name. */
const LISTED = { firstName: "Zoltan", lastName: "Qwertin" };
export const entries = [listed("1", `${LISTED.firstName} ${LISTED.lastName}`)];

const small = pngOf(8, 8);
const comment = Buffer.alloc(60_000, "x");
/** Some MB. */
const big = Array.from({ length: 40 }).reduce<Buffer>(
  (image) => jpegWith(image, 0xfe, comment),
  jpegOf(64, 64),
);
/** As a phone makes them. */
const photo = jpegOf(900, 700);

const basics = {
  firstName: "Ada",
  birthDate: "1990-05-17",
  nationality: "DEU",
  email: "ada@example.com",
};
const individual = { type: "individual", ...basics, residence };

/** Names that no other has: what is alike is told as a duplicate. */
let names = 0;
export const newName = (): string => {
  names += 1;
  const letters = [...String(names)].map((digit) => "abcdefghij"[Number(digit)]).join("");
  return `Sample${letters}`;
};

const none = { documents: [], erased: 0, cards: [], blocks: [0, 0], begun: 0 } as const;
const upload = { kind: "passport" };

/** The open review of a customer, once there is one. */
async function reviewOf({ patient }: Stage, customerId: string): Promise<string> {
  for (let attempt = 0; ; attempt += 1) {
    const { data } = await patient.read("platform", `/verifications?customerId=${customerId}`);
    const open = data.find(({ status }: Body) => status === "queued");
    if (open !== undefined) return open.id;
    assert.ok(attempt < 1_500, `There is no review of ${customerId}.`);
    await sleep(20);
  }
}

const verdicts = {
  approve: ["approveCustomer", "approveVerification", {}],
  reject: ["rejectCustomer", "rejectVerification", { reasons: ["forged"] }],
  requestInformation: [
    "requestCustomerInformation",
    "requestVerificationInformation",
    { reasons: ["blurred"], fields: ["documents.identity"] },
  ],
} as const;

/** Decides a review: an operator on the customer, or who has claimed the review. */
async function review(stage: Stage, id: string, verdict: keyof typeof verdicts): Promise<string> {
  const { patient, dice } = stage;
  const [onCustomer, onReview, body] = verdicts[verdict];
  const open = await reviewOf(stage, id);
  if (dice.chance(0.5)) {
    await patient.call("platform", onCustomer, { id }, body);
  } else {
    await patient.call("platform", "claimVerification", { id: open }, {});
    await patient.call("platform", onReview, { id: open }, body);
  }
  return verdict;
}

/** Uploads documents, takes one back, and is reviewed. */
async function documented(stage: Stage): Promise<Outcome> {
  const { patient, dice } = stage;
  const body = { ...individual, level: "basic", lastName: newName() };
  const { id } = await patient.call("own", "createCustomer", {}, body);
  const moves = ["create", "complete"];
  const other = await patient.call("own", "uploadDocument", { id, kind: "other" }, big);
  const [taken] = await Promise.all([
    patient.call("own", "eraseDocument", { id, documentId: other.id }),
    patient.call("own", "uploadDocument", { id, ...upload }, big),
  ]);
  assert.equal(taken.status, "erased");
  const documents = ["passport"];
  const verdict = dice.pick(Object.keys(verdicts) as (keyof typeof verdicts)[]);
  moves.push(await review(stage, id, verdict));
  if (verdict === "requestInformation") {
    await patient.call("own", "uploadDocument", { id, ...upload }, small);
    documents.push("passport");
    moves.push("complete", await review(stage, id, "approve"));
  }
  return { ...none, customerId: id, moves, documents, erased: 1 };
}

/** A person with a link: what it has from its organization, and the way it goes. */
async function hosted(stage: Stage): Promise<Outcome> {
  const { patient } = stage;
  const body = { type: "individual", level: "basic" };
  const { id, verification } = await patient.call("own", "createCustomer", {}, body);
  const bearer = await enter(stage, id, verification?.link ?? null);
  const headers = { authorization: `Bearer ${bearer}` };
  const ask = async (method: string, path: string, given?: Body): Promise<Body | null> => {
    const heard = await patient.ask(method, path, given, headers);
    return heard === null ? null : said(heard);
  };
  const session = () => heardOf(() => ask("GET", "session"));
  const details = { ...basics, lastName: newName(), residence };
  await heardOf(() => ask("PUT", "details", details));
  const give = async (count: number) => {
    // Without an answer the page looks before it gives again.
    while ((await session()).documents.length < count) {
      await ask("POST", "documents?kind=passport", photo);
    }
  };
  await give(1);
  const [{ id: first }] = (await session()).documents;
  while ((await session()).documents.length > 0) {
    await ask("DELETE", `documents/${first}`);
  }
  await give(1);
  const consent = { version: CONSENT_VERSION, language: "en" };
  while ((await session()).status !== "submitted") {
    await ask("POST", "submit", { consent });
  }
  const moves = ["create", "complete", await review(stage, id, "approve")];
  return { ...none, customerId: id, moves, documents: ["passport"], erased: 1, begun: 1 };
}

/** Asks until it is answered: what changes nothing when it is asked twice. */
async function heardOf<T>(ask: () => Promise<T | null>): Promise<T> {
  for (;;) {
    const heard = await ask();
    if (heard !== null) return heard;
  }
}

const said = ({ status, body }: Heard): Body => {
  assert.equal(status, 200, JSON.stringify(body));
  return body;
};

/** Exchanges the link of a customer, and comes back by the cookie. @returns the bearer */
async function enter({ patient }: Stage, id: string, first: string | null): Promise<string> {
  let link = first;
  // A link that was not answered is not told again: another is asked for.
  while (link === null) {
    link = (await patient.call("own", "createVerificationSession", { id }, {})).link;
  }
  const secret = new URL(link).hash.slice(1);
  const proposed = randomBytes(32).toString("base64url");
  const exchange = { secret, bearer: proposed };
  const heard = await heardOf(() => patient.ask("POST", "exchange", exchange));
  const { bearer, session } = said(heard);
  assert.deepEqual([bearer, session.status], [proposed, "started"]);
  const { cookie } = heard;
  const again = await heardOf(() => patient.ask("POST", "resume", undefined, { cookie }));
  assert.equal(said(again).bearer, bearer, "the cookie resumes the session");
  return bearer;
}

const issue = async ({ patient }: Stage, customerId: string, typeId: string): Promise<string> => {
  const body = { typeId, customerId, initialBalance: 10 };
  return (await patient.call("own", "issueCard", {}, body)).id;
};
const issueSome = (stage: Stage, customerId: string, typeId: string, count: number) =>
  Promise.all(Array.from({ length: count }, () => issue(stage, customerId, typeId)));

/** Has cards, turns out to be listed, and two persons say what of it is true. */
async function screened(stage: Stage): Promise<Outcome> {
  const { patient, dice, programs } = stage;
  const body = { ...individual, level: "minimum", lastName: newName() };
  const { id } = await patient.call("own", "createCustomer", {}, body);
  const cards = await issueSome(stage, id, programs.open, 3);
  await patient.call("own", "changeCustomer", { id }, LISTED);
  const { data } = await patient.read("platform", `/screening-hits?subjectId=${id}`);
  assert.equal(data.length, 1, "one hit");
  const isTrue = dice.chance(0.7);
  const verdict = isTrue ? "confirmScreeningHit" : "clearScreeningHit";
  const hit = { id: data[0].id };
  await patient.call("platform", verdict, hit, { reasons: ["compared"] });
  const { status } = await patient.call("second", verdict, hit, { reasons: ["compared too"] });
  const moves = ["create", "requestUpdate", "hold"];
  const held = { ...none, customerId: id, cards, hit: status };
  if (isTrue) return { ...held, moves, blocks: [1, 1] };
  return { ...held, moves: [...moves, "release", await review(stage, id, "approve")] };
}

/** A business with people, documents and cards, all of which are deleted again. */
async function deleted(stage: Stage): Promise<Outcome> {
  const { patient, dice, programs } = stage;
  const legalName = `${newName()} GmbH`;
  const known = { legalName, nationalId: "HRB 12345", residence, email: "office@example.com" };
  const body = { type: "business", level: "basic", ...known };
  const { id } = await patient.call("own", "createCustomer", {}, body);
  await patient.call("own", "addPerson", { id }, { ...owner, lastName: newName() });
  const second = { ...owner, roles: ["director"], lastName: newName() };
  await patient.call("own", "addPerson", { id }, second);
  await patient.call("own", "uploadDocument", { id, kind: "company_register" }, small);
  const moves = ["create", "complete", await review(stage, id, "approve")];
  const cards = await issueSome(stage, id, programs.open, 2);
  await Promise.all(cards.map((card) => patient.call("own", "deleteCard", { id: card })));
  const documents = ["company_register"];
  if (dice.chance(0.5)) {
    await patient.call("own", "uploadDocument", { id, kind: "other" }, big);
    documents.push("other");
  }
  await patient.call("own", "deleteCustomer", { id });
  return { ...none, customerId: id, moves: [...moves, "delete"], documents, cards };
}

/** Is granted a product, has cards of it, and loses it; now and then it is granted again. */
async function admitted(stage: Stage): Promise<Outcome> {
  const { patient, dice, programs } = stage;
  const body = { ...individual, level: "minimum", lastName: newName() };
  const { id } = await patient.call("own", "createCustomer", {}, body);
  const wanted = { product: "cards", typeId: programs.gated };
  const grant = async (): Promise<string> => {
    const asked = await patient.call("own", "requestAccess", { id }, wanted);
    await patient.call("platform", "grantAccess", { id: asked.id }, {});
    return asked.id;
  };
  const access = await grant();
  const cards = await issueSome(stage, id, programs.gated, 3);
  await patient.call("platform", "revokeAccess", { id: access }, { reasons: ["misuse"] });
  const isBack = dice.chance(0.4);
  if (isBack) await grant();
  const blocks = [1, isBack ? 0 : 1] as const;
  return { ...none, customerId: id, moves: ["create"], cards, blocks };
}

/** Ways that a customer may go. */
export const lives = { documented, hosted, screened, deleted, admitted };
