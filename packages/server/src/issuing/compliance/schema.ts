import { Type } from "typebox";
import {
  countryCode,
  idText,
  nullable,
  object,
  oneOf,
  type StaticOf,
  text,
  timestamp,
} from "../../foundation/route/schemas.ts";
import { actorKinds } from "../../records/audit/model.ts";
import { type ComplianceRule, ruleSubjects, WIND_DOWN_DAYS } from "./model.ts";

const terms = {
  subject: oneOf(ruleSubjects, { description: "What of a customer it is about." }),
  countries: Type.Array(countryCode, {
    minItems: 1,
    maxItems: 249,
    uniqueItems: true,
    description: "Nobody of these nationalities, or who lives there.",
  }),
  reasonCode: Type.String({
    pattern: "^[a-z][a-z0-9_]{0,63}$",
    description: "A stable word, told to whom the rule affects.",
  }),
};

const windDownDays = Type.Integer({
  minimum: 0,
  maximum: 365,
  default: WIND_DOWN_DAYS,
  description: "Days that existing cards go on working once their customer is affected.",
});

const typeId = idText("Only for this card program; left out: for every one.");

const effectiveFrom = Type.String({
  format: "date-time",
  description: "Left out: at once. Judged by each organization's now.",
});

const effectiveTo = Type.String({
  format: "date-time",
  description: "When it ends, itself not included; left out: when somebody ends it.",
});

export const newRuleSchema = object({
  typeId: Type.Optional(typeId),
  ...terms,
  effectiveFrom: Type.Optional(effectiveFrom),
  effectiveTo: Type.Optional(effectiveTo),
  windDownDays: Type.Optional(windDownDays),
  note: Type.Optional(text(1000, { description: "For the platform's own people." })),
});

export const ruleEndSchema = object({
  effectiveTo: Type.Optional(
    Type.String({ format: "date-time", description: "Left out: at once." }),
  ),
});

/** A compliance rule as the API shows it. */
export const ruleSchema = object({
  id: idText("Id of the rule."),
  typeId: nullable(idText("The card program that it is for; null: every one.")),
  ...terms,
  effectiveFrom: timestamp,
  effectiveTo: nullable(timestamp),
  windDownDays,
  note: nullable(Type.String({ description: "Shown to the platform only." })),
  actor: nullable(
    object(
      { kind: oneOf(actorKinds), id: Type.String() },
      { description: "Who made it; shown to the platform only." },
    ),
  ),
  version: Type.Integer({ description: "Grows by one when it is ended." }),
  createdAt: timestamp,
});

/**
 * Model → reply.
 *
 * @param reader who reads: an organization is told what affects it, and not who said so.
 */
export function showRule(
  rule: ComplianceRule,
  reader: "platform" | "organization",
): StaticOf<typeof ruleSchema> {
  const isOwn = reader === "platform";
  return {
    id: rule.id,
    typeId: rule.programId,
    subject: rule.subject,
    countries: [...rule.countries],
    effectiveFrom: rule.effectiveFrom.toISOString(),
    effectiveTo: rule.effectiveTo?.toISOString() ?? null,
    reasonCode: rule.reasonCode,
    windDownDays: rule.windDownDays,
    note: isOwn ? rule.note : null,
    actor: isOwn ? { kind: rule.actor.kind, id: rule.actor.id } : null,
    version: Number(rule.version),
    createdAt: rule.createdAt.toISOString(),
  };
}
