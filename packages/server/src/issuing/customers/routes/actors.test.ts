import assert from "node:assert/strict";
import test from "node:test";
import { giveDocuments } from "../../../../test/harness/evidence.ts";
import { runDue } from "../../../../test/harness/jobs.ts";
import { type Call, startTestServer } from "../../../../test/harness/server.ts";
import { scopes } from "../../../records/access/model.ts";
import { accessJobs } from "../../cards/jobs/access.ts";
import { programBody } from "../../programs/fixture.ts";
import { type VerificationLevel, verificationLevels } from "../../programs/model.ts";
import { person } from "../fixture.ts";
import { passesByItself } from "../model/levels.ts";
import { CONSENT_VERSION } from "../model/sessions.ts";
import {
  type AccessStatus,
  type AccessVerdict,
  accessLifecycle,
  accessVerdicts,
  type CustomerMove,
  type CustomerStatus,
  customerLifecycle,
  movers,
} from "../model.ts";
import { ACCESS_RULE } from "../rules/access.ts";

/** Each move of customers and of access requests, by each actor, from each status: what the tables say. */
const server = await startTestServer();
const mine = await server.newOrganization();
const other = await server.newOrganization();

const without = async (scope: string, organizationId: string | null): Promise<Call> => {
  const rest = Object.keys(scopes).filter((name) => name !== scope);
  return server.callAs(await server.newKey(organizationId, rest));
};

/** What an actor is, to the tables that say who moves what. */
const actors = {
  organization: { is: "organization", call: mine.call, refusal: null },
  "organization without customers:write": {
    is: "organization",
    call: await without("customers:write", mine.id),
    refusal: "403 scope_missing",
  },
  "another organization": { is: "organization", call: other.call, refusal: "404 not_found" },
  platform: { is: "platform", call: server.call, refusal: null },
  "platform without customers:review": {
    is: "platform",
    call: await without("customers:review", null),
    refusal: "403 scope_missing",
  },
  nobody: { is: "nobody", call: server.callAs("cw_sandbox_none"), refusal: "401 unauthenticated" },
} as const satisfies Record<
  string,
  { is: "organization" | "platform" | "nobody"; call: Call; refusal: string | null }
>;
type Actor = keyof typeof actors;
const actorNames = Object.keys(actors) as Actor[];

type Answer = Awaited<ReturnType<Call>>;
const codeOf = ({ status, body }: Answer) => `${status} ${body.code ?? body.status}`;

const made = (answer: Answer) => {
  assert.ok(answer.status < 300, JSON.stringify(answer.body));
  return answer.body;
};

const read = async (id: string) => made(await mine.call("GET", `/customers/${id}`));
const movesOf = async (id: string) => {
  const { data } = made(await mine.call("GET", `/customers/${id}/status-history`));
  return data as { move: string; from: string | null; to: string; actor: { kind: string } }[];
};

const reasons = ["The document cannot be read."];
const documents = {
  minimum: [],
  basic: ["passport"],
  advanced: ["passport", "proof_of_address", "selfie"],
} as const;

async function create(level: VerificationLevel, body: object = {}): Promise<string> {
  const whole = { type: "individual", level, ...person, ...body };
  const { id } = made(await mine.call("POST", "/customers", whole));
  await giveDocuments(mine.call, id, documents[level]);
  return id;
}

/** What a mover sends for each move; the organization's are what a change leads to. */
const change = { method: "PATCH", path: "", body: { lastName: "Sample" } };
const verb = (path: string, body: object = {}) => ({ method: "POST", path: `/${path}`, body });
const requests: Readonly<Record<CustomerMove, { method: string; path: string; body?: object }>> = {
  complete: change,
  pass: change,
  requestUpdate: change,
  resubmit: change,
  approve: verb("approve"),
  reject: verb("reject", { reasons }),
  requestInformation: verb("request-information", { reasons, fields: ["lastName"] }),
  hold: verb("hold", { reason: "investigation" }),
  release: verb("release"),
  delete: { method: "DELETE", path: "" },
};
const moves = Object.keys(customerLifecycle.moves) as CustomerMove[];
const isChange = (move: CustomerMove) => requests[move] === change;

