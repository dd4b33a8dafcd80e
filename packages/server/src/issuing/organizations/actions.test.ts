import assert from "node:assert/strict";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { testDatabase } from "../../../test/harness/database.ts";
import { keepShared } from "../../../test/harness/sharing.ts";
import { inWork, testKeys } from "../../../test/harness/work.ts";
import type { Work } from "../../foundation/database/work.ts";
import { Refusal } from "../../foundation/errors/errors.ts";
import { type OrganizationId, PLATFORM } from "../../foundation/ids/ids.ts";
import { closeAccount, openAccounts } from "../../records/ledger/actions.ts";
import type { AccountRef } from "../../records/ledger/model.ts";
import { decideFunds } from "../transfers/actions.ts";
import {
  changeOrganization,
  closeOrganization,
  createOrganization,
  findOrganization,
  installationMode,
  lockOrganization,
  moveOrganization,
  setInstallationMode,
  shareOrganizations,
} from "./actions.ts";
import type { Organization } from "./model.ts";

const { app } = await testDatabase();
const keys = testKeys();

const inTenant = <T>(id: OrganizationId, act: (work: Work) => Promise<T>): Promise<T> =>
  inWork(app, id, keys, act);

const create = (mode: "sandbox" | "live" = "sandbox") =>
  inWork(app, PLATFORM, keys, async (work) => {
    const wanted = { name: "Example", mode, externalId: null, currencies: [] };
    return (await createOrganization(work, wanted)).organization;
  });

/** What a promise is refused with, or that it was done. */
const outcome = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    (value) => (Array.isArray(value) && value[0] instanceof Refusal ? value[0].code : "done"),
    (error: unknown) => {
      if (error instanceof Refusal) return error.code;
      throw error;
    },
  );

const close = (id: OrganizationId) =>
  outcome(inTenant(id, (work) => closeOrganization(work, async () => [])));

const deposit = (id: OrganizationId) =>
  outcome(
    inTenant(id, (work) =>
      decideFunds([
        {
          work,
          kind: "organization_deposit",
          organization: id,
          amount: 1n,
          currency: "EUR",
          note: null,
        },
      ]),
    ),
  );

test("an organization with the account of a live card or an open budget is not closed", async () => {
  for (const type of ["card", "budget"] as const) {
    const { id } = await create();
    const account: AccountRef = { type, ownerId: `${type}_of_${id}`, currency: "EUR" };
    await inTenant(id, (work) => openAccounts(work, [account]));
    assert.equal(await close(id), "organization_not_empty");
    await inTenant(id, (work) => closeAccount(work, account));
    assert.equal(await close(id), "done");
  }
});

test("closing and a deposit at once: never a closed organization with money", async () => {
  for (let round = 0; round < 25; round += 1) {
    const { id } = await create();
    const [closed, deposited] = await Promise.all([close(id), deposit(id)]);
    const outcomes = [`${closed} ${deposited}`];
    assert.ok(
      ["done organization_closed", "organization_not_empty done"].includes(outcomes.join()),
      outcomes.join(),
    );
  }
});

test("many changes at once are each a version of their own", async () => {
  const { id } = await create();
  const changes = Array.from({ length: 20 }, (_, at) =>
    inTenant(
      id,
      (work): Promise<Organization> =>
        at % 2 === 0
          ? changeOrganization(work, { name: `Name ${at}` })
          : moveOrganization(work, at % 4 === 1 ? "suspend" : "activate"),
    ),
  );
  const versions = (await Promise.all(changes)).map(({ version }) => version);
  const last = await findOrganization(app, id);
  assert.equal(
    last?.version,
    versions.reduce((a, b) => (a > b ? a : b)),
  );
});

test("live organizations are for a live installation, which stays live while it has one", async () => {
  assert.equal(await installationMode(app), "sandbox");
  assert.equal(await outcome(create("live")), "live_mode_not_available");
  await setInstallationMode(app, "live");
  const { id, mode } = await create("live");
  assert.equal(mode, "live");
  await assert.rejects(setInstallationMode(app, "sandbox"), /CARDWRIGHT_MODE=live/);
  assert.equal(await installationMode(app), "live");
  assert.equal(await close(id), "done");
  await setInstallationMode(app, "sandbox");
  assert.equal(await installationMode(app), "sandbox");
});

test("a busy organization is suspended soon, although there is always somebody who shares it", async () => {
  const { id } = await create();
  const sharing = keepShared(app, (sql) => lockOrganization(sql, id, "share"));
  await sharing.begun;
  const before = Date.now();
  const suspended = await inTenant(id, (work) => moveOrganization(work, "suspend"));
  const waitedMs = Date.now() - before;
  await sharing.end();
  assert.equal(suspended.status, "suspended");
  assert.ok(waitedMs < 1_000, `waited ${waitedMs} ms`);
});

test("who shares an organization while it is changed sees the change, by external id too", async () => {
  const wanted = { name: "Example", mode: "sandbox", externalId: "ours", currencies: [] } as const;
  const { organization } = await inWork(app, PLATFORM, keys, (work) =>
    createOrganization(work, wanted),
  );
  const change = inTenant(organization.id, async (work) => {
    await moveOrganization(work, "suspend");
    await sleep(300);
  });
  await sleep(100);
  const seen = await app.transaction(async (sql) => [
    await lockOrganization(sql, organization.id, "share"),
    ...(await shareOrganizations(sql, ["external:ours"])).values(),
  ]);
  await change;
  assert.deepEqual(
    seen.map(({ status }) => status),
    ["suspended", "suspended"],
  );
});
