/** What the tests of this folder share. */
import assert from "node:assert/strict";
import { giveDocuments } from "../../../test/harness/evidence.ts";
import { runAll } from "../../../test/harness/jobs.ts";
import type {
  Call,
  CallAnswer,
  TestOrganization,
  TestServer,
} from "../../../test/harness/server.ts";
import type { CustomerId, OrganizationId, VerificationId } from "../../foundation/ids/ids.ts";
import { person } from "../customers/fixture.ts";
import { verificationJobs } from "./jobs.ts";
import type { Verification, VerificationStatus } from "./model.ts";

/** The instant at which the tests of the rules take place. */
export const now = new Date("2026-06-15T12:00:00Z");

/** A verification in a status; claimed by the reviewer `key_mine`. */
export function verificationIn(
  status: VerificationStatus,
  terms: Partial<Verification> = {},
): Verification {
  const isClaimed = status === "claimed";
  const isDecided = status === "decided";
  return {
    organizationId: "org_example" as OrganizationId,
    id: "ver_example" as VerificationId,
    customerId: "cus_example" as CustomerId,
    level: "basic",
    provider: "manual",
    status,
    customerVersion: 1n,
    claimedBy: isClaimed ? "key_mine" : null,
    claimedAt: isClaimed ? now : null,
    providerReference: status === "submitted" ? "reference" : null,
    delegated: null,
    outcome: isDecided ? "approved" : null,
    reasons: [],
    decidedBy: isDecided ? "reviewer" : null,
    decidedAt: isDecided ? now : null,
    version: 3n,
    createdAt: now,
    ...terms,
  };
}

/** Creates a customer that is in review. @returns its id */
export async function newCustomer({ call }: { readonly call: Call }, body: object = {}) {
  const answer = await call("POST", "/customers", {
    type: "individual",
    level: "basic",
    ...person,
    ...body,
  });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  await giveDocuments(call, answer.body.id);
  return answer.body.id as string;
}

/** What happens by itself to verifications of an organization, until nothing is left to do. */
export async function settle(server: TestServer, { id }: Pick<TestOrganization, "id">) {
  for (const job of verificationJobs) await runAll(server, job, id);
}

/** The verifications of a customer, newest first. */
export async function verificationsOf({ call }: { readonly call: Call }, customerId: string) {
  return (await call("GET", `/verifications?customerId=${customerId}`)).body.data;
}

/** Status and code, or status and the status of what is answered. */
export const codeOf = ({ status, body }: CallAnswer): string =>
  `${status} ${body.code ?? body.outcome ?? body.status}`;

type EventShown = {
  readonly type: string;
  readonly objectId: string;
  readonly objectVersion: number;
};

/** All events about an object, in order: what is sequenced by now. */
export async function eventsOf({ call }: { readonly call: Call }, objectId: string) {
  const found: EventShown[] = [];
  for (let after = 0; ; ) {
    const { body } = await call("GET", `/events?limit=100&after=${after}`);
    found.push(...body.data.filter((event: EventShown) => event.objectId === objectId));
    if (body.data.length < 100) return found;
    after = body.data.at(-1).sequence;
  }
}