const send = (id: string, move: CustomerMove, call: Call) => {
  const { method, path, body } = requests[move];
  return call(method, `/customers/${id}${path}`, body);
};
const decide = async (id: string, move: CustomerMove) => made(await send(id, move, server.call));

/** How a customer of a level gets into each status: by moves that are tested here themselves. */
const ways: Readonly<Record<CustomerStatus, (level: VerificationLevel) => Promise<string>>> = {
  needs_information: (level) => create(level, { lastName: null }),
  active: async (level) => {
    const id = await create(level);
    if (!passesByItself[level]) await decide(id, "approve");
    return id;
  },
  pending: async (level) => {
    const id = await create(level);
    if (!passesByItself[level]) return id;
    await decide(id, "requestInformation");
    made(await mine.call("PATCH", `/customers/${id}`, { lastName: person.lastName }));
    return id;
  },
  update_requested: async (level) => {
    const id = await ways.active(level);
    made(await mine.call("PATCH", `/customers/${id}`, { nationality: "FRA" }));
    return id;
  },
  rejected: async (level) => {
    const id = await ways.pending(level);
    await decide(id, "reject");
    return id;
  },
  on_hold: async (level) => {
    const id = await ways.pending(level);
    await decide(id, "hold");
    return id;
  },
  deleted: async (level) => {
    const id = await create(level);
    made(await mine.call("DELETE", `/customers/${id}`));
    return id;
  },
};

for (const level of verificationLevels) {
  for (const status of customerLifecycle.states) {
    test(`a customer of level ${level} gets to ${status}`, async () => {
      assert.equal((await read(await ways[status](level))).status, status);
    });
  }
}

/** The move that a change leads to from a status: of completing, the one of the level. */
const changeMoves = moves.filter(isChange);
const moveOfChange = (from: CustomerStatus, level: VerificationLevel): CustomerMove | undefined => {
  const completing = passesByItself[level] ? "complete" : "pass";
  return changeMoves.find(
    (move) => move !== completing && isFrom(customerLifecycle.moves[move].from, from),
  );
};
const isFrom = (from: readonly string[], status: string) => from.includes(status);

/** Where a move leads: a hold of these tests lies on pending. */
const targetOf = (move: CustomerMove): string => {
  const { to } = customerLifecycle.moves[move];
  return to === "previous" ? "pending" : to;
};

/** The move that is made, and the answer; as the tables have it. */
function expected(
  move: CustomerMove,
  actor: Actor,
  from: CustomerStatus,
  level: VerificationLevel,
) {
  const { is, refusal } = actors[actor];
  const nothing = (answer: string) => ({ moved: null, answer });
  if (is === "nobody") return nothing("401 unauthenticated");
  if (is !== movers[move]) return nothing("403 key_of_wrong_audience");
  if (refusal !== null) return nothing(refusal);
  if (from === "deleted") return nothing("409 customer_deleted");
  if (isChange(move)) {
    const moved = moveOfChange(from, level);
    if (moved === undefined) return nothing(`200 ${from}`);
    return { moved, answer: `200 ${targetOf(moved)}` };
  }
  const allowed = isFrom(customerLifecycle.moves[move].from, from);
  if (!allowed) return nothing("409 customer_move_not_allowed");
  return { moved: move, answer: `200 ${targetOf(move)}` };
}

/** A change that was sent once needs no second time: it stands for the moves that it leads to. */
const sent = moves.filter((move) => !isChange(move) || move === "complete");
const nameOf = (move: CustomerMove) => (isChange(move) ? "a change" : move);

for (const level of verificationLevels) {
  for (const move of sent) {
    // Who may not move a customer may not at any level: the first stands for all.
    const may = (actor: Actor) => actors[actor].is === movers[move] && !actors[actor].refusal;
    for (const actor of actorNames.filter((one) => level === "minimum" || may(one))) {
      test(`${nameOf(move)} by ${actor} at level ${level}: each status answers as the life cycle has it`, async () => {
        for (const from of customerLifecycle.states) {
          const { moved, answer } = expected(move, actor, from, level);
          const id = await ways[from](level);
          const [before, lines] = [await read(id), await movesOf(id)];
          const got = codeOf(await send(id, move, actors[actor].call));
          assert.equal(got, answer, from);
          const [line, ...rest] = await movesOf(id);
          if (moved !== null) {
            assert.deepEqual([line?.move, line?.from, line?.to], [moved, from, targetOf(moved)]);
            assert.equal(line?.actor.kind, "key");
            assert.deepEqual(rest, lines);
          } else {
            assert.deepEqual([line, ...rest], lines, `${from}: no move is kept`);
          }
          const after = await read(id);
          if (!answer.startsWith("200")) assert.deepEqual(after, before, from);
        }
      });
    }
  }
}

