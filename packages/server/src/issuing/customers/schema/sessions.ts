import { Type } from "typebox";
import { about, personal, personalFieldsOf } from "../../../foundation/route/personal.ts";
import {
  idText,
  nullable,
  object,
  oneOf,
  type StaticOf,
  timestamp,
} from "../../../foundation/route/schemas.ts";
import { endReasons } from "../../../records/links/model.ts";
import {
  type SessionNow,
  sessionLifecycle,
  standingOf,
  type VerificationSession,
} from "../model/sessions.ts";
import { customerSchema } from "../schema.ts";

/** 0 to 65535. */
const PORT = "(?:6553[0-5]|655[0-2]\\d|65[0-4]\\d{2}|6[0-4]\\d{3}|[1-5]?\\d{1,4})";

/** Letters beyond ASCII as Punycode, so that none looks like another. */
const HOST = "[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?";

/**
 * Where the page leads back to. No fragment or login of its own, and never over plain http but to the
 * developer's own machine, which is for sandboxes: see `requireReturn`.
 */
const returnUrl = Type.String({
  maxLength: 2_000,
  format: "uri",
  pattern: `^(?:https://${HOST}|http://localhost)(?::${PORT})?(?:[/?][^\\s#\\\\]*)?$`,
  description:
    "https address that the page offers as a button at its end; in a sandbox also of http://localhost.",
});

export const newSessionSchema = object(
  { returnUrl: Type.Optional(nullable(returnUrl)) },
  { title: "NewVerificationSession" },
);

/** A verification session as the API shows it. */
export const sessionSchema = object(
  {
    id: idText("Id of the session."),
    organizationId: idText("Whose customer it is."),
    customerId: idText("Who is to be verified."),
    status: oneOf([...sessionLifecycle.states, "expired"], {
      description:
        "waiting: the link was not used yet. submitted, replaced and revoked are final; expired is told by expiresAt.",
    }),
    endedReason: nullable(
      oneOf(endReasons, {
        description:
          "Why it, or the link that leads back to it, ended before its time. With the end of an organization all of its links end, which no event tells of each.",
      }),
    ),
    returnUrl: personal(nullable(Type.String({ description: "Where the page leads back to." }))),
    expiresAt: { ...timestamp, description: "Of the link; once it is used, of the session." },
    startedAt: nullable(timestamp),
    submittedAt: nullable(timestamp),
    consent: nullable(
      object(
        {
          version: Type.String({ description: "Of the text." }),
          language: Type.String({ description: "In which it was read." }),
          at: timestamp,
        },
        { description: "What the person agreed to." },
      ),
    ),
    version: Type.Integer({ description: "Grows by one with each change." }),
    createdAt: timestamp,
  },
  { title: "VerificationSession", ...about("customerId") },
);

const link = nullable(
  Type.String({
    format: "uri",
    description: "The private link for the person. Shown this once; a replay has null.",
  }),
);

/** A new session, with its link. */
export const issuedSessionSchema = object(
  { ...sessionSchema.properties, link },
  { title: "IssuedVerificationSession", ...about("customerId") },
);

/** A new customer, with the link by which it gives what is missing. */
export const createdCustomerSchema = object(
  {
    ...customerSchema.properties,
    verification: nullable(
      object(
        { sessionId: idText("Id of the verification session."), link, expiresAt: timestamp },
        { description: "The hosted way to give what is missing; null where nothing is." },
      ),
    ),
  },
  { title: "CreatedCustomer", ...about("id") },
);

/** What of a session is about its customer: an address to lead back to may say who that is. */
export const sessionFields = personalFieldsOf(sessionSchema);

type Shown = StaticOf<typeof sessionSchema>;

/** A session as it stands. */
export const showSession = (seen: SessionNow): Shown => show(seen.session, standingOf(seen));

/** A session as a move has left it, in an answer or an event: told is what was done. */
export function showMoved(session: VerificationSession): Shown {
  const { status } = session;
  const endedReason = status === "replaced" || status === "revoked" ? status : null;
  return show(session, { status, endedReason });
}

function show(session: VerificationSession, standing: ReturnType<typeof standingOf>): Shown {
  const {
    consent,
    status: _,
    expiresAt,
    startedAt,
    submittedAt,
    version,
    createdAt,
    ...same
  } = session;
  return {
    ...same,
    ...standing,
    expiresAt: expiresAt.toISOString(),
    startedAt: startedAt?.toISOString() ?? null,
    submittedAt: submittedAt?.toISOString() ?? null,
    consent: consent && { ...consent, at: consent.at.toISOString() },
    version: Number(version),
    createdAt: createdAt.toISOString(),
  };
}
