import { errorTable } from "../../foundation/errors/errors.ts";

/** How compliance rules refuse. */
export const complianceErrors = errorTable({
  compliance_rule_invalid: {
    status: 422,
    title: "The compliance rule cannot be",
    remedy: "Correct the fields named in errors[].",
  },
  compliance_rule_ended: {
    status: 409,
    title: "The compliance rule ends no later than that already",
    remedy: "A rule that shall hold longer or again is another rule.",
  },
});
