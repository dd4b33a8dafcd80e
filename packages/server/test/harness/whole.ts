import assert from "node:assert/strict";
import type { IdKind } from "../../src/foundation/ids/ids.ts";
import { feeJobs } from "../../src/issuing/cards/jobs/fees.ts";
import { windDownJobs } from "../../src/issuing/cards/jobs/winddowns.ts";
import { listed, load } from "../../src/issuing/screening/fixture.ts";
import { asOwner } from "./database.ts";
import { type Furnished, furnish, made, makeProgram } from "./furnish.ts";
import { runAll } from "./jobs.ts";
import type { TestServer } from "./server.ts";

/** Kinds of ids that no path, query or body takes, each for a reason. */
const untaken = {
  organization: "is whose objects these are",
  restriction: "is lifted by what it rests on",
  verificationSettings: "are the organization's, by its id",
  blockOrder: "is the platform's",
  limit: "is named by what it limits",
  journal: "is read through what moved",
  hold: "is not made by any route",
  audit: "is read through its object",
  request: "is of a log",
  process: "is of the installation",
  cardBatch: "is called batch here",
} as const satisfies Partial<Record<IdKind, string>>;

/** Every kind that can be named: a new prefix does not compile until it is here or in `untaken`. */
type Named = Exclude<IdKind, keyof typeof untaken>;
export type WholeKind = Named | keyof Furnished["objects"];

/** An organization that has one object of every kind whose id anybody can name. */
export type Whole = Omit<Furnished, "objects"> & {
  readonly objects: Readonly<Record<WholeKind, string>>;
};

const MONTH_MS = 32 * 86_400_000;

/** As `furnish`, with what comes about by lists, rules and time. */
export async function furnishWhole(server: TestServer): Promise<Whole> {
  const own = await furnish(server);
  const { program, ruled } = await makeListed(server, own);
  const complianceRule = made(
    await server.call("POST", "/compliance-rules", {
      typeId: program,
      subject: "nationality",
      countries: ["DEU"],
      reasonCode: "embargo",
    }),
  ).id;
  for (const job of windDownJobs) await runAll(server, job, own.id);
  const objects = {
    ...own.objects,
    program,
    complianceRule,
    windDown: await only(own, `/wind-downs?cardId=${ruled}`),
    screeningHit: await makeHit(server, own),
    dueFee: await makeDueFee(server, own),
    ...(await readRecords(server, own)),
  };
  return { ...own, objects, ids: Object.values(objects) };
}

/** A program for this organization alone, and a card of it. */
async function makeListed(server: TestServer, { id, call, objects }: Furnished) {
  const program = await makeProgram(server, "card", {
    requiresCustomer: true,
    availability: "listed",
    organizationIds: [id],
  });
  const body = { typeId: program, customerId: objects.customer, initialBalance: 0 };
  return { program, ruled: made(await call("POST", "/cards", body)).id as string };
}

async function makeHit(server: TestServer, { call }: Furnished): Promise<string> {
  await load(server.database.app, [listed("1", "Qwertin Vexalov")]);
  const body = { type: "individual", level: "basic", firstName: "Qwertin", lastName: "Vexalov" };
  const { id } = made(await call("POST", "/customers", body));
  const { data } = made(await server.call("GET", `/screening-hits?subjectId=${id}`));
  assert.equal(data.length, 1);
  return data[0].id;
}

/** A monthly fee in a currency of which the organization has nothing waits. */
async function makeDueFee(server: TestServer, own: Furnished): Promise<string> {
  const typeId = await makeProgram(server, "card", { currency: "USD", fees: { monthly: 250 } });
  made(
    await own.call("POST", "/cards", {
      typeId,
      initialBalance: 0,
      firstName: "Ada",
      lastName: "Example",
    }),
  );
  await asOwner(
    server.database.url,
    "update organization_clocks set offset_ms = offset_ms + $2 where organization_id = $1",
    [own.id, MONTH_MS],
  );
  for (const job of feeJobs) await runAll(server, job, own.id);
  return only(own, "/due-fees");
}

async function readRecords(server: TestServer, own: Furnished) {
  await server.sequence();
  return {
    account: await only(own, "/ledger/accounts?type=organization_available&currency=EUR"),
    event: await only(own, "/events?limit=1"),
  };
}

async function only({ call }: Furnished, path: string): Promise<string> {
  const { data } = made(await call("GET", path));
  assert.equal(data.length, 1, path);
  return data[0].id;
}
