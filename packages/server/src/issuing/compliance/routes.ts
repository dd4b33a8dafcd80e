import { Type } from "typebox";
import { DEFAULT_LIMIT, decodeCursor, pageFrom } from "../../foundation/route/cursor.ts";
import { type Caller, type Route, readRoute, writeRoute } from "../../foundation/route/route.ts";
import {
  idText,
  instantOf,
  object,
  oneOf,
  pageOf,
  pageQuery,
} from "../../foundation/route/schemas.ts";
import { createRule, endComplianceRule, getRule, listRules } from "./actions.ts";
import { type ComplianceRule, ruleSubjects, WIND_DOWN_DAYS } from "./model.ts";
import { newRuleSchema, ruleEndSchema, ruleSchema, showRule } from "./schema.ts";

const tag = "Compliance";

const params = object({ id: idText("Id of the rule.") });

const showTo = (caller: Caller) => (rule: ComplianceRule) =>
  showRule(rule, caller.platform ? "platform" : "organization");

const concerned = ({ platform, organizationId }: Caller): string | undefined =>
  platform ? undefined : organizationId;

const list = readRoute({
  id: "listComplianceRules",
  path: "/compliance-rules",
  summary: "List compliance rules",
  description:
    "Countries whose nationals or residents get no cards. An organization sees the rules for every program and for those that it may use; rules that are over are listed, too.",
  tag,
  audience: "any",
  scope: "programs:read",
  query: object({
    ...pageQuery,
    subject: Type.Optional(oneOf(ruleSubjects)),
    typeId: Type.Optional(idText("Only those for this card program alone.")),
  }),
  reply: pageOf(ruleSchema),
  errors: [],
  handle: async ({
    query: { limit = DEFAULT_LIMIT, cursor, subject, typeId },
    caller,
    reading,
  }) => {
    const filter = { organizationId: concerned(caller), subject, programId: typeId };
    const page = { after: decodeCursor(cursor), limit };
    return pageFrom(await listRules(reading.sql, filter, page), ({ id }) => id, showTo(caller));
  },
});

const get = readRoute({
  id: "getComplianceRule",
  path: "/compliance-rules/{id}",
  summary: "Read a compliance rule",
  tag,
  audience: "any",
  scope: "programs:read",
  params,
  reply: ruleSchema,
  errors: ["not_found"],
  handle: async ({ params: { id }, caller, reading }) =>
    showTo(caller)(await getRule(reading.sql, id, concerned(caller))),
});

const create = writeRoute({
  id: "createComplianceRule",
  method: "POST",
  path: "/compliance-rules",
  summary: "Restrict countries",
  description:
    "From effectiveFrom on nobody of these nationalities, or who lives in these countries, is issued a card. Cards that exist go on for windDownDays, which is announced at once, and are then blocked; their money can be withdrawn. A rule is never rewritten: end it and make another.",
  tag,
  audience: "platform",
  scope: "compliance:write",
  body: newRuleSchema,
  reply: ruleSchema,
  status: 201,
  errors: ["program_not_found", "compliance_rule_invalid"],
  handle: async ({ body, work }) => {
    const { typeId = null, effectiveFrom, effectiveTo, note = null, ...terms } = body;
    const rule = await createRule(work, {
      ...terms,
      typeId,
      note,
      effectiveFrom: effectiveFrom === undefined ? null : instantOf(effectiveFrom),
      effectiveTo: effectiveTo === undefined ? null : instantOf(effectiveTo),
      windDownDays: body.windDownDays ?? WIND_DOWN_DAYS,
    });
    return showRule(rule, "platform");
  },
});

const end = writeRoute({
  id: "endComplianceRule",
  method: "POST",
  path: "/compliance-rules/{id}/end",
  summary: "End a compliance rule",
  description:
    "At once, or at effectiveTo. What it has blocked is unblocked by itself where nothing else stands against it.",
  tag,
  audience: "platform",
  scope: "compliance:write",
  params,
  body: ruleEndSchema,
  reply: ruleSchema,
  status: 200,
  errors: ["not_found", "compliance_rule_invalid", "compliance_rule_ended"],
  handle: async ({ params: { id }, body: { effectiveTo }, work }) => {
    const at = effectiveTo === undefined ? null : instantOf(effectiveTo);
    return showRule(await endComplianceRule(work, id, at), "platform");
  },
});

export const complianceRoutes: readonly Route[] = [list, get, create, end];
