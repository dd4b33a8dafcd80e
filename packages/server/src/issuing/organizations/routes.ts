import { Type } from "typebox";
import type { Work } from "../../foundation/database/work.ts";
import { DEFAULT_LIMIT, decodeCursor, pageFrom } from "../../foundation/route/cursor.ts";
import { type Route, readRoute, writeRoute } from "../../foundation/route/route.ts";
import { idParams, object, oneOf, pageOf, pageQuery } from "../../foundation/route/schemas.ts";
import { showBalances } from "../../records/ledger/schema.ts";
import {
  changeEmbedOrigins,
  changeOrganization,
  createOrganization,
  getOrganization,
  listOrganizations,
  moveOrganization,
  readingOfOne,
  readOrganizationBalances,
  workIn,
} from "./actions.ts";
import { modes, type Organization, type OrganizationMove, organizationLifecycle } from "./model.ts";
import {
  balancesQuery,
  createdOrganizationSchema,
  newOrganizationSchema,
  organizationBalancesSchema,
  organizationChangesSchema,
  organizationSchema,
  ownChangesSchema,
  showOrganization,
} from "./schema.ts";

const tag = "Organizations";

const getOwn = readRoute({
  id: "getOwnOrganization",
  path: "/organization",
  summary: "Read your organization",
  tag,
  audience: "organization",
  scope: "organization:read",
  reply: organizationSchema,
  errors: [],
  handle: async ({ caller, reading }) =>
    showOrganization(await getOrganization(reading.sql, caller.organizationId)),
});

const changeOwn = writeRoute({
  id: "changeOwnOrganization",
  method: "PATCH",
  path: "/organization",
  summary: "Change your organization",
  description:
    "Says which origins may show the hosted pages of your links in a frame. It holds for links that were made before, too, from the next time that a page is opened.",
  tag,
  audience: "organization",
  scope: "organization:write",
  body: ownChangesSchema,
  reply: organizationSchema,
  status: 200,
  errors: ["organization_closed", "embed_origin_not_allowed"],
  handle: async ({ body, work }) =>
    showOrganization(await changeEmbedOrigins(work, body.embedOrigins)),
});

const getBalances = readRoute({
  id: "getBalances",
  path: "/balances",
  summary: "Read the balances of your organization",
  description:
    "One for each currency that ever had a deposit. `owed` is what its cards and budgets owe. Now, or as it was recorded up to an instant (`at`) or a sequence. A platform key names the organization.",
  tag,
  audience: "any",
  scope: "organization:read",
  query: balancesQuery,
  reply: organizationBalancesSchema,
  errors: ["organization_not_found", "as_of_in_future", "as_of_not_reached"],
  handle: async ({ query, caller, reading }) => {
    const { organizationId, currency, at, sequence } = query;
    const named = await readingOfOne(caller, reading, organizationId);
    const balances = await readOrganizationBalances(named, {
      at: at === undefined ? undefined : new Date(at),
      sequence: sequence === undefined ? undefined : BigInt(sequence),
    });
    const wanted = balances.filter((each) => currency === undefined || each.currency === currency);
    return { balances: wanted.map(showBalances) };
  },
});

const list = readRoute({
  id: "listOrganizations",
  path: "/organizations",
  summary: "List organizations",
  tag,
  audience: "platform",
  scope: "platform:read",
  query: object({
    ...pageQuery,
    status: Type.Optional(oneOf(organizationLifecycle.states)),
    mode: Type.Optional(oneOf(modes)),
  }),
  reply: pageOf(organizationSchema),
  errors: [],
  handle: async ({ query: { limit = DEFAULT_LIMIT, cursor, ...filter }, reading }) =>
    pageFrom(
      await listOrganizations(reading.sql, filter, decodeCursor(cursor), limit),
      ({ id }) => id,
      showOrganization,
    ),
});

const create = writeRoute({
  id: "createOrganization",
  method: "POST",
  path: "/organizations",
  summary: "Create an organization",
  description:
    "The answer holds the secret of its first API key, with all scopes of an organization: this once.",
  tag,
  audience: "platform",
  scope: "organizations:write",
  body: newOrganizationSchema,
  reply: createdOrganizationSchema,
  status: 201,
  secretFields: ["apiKey"],
  errors: ["organization_external_id_taken", "live_mode_not_available"],
  handle: async ({ body, work }) => {
    const { organization, apiKeyId, secret } = await createOrganization(work, {
      name: body.name,
      mode: body.mode ?? "sandbox",
      externalId: body.externalId ?? null,
      currencies: body.currencies ?? [],
    });
    return { ...showOrganization(organization), apiKeyId, apiKey: secret };
  },
});

const get = readRoute({
  id: "getOrganization",
  path: "/organizations/{id}",
  summary: "Read an organization",
  tag,
  audience: "platform",
  scope: "platform:read",
  params: idParams,
  reply: organizationSchema,
  errors: ["not_found"],
  handle: async ({ params, reading }) =>
    showOrganization(await getOrganization(reading.sql, params.id)),
});

const change = writeRoute({
  id: "changeOrganization",
  method: "PATCH",
  path: "/organizations/{id}",
  summary: "Change an organization",
  tag,
  audience: "platform",
  scope: "organizations:write",
  params: idParams,
  body: organizationChangesSchema,
  reply: organizationSchema,
  status: 200,
  errors: ["not_found", "organization_closed"],
  handle: async ({ params, body, work }) => {
    const { id } = await getOrganization(work.sql, params.id);
    return showOrganization(await changeOrganization(await workIn(work, id), body));
  },
});

const verb = (
  name: OrganizationMove,
  about: { summary: string; description: string; errors: readonly string[] },
  act: (work: Work) => Promise<Organization>,
) =>
  writeRoute({
    ...about,
    id: `${name}Organization`,
    method: "POST",
    path: `/organizations/{id}/${name}`,
    tag,
    audience: "platform",
    scope: "organizations:write",
    params: idParams,
    reply: organizationSchema,
    status: 200,
    handle: async ({ params, work }) => {
      const { id } = await getOrganization(work.sql, params.id);
      return showOrganization(await act(await workIn(work, id)));
    },
  });

const suspend = verb(
  "suspend",
  {
    summary: "Suspend an organization",
    description:
      "No issuing, no top-ups, no new authorizations; deposits, payouts, withdrawals, clearing and reads go on. Repeating it changes nothing.",
    errors: ["not_found", "organization_closed"],
  },
  (work) => moveOrganization(work, "suspend"),
);

const activate = verb(
  "activate",
  {
    summary: "Activate a suspended organization",
    description: "Everything works again. Repeating it changes nothing.",
    errors: ["not_found", "organization_closed"],
  },
  (work) => moveOrganization(work, "activate"),
);

/** The route of closing; with the transfers, whose fees that are due keep an organization open. */
export const closeRoute = (act: (work: Work) => Promise<Organization>): Route =>
  verb(
    "close",
    {
      summary: "Close an organization for ever",
      description:
        "Only without live cards, open budgets, money, debts and fees due; reads go on. Repeating it changes nothing.",
      errors: ["not_found", "organization_not_empty"],
    },
    act,
  );

export const organizationRoutes: readonly Route[] = [
  getOwn,
  changeOwn,
  getBalances,
  list,
  create,
  get,
  change,
  suspend,
  activate,
];
