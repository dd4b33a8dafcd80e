import assert from "node:assert/strict";
import { pngOf } from "../../src/issuing/documents/fixture.ts";
import type { DocumentKind } from "../../src/issuing/documents/model.ts";
import type { Call } from "./server.ts";

/** A small picture that is a whole PNG. */
export const picture = pngOf(8, 8);

/** Uploads documents of a customer, one of each kind: what meets its level's needs. */
export async function giveDocuments(
  call: Call,
  customerId: string,
  kinds: readonly DocumentKind[] = ["passport"],
): Promise<void> {
  for (const kind of kinds) {
    const path = `/customers/${customerId}/documents?kind=${kind}`;
    const { status, body } = await call("POST", path, picture);
    assert.equal(status, 201, JSON.stringify(body));
  }
}

/** Somebody who directs and owns a business. */
export const owner = {
  roles: ["director", "beneficial_owner"],
  firstName: "Grace",
  lastName: "Example",
  birthDate: "1970-12-09",
  nationality: "DEU",
  residenceCountry: "DEU",
} as const;

/** Adds whom a business of every level needs. */
export async function givePeople(call: Call, customerId: string): Promise<void> {
  const { status, body } = await call("POST", `/customers/${customerId}/people`, owner);
  assert.equal(status, 201, JSON.stringify(body));
}