test("each move of the table is made by somebody in these tests", () => {
  const made = new Set<string | null>();
  for (const level of verificationLevels)
    for (const move of sent)
      for (const actor of actorNames)
        for (const from of customerLifecycle.states)
          made.add(expected(move, actor, from, level).moved);
  assert.deepEqual(
    moves.filter((move) => !made.has(move)),
    [],
  );
});

/** What a wish decides in a sandbox, and its move. */
const wishes = {
  approved: "approve",
  rejected: "reject",
  needs_information: "requestInformation",
} as const;
const inReview = customerLifecycle.moves.approve.from as readonly string[];

for (const [outcome, move] of Object.entries(wishes)) {
  test(`a wish for ${outcome} makes the move ${move} of who is in review, and no other`, async () => {
    for (const from of customerLifecycle.states) {
      const id = await ways[from]("basic");
      const lines = await movesOf(id);
      const wish = { customerId: id, outcome, reasons };
      const answer = await mine.call("POST", "/simulations/verifications", wish);
      if (inReview.includes(from)) {
        assert.equal(answer.status, 201, JSON.stringify(answer.body));
        const [line] = await movesOf(id);
        assert.deepEqual([line?.move, line?.from, line?.to], [move, from, targetOf(move)]);
      } else {
        // The hold of these tests lies on a review, which goes on once it is released.
        const held = from === "on_hold";
        const code = held ? "customer_move_not_allowed" : "customer_not_in_review";
        assert.equal(codeOf(answer), `409 ${code}`, from);
        assert.deepEqual(await movesOf(id), lines, from);
      }
    }
    const wish = { customerId: await ways.pending("basic"), outcome };
    const answers = [server.call, actors.nobody.call, other.call].map((call) =>
      call("POST", "/simulations/verifications", wish),
    );
    assert.deepEqual((await Promise.all(answers)).map(codeOf), [
      "403 key_of_wrong_audience",
      "401 unauthenticated",
      "422 customer_not_found",
    ]);
  });
}

/** A person's session, by the link that it was given. */
const hosted = async (method: string, path: string, body: object, bearer = "none") => {
  const response = await fetch(`${server.url}/hosted/verification/${path}`, {
    method,
    headers: {
      origin: server.url,
      "sec-fetch-site": "same-origin",
      "content-type": "application/json",
      authorization: `Bearer ${bearer}`,
    },
    body: JSON.stringify(body),
  });
  // biome-ignore lint/suspicious/noExplicitAny: the answer of whatever address was asked.
  const answer = (await response.json()) as any;
  assert.ok(response.ok, JSON.stringify(answer));
  return answer;
};

async function submit(link: string): Promise<void> {
  const secret = new URL(link).hash.slice(1);
  const { bearer, session } = await hosted("POST", "exchange", { secret });
  const asked = new Set(session.wanted.fields.map((field: string) => field.split(".")[0]));
  const given = Object.entries({ ...person, lastName: "Sample" });
  const details = Object.fromEntries(given.filter(([field]) => asked.has(field)));
  await hosted("PUT", "details", details, bearer);
  await hosted("POST", "submit", { consent: { version: CONSENT_VERSION, language: "en" } }, bearer);
}

for (const level of verificationLevels) {
  test(`a person's session makes the moves of completing at level ${level}, and no other`, async () => {
    for (const from of customerLifecycle.states) {
      const id = await ways[from](level);
      const lines = await movesOf(id);
      const answer = await mine.call("POST", `/customers/${id}/verification-sessions`, {});
      const move = moveOfChange(from, level);
      if (move === undefined || move === "requestUpdate") {
        const code = from === "deleted" ? "customer_deleted" : "verification_not_needed";
        assert.equal(codeOf(answer), `409 ${code}`, from);
        assert.deepEqual(await movesOf(id), lines, from);
        continue;
      }
      await submit(made(answer).link);
      const [line, ...rest] = await movesOf(id);
      assert.deepEqual([line?.move, line?.from, line?.to], [move, from, targetOf(move)]);
      assert.equal(line?.actor.kind, "session");
      assert.deepEqual(rest, lines);
    }
  });
}

