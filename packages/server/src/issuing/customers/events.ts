import type { SessionMove } from "./model/sessions.ts";
import type { AccessMove, CustomerMove } from "./model.ts";
import { personSchema } from "./schema/people.ts";
import { sessionSchema } from "./schema/sessions.ts";
import { accessRequestSchema, customerSchema } from "./schema.ts";

/** What customers and their access requests announce: the object as the API shows it. */
export const customerEvents = {
  "customer.created": customerSchema,
  // Data changed, the status did not.
  "customer.updated": customerSchema,
  "customer.submitted": customerSchema,
  "customer.approved": customerSchema,
  "customer.rejected": customerSchema,
  "customer.information_requested": customerSchema,
  "customer.update_requested": customerSchema,
  "customer.held": customerSchema,
  "customer.released": customerSchema,
  "customer.deleted": customerSchema,
  "customer.legal_hold_set": customerSchema,
  "customer.legal_hold_lifted": customerSchema,
  // What was kept after the deletion is gone.
  "customer.erased": customerSchema,
  "person.added": personSchema,
  "person.updated": personSchema,
  "person.removed": personSchema,
  "verification_session.created": sessionSchema,
  // The person exchanged the link.
  "verification_session.started": sessionSchema,
  "verification_session.submitted": sessionSchema,
  // A newer one was made.
  "verification_session.replaced": sessionSchema,
  "verification_session.revoked": sessionSchema,
  "access.requested": accessRequestSchema,
  "access.granted": accessRequestSchema,
  "access.rejected": accessRequestSchema,
  "access.revoked": accessRequestSchema,
  // The customer was deleted.
  "access.ended": accessRequestSchema,
};
export type CustomerEvent = keyof typeof customerEvents;

/** The event of each move of a customer's life cycle. */
export const eventOfMove = {
  complete: "customer.submitted",
  pass: "customer.approved",
  approve: "customer.approved",
  reject: "customer.rejected",
  requestInformation: "customer.information_requested",
  requestUpdate: "customer.update_requested",
  resubmit: "customer.submitted",
  hold: "customer.held",
  release: "customer.released",
  delete: "customer.deleted",
} as const satisfies Record<CustomerMove, CustomerEvent>;

/** The event of each move of a verification session. */
export const eventOfSessionMove = {
  start: "verification_session.started",
  submit: "verification_session.submitted",
  replace: "verification_session.replaced",
  revoke: "verification_session.revoked",
} as const satisfies Record<SessionMove, CustomerEvent>;

/** The event of each move of an access request. */
export const eventOfAccessMove = {
  grant: "access.granted",
  reject: "access.rejected",
  revoke: "access.revoked",
  end: "access.ended",
} as const satisfies Record<AccessMove, CustomerEvent>;
