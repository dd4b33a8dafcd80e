import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../../test/harness/database.ts";
import { systemClock } from "../../../foundation/clock/clock.ts";
import type { Sql, Statement } from "../../../foundation/database/sql.ts";
import { made, names, startCardTests } from "../fixture.ts";
import type { CardStatus } from "../model.ts";
import { searchTerms } from "../rules/search.ts";
import { type CardsWanted, listPage } from "./list.ts";

/** Lists of cards go by indexes, however many cards there are. */
const tests = await startCardTests();
const { app, url } = tests.server.database;
const [own, other] = [await tests.organization(), await tests.organization()];

/** Copies a card many times: ordinary ones that differ in what is looked for. */
async function fill(organization: typeof own): Promise<void> {
  const { id: budgetId, typeId } = await tests.budget(organization);
  const customerId = await tests.customer(organization, { firstName: "Berta", lastName: "Zander" });
  const body = { typeId, budgetId, ...names };
  const { id } = made(await organization.call("POST", "/cards", body));
  const more = { ...body, firstName: undefined, lastName: undefined, customerId };
  made(await organization.call("POST", "/cards", more));
  await asOwner(
    url,
    `insert into cards select (jsonb_populate_record(c, jsonb_build_object(
       'id', c.id || n, 'last_four', lpad((n % 9000 + 1000)::text, 4, '0'),
       'label', 'Label ' || n, 'external_id', c.id || '/' || n, 'last_name', 'Name ' || n,
       'status', case when n % 4000 = 0 then 'blocked' else 'active' end))).*
     from cards c, generate_series(1, 12000) n where c.id = $1`,
    [id],
  );
  await asOwner(
    url,
    `insert into card_restrictions (organization_id, id, card_id, kind, owner, reason, actor_kind,
       actor_id, created_at, lifted_at, lifted_by)
     select organization_id, id || '_r', id, 'block', 'platform', 'velocity', 'key', 'key_any', now(),
       case when status = 'blocked' then null else now() end,
       case when status = 'blocked' then null else 'key_any' end
     from cards where organization_id = $1`,
    [organization.id],
  );
}
await fill(own);
await fill(other);
await asOwner(url, "vacuum analyze");

type Plan = {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly "Scan Direction"?: string;
  readonly Plans?: readonly Plan[];
};
const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

async function plansOf(organizationId: string | null, wanted: Partial<CardsWanted>) {
  const owner = organizationId === null ? null : { organizationId, now: systemClock.now() };
  const asked: { statement: Statement; values: readonly unknown[] }[] = [];
  const recording: Sql = {
    query: (statement, values = []) => {
      asked.push({ statement, values });
      return app.query(statement, values);
    },
  };
  const page = { after: undefined, limit: 25 };
  const { rows } = await listPage(recording, owner, { terms: null, ...wanted }, page);
  const plans = await Promise.all(
    asked.map(async ({ statement: { text }, values }) => {
      const explained = { name: undefined, text: `explain (format json) ${text}` };
      const [row] = await app.query<{ "QUERY PLAN": [{ Plan: Plan }] }>(explained, values);
      assert.ok(row);
      return nodesOf(row["QUERY PLAN"][0].Plan);
    }),
  );
  return { found: rows.length, nodes: plans.flat() };
}

function assertByIndex(nodes: readonly Plan[], wanted: readonly string[]): void {
  const large = ["cards", "customers", "card_restrictions"];
  const whole = nodes.filter(
    (node) => node["Node Type"] === "Seq Scan" && large.includes(node["Relation Name"] ?? ""),
  );
  assert.deepEqual(whole, []);
  const used = new Set(nodes.flatMap((node) => node["Index Name"] ?? []));
  for (const index of wanted) assert.ok(used.has(index), `${index} is not in ${[...used]}`);
}

const searched = [
  "cards_label",
  "cards_external_search",
  "cards_last_name",
  "cards_name",
  "cards_legal_name",
  "cards_customer",
];

for (const search of ["label 1199", "1234", "zander", "Berta Za", "nobody at all", "Öre"]) {
  test(`a search for "${search}" asks the index of each thing it may be`, async () => {
    for (const organizationId of [own.id, null]) {
      const { nodes } = await plansOf(organizationId, { terms: searchTerms(search) });
      const more = /^\d{4}$/.test(search) ? ["cards_last_four"] : [];
      // Which of its own indexes serves the customers depends on how many there are.
      assertByIndex(
        nodes.filter((node) => node["Relation Name"] !== "customers"),
        [...searched, ...more],
      );
    }
  });
}

test("a search finds by an index what the conditions say: no more and no less", async () => {
  const count = async (search: string, organizationId: string | null = own.id) =>
    (await plansOf(organizationId, { terms: searchTerms(search) })).found;
  assert.equal(await count("label 1199"), 11);
  assert.equal(await count("label 1199", null), 22);
  assert.equal(await count("1234"), 2);
  assert.equal(await count("zander"), 1);
});

test("rare statuses are found by an index, a common one along the order of the list", async () => {
  const rare: [CardStatus, string][] = [
    ["blocked", "cards_status"],
    // By the few restrictions that are live.
    ["frozen", "card_restrictions_card"],
    ["deleted", "cards_status"],
    ["expired", "cards_expired"],
  ];
  for (const [status, index] of rare) {
    assertByIndex((await plansOf(own.id, { status })).nodes, [index]);
  }
  const { found, nodes } = await plansOf(own.id, { status: "active" });
  assert.equal(found, 25);
  const scan = nodes.find((node) => node["Relation Name"] === "cards");
  const order = [scan?.["Node Type"], scan?.["Index Name"], scan?.["Scan Direction"]];
  assert.deepEqual(order, ["Index Scan", "cards_pkey", "Backward"]);
});
