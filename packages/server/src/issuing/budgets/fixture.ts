/** What the tests of sub-budgets, limits and refills share. */
import type { TestOrganization } from "../../../test/harness/server.ts";
import { workOf } from "../../../test/harness/work.ts";
import type { Work } from "../../foundation/database/work.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import { organizationNow } from "../../records/sequencer/actions.ts";
import { type CardBody, type CardTests, type Fields, made } from "../cards/fixture.ts";

export type BudgetTests = {
  /** A root budget for a new program, or a sub-budget with the programs of its parent. */
  budget(own: TestOrganization, fields?: Fields, parent?: CardBody): Promise<CardBody>;
  /** A chain of budgets, root first, each the parent of the next. */
  chain(own: TestOrganization, levels: number): Promise<CardBody[]>;
  read(own: TestOrganization, id: string): Promise<CardBody>;
  post(own: TestOrganization, id: string, verb: string, body?: Fields): CallResult;
  /** Does something for an organization in a transaction, as a job of the platform. */
  asJob<T>(own: TestOrganization, act: (work: Work) => Promise<T>): Promise<T>;
};

type CallResult = ReturnType<TestOrganization["call"]>;

export function budgetTests(tests: CardTests): BudgetTests {
  let count = 0;
  const own: BudgetTests = {
    async budget(organization, fields = {}, parent = undefined) {
      count += 1;
      const typeIds = parent?.typeIds ?? [await tests.program({ model: "budgetCard" })];
      const body = {
        name: `Tree ${count}`,
        currency: "EUR",
        typeIds,
        ...(parent === undefined ? {} : { parentId: parent.id }),
        ...fields,
      };
      return made(await organization.call("POST", "/budgets", body));
    },
    async chain(organization, levels) {
      const budgets: CardBody[] = [];
      while (budgets.length < levels) {
        budgets.push(await own.budget(organization, {}, budgets.at(-1)));
      }
      return budgets;
    },
    read: async (organization, id) => made(await organization.call("GET", `/budgets/${id}`)),
    post: (organization, id, verb, body = {}) =>
      organization.call("POST", `/budgets/${id}/${verb}`, body),
    asJob: ({ id }, act) => {
      const { database, keys } = tests.server.context;
      const organizationId = id as OrganizationId;
      return database.transaction(async (sql) =>
        act({
          ...workOf(sql, organizationId, keys),
          now: await organizationNow(sql, organizationId),
          actor: { kind: "system", id: "budgets.refill", organizationId },
        }),
      );
    },
  };
  return own;
}