const typeId = made(
  await server.call("POST", "/card-programs", {
    ...programBody,
    requiresCustomer: true,
    requiresAccess: true,
  }),
).id;

const decideAccess = (id: string, move: AccessVerdict, call: Call) =>
  call("POST", `/access-requests/${id}/${move}`, move === "grant" ? {} : { reasons });

const ask = async (program: string, customer: string) =>
  made(await mine.call("POST", `/customers/${customer}/access-requests`, { typeId: program }));

const accessWays: Readonly<Record<AccessStatus, (program?: string) => Promise<string>>> = {
  requested: async (program = typeId) => (await ask(program, await create("basic"))).id,
  granted: async (program) => {
    const id = await accessWays.requested(program);
    made(await decideAccess(id, "grant", server.call));
    return id;
  },
  rejected: async (program) => {
    const id = await accessWays.requested(program);
    made(await decideAccess(id, "reject", server.call));
    return id;
  },
  revoked: async (program) => {
    const id = await accessWays.granted(program);
    made(await decideAccess(id, "revoke", server.call));
    return id;
  },
  ended: async (program) => {
    const id = await accessWays.granted(program);
    const { customerId } = await readAccess(id);
    made(await mine.call("DELETE", `/customers/${customerId}`));
    return id;
  },
};
const readAccess = async (id: string) => made(await mine.call("GET", `/access-requests/${id}`));

const accessActors: Readonly<Record<string, { call: Call; refusal: string | null }>> = {
  organization: { call: mine.call, refusal: "403 key_of_wrong_audience" },
  "another organization": { call: other.call, refusal: "403 key_of_wrong_audience" },
  platform: { call: server.call, refusal: null },
  "platform without access:review": {
    call: await without("access:review", null),
    refusal: "403 scope_missing",
  },
  nobody: { call: actors.nobody.call, refusal: "401 unauthenticated" },
};

for (const move of accessVerdicts) {
  const { from, to } = accessLifecycle.moves[move];
  for (const [actor, { call, refusal }] of Object.entries(accessActors)) {
    test(`${move} of access by ${actor}: each status answers as the life cycle has it`, async () => {
      for (const status of accessLifecycle.states) {
        const id = await accessWays[status]();
        const before = await readAccess(id);
        const over = status === "ended" && move === "grant";
        const not = over ? "409 customer_deleted" : "409 access_move_not_allowed";
        const allowed = isFrom(from, status) ? `200 ${to}` : not;
        const answer = await decideAccess(id, move, call);
        assert.equal(codeOf(answer), refusal ?? allowed, status);
        if (answer.status !== 200) assert.deepEqual(await readAccess(id), before, status);
        else assert.equal((await readAccess(id)).decidedBy.kind, "key");
      }
    });
  }
}

test("the rule of a program grants what is requested, as the system, and moves nothing else", async () => {
  const [job] = accessJobs;
  assert.ok(job);
  const program = made(
    await server.call("POST", "/card-programs", {
      ...programBody,
      requiresCustomer: true,
      requiresAccess: true,
    }),
  ).id;
  const ids: Partial<Record<AccessStatus, string>> = {};
  for (const status of accessLifecycle.states) ids[status] = await accessWays[status](program);
  const requested = await readAccess(ids.requested ?? "");
  made(await server.call("POST", `/customers/${requested.customerId}/approve`, {}));
  const before = await Promise.all(Object.values(ids).map(readAccess));
  const rule = { accessGrant: "automatic", accessRule: { minimumLevel: "basic" } };
  made(await server.call("PATCH", `/card-programs/${program}`, rule));
  await runDue(server, job);
  for (const was of before) {
    const is = await readAccess(was.id);
    if (was.status !== "requested") assert.deepEqual(is, was);
    else
      assert.deepEqual([is.status, is.decidedBy], ["granted", { kind: "system", id: ACCESS_RULE }]);
  }
});
