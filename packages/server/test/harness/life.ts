import type { Transaction } from "../../src/foundation/database/database.ts";
import { Refusal } from "../../src/foundation/errors/errors.ts";
import {
  type CardId,
  type HoldId,
  type OrganizationId,
  PLATFORM,
} from "../../src/foundation/ids/ids.ts";
import { jobs } from "../../src/interfaces/worker/jobs.ts";
import { type Settlement, settle } from "../../src/issuing/cards/actions/settle.ts";
import { person } from "../../src/issuing/cards/fixture.ts";
import { organizationNow } from "../../src/records/sequencer/actions.ts";
import {
  CUSTOMERS,
  type LifeOperation,
  type Of,
  type Outcome,
  programNames,
  programs,
} from "../model/life/terms.ts";
import { asOwner } from "./database.ts";
import { giveDocuments } from "./evidence.ts";
import { runAll } from "./jobs.ts";
import type { Call, CallAnswer, TestServer } from "./server.ts";
import { newId, workOf } from "./work.ts";

type Body = Readonly<Record<string, unknown>>;
type Sent = { readonly name?: string | undefined; readonly platform?: boolean };

/** One organization on a real server, asked for the operations of `LifeModel` by the model's names. */
export class LivedLife {
  server: TestServer;
  readonly organizationId: string;
  readonly #key: string;
  /** Ids of the server by names of the model, and the other way round. */
  readonly #ids = new Map<string, string>();
  readonly #names = new Map<string, string>();
  /** The last request that had a key of its own, to be sent again. */
  #keyed: { send: () => Promise<CallAnswer>; answer: CallAnswer } | null = null;
  #requests = 0;
  #customerId = "";
  #accessId = "";

  private constructor(server: TestServer, organizationId: string, key: string) {
    this.server = server;
    this.organizationId = organizationId;
    this.#key = key;
  }

  static async begin(server: TestServer): Promise<LivedLife> {
    const { id, apiKey } = await server.newOrganization();
    const life = new LivedLife(server, id, apiKey);
    for (const name of programNames) {
      const { model, validityMonths, renewalDays, timeZone } = programs[name];
      const { minimumTransfer, maximumBalance } = programs[name];
      const { issuance, topUp, replacement, monthly } = programs[name];
      const money = (amount: bigint | null) => (amount === null ? null : Number(amount));
      const answer = await server.call("POST", "/card-programs", {
        name,
        model,
        brand: "private",
        bin: "999900",
        panLength: 16,
        currency: "EUR",
        validityMonths,
        timeZone,
        minimumTransfer: Number(minimumTransfer),
        maximumBalance: money(maximumBalance),
        ...(renewalDays === null ? {} : { renewal: "automatic", renewalDays }),
        fees: {
          issuance: Number(issuance),
          topUp: Number(topUp),
          replacement: Number(replacement),
          monthly: Number(monthly),
        },
      });
      if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
      life.#learn(name, answer.body.id);
    }
    await life.#meetCustomer();
    return life;
  }

  /** The customer whose cards those of one program are. */
  async #meetCustomer(): Promise<void> {
    this.#customerId = (await this.call("POST", "/customers", person)).body.id;
    await giveDocuments(this.call, this.#customerId);
    await this.#asPlatform(`/customers/${this.#customerId}/approve`, {});
    await this.#grant();
  }

  async #grant(): Promise<Outcome> {
    const path = `/customers/${this.#customerId}/access-requests`;
    const answer = await this.call("POST", path, { product: "cards", typeId: this.id(CUSTOMERS) });
    this.#accessId = answer.body.id;
    return this.#asPlatform(`/access-requests/${this.#accessId}/grant`, {});
  }

  id(name: string): string {
    const id = this.#ids.get(name);
    if (id === undefined) throw new Error(`The server never made ${name}.`);
    return id;
  }

  /** The model's name of an id; undefined where it has none. */
  name(id: string): string | undefined {
    return this.#names.get(id);
  }

  get call(): Call {
    return this.server.callAs(this.#key);
  }

  #learn(name: string, id: string): void {
    this.#ids.set(name, id);
    this.#names.set(id, name);
  }

  /** @returns as the model: `done`, or the code of the refusal, behind it the conditions not met. */
  do(operation: LifeOperation): Promise<Outcome> {
    const verb = this.#verbs[operation.verb] as (operation: LifeOperation) => Promise<Outcome>;
    return verb(operation);
  }

  /** Sends the last keyed request once more. @returns what has changed in the answer; null: nothing. */
  async repeat(): Promise<string | null> {
    if (this.#keyed === null) return null;
    const { send, answer } = this.#keyed;
    const again = await send();
    const [before, after] = [answer, again].map(({ status, body }) =>
      JSON.stringify([status, body]),
    );
    return before === after ? null : `${before} and then ${after}`;
  }

  readonly #verbs: { readonly [V in LifeOperation["verb"]]: (op: Of<V>) => Promise<Outcome> } = {
    deposit: ({ amount, transfer }) =>
      this.#post("/simulations/deposits", this.#money(amount, { currency: "EUR" }), transfer),
    payout: ({ amount, transfer }) =>
      this.#asPlatform(
        `/organizations/${this.organizationId}/payouts`,
        this.#money(amount, { currency: "EUR" }),
        transfer,
      ),
    issue: (operation) => this.#issue(operation),
    topUp: ({ card, amount, transfer }) =>
      this.#post(`/cards/${this.id(card)}/top-up`, this.#money(amount), transfer),
    withdraw: ({ card, amount, transfer }) =>
      this.#post(`/cards/${this.id(card)}/withdraw`, this.#money(amount), transfer),
    delete: ({ card }) => this.#send("DELETE", `/cards/${this.id(card)}`),
    replace: ({ card, fresh }) =>
      this.#post(`/cards/${this.id(card)}/replace`, { reason: "lost" }, fresh),
    renew: ({ card }) => this.#post(`/cards/${this.id(card)}/renew`, {}),
    freeze: ({ card, owner, endsAt }) =>
      this.#post(`/cards/${this.id(card)}/freeze`, { requestedBy: owner, ...endOf(endsAt) }),
    unfreeze: ({ card, owner }) =>
      this.#post(`/cards/${this.id(card)}/unfreeze`, { requestedBy: owner }),
    block: ({ card, owner, endsAt }) =>
      this.#asPlatform(`/cards/${this.id(card)}/block`, {
        reason: "review",
        owner,
        ...endOf(endsAt),
      }),
    unblock: ({ card, owner }) => this.#asPlatform(`/cards/${this.id(card)}/unblock`, { owner }),
    revoke: () =>
      this.#asPlatform(`/access-requests/${this.#accessId}/revoke`, { reasons: ["moved away"] }),
    grant: () => this.#grant(),
    blockProgram: ({ program }) =>
      this.#asPlatform(`/card-programs/${this.id(program)}/block-cards`, {
        reason: "review",
        organizationId: this.organizationId,
      }),
    createBudget: ({ budget, parent }) =>
      this.#post(
        "/budgets",
        {
          name: budget,
          currency: "EUR",
          typeIds: [this.id("fleet"), this.id("pool")],
          ...(parent === null ? {} : { parentId: this.id(parent) }),
        },
        budget,
      ),
    fundBudget: ({ budget, amount, transfer }) =>
      this.#post(`/budgets/${this.id(budget)}/top-up`, this.#money(amount), transfer),
    drainBudget: ({ budget, amount, transfer }) =>
      this.#post(`/budgets/${this.id(budget)}/withdraw`, this.#money(amount), transfer),
    freezeBudget: ({ budget }) => this.#post(`/budgets/${this.id(budget)}/freeze`, {}),
    unfreezeBudget: ({ budget }) => this.#post(`/budgets/${this.id(budget)}/unfreeze`, {}),
    archiveBudget: ({ budget }) => this.#post(`/budgets/${this.id(budget)}/archive`, {}),
    setTopUp: ({ card, ...rule }) =>
      this.#send("PUT", `/cards/${this.id(card)}/auto-top-up`, termsOf(rule)),
    removeTopUp: ({ card }) => this.#send("DELETE", `/cards/${this.id(card)}/auto-top-up`),
    setRefill: ({ budget, ...rule }) =>
      this.#send("PUT", `/budgets/${this.id(budget)}/refill`, termsOf(rule)),
    removeRefill: ({ budget }) => this.#send("DELETE", `/budgets/${this.id(budget)}/refill`),
    batch: ({ batch, rows }) => {
      this.#pending.set(batch, rows);
      return this.#post("/cards/batches", { rows: rows.map((row) => this.#bodyOf(row)) }, batch);
    },
    cancelBatch: ({ batch }) => this.#post(`/cards/batches/${this.id(batch)}/cancel`, {}),
    reverse: ({ transfer, byPlatform }) => {
      const path = `/transfers/${this.id(transfer)}/reverse`;
      return byPlatform ? this.#asPlatform(path, {}) : this.#post(path, {});
    },
    reverseFee: ({ id }) => this.#asPlatform(`/transfers/${id}/reverse`, {}),
    waive: ({ at }) => this.#waive(at),
    suspend: () => this.#asPlatform(`/organizations/${this.organizationId}/suspend`, {}),
    activate: () => this.#asPlatform(`/organizations/${this.organizationId}/activate`, {}),
    hold: ({ card, hold, amount }) => {
      const holdId = newId("hold");
      this.#learn(hold, holdId);
      return this.#settle(card, { verb: "hold", holdId, amount, expiresAt: null }, hold);
    },
    release: ({ hold, amount }) =>
      this.#settle(null, { verb: "release", holdId: this.id(hold) as HoldId, amount }, hold),
    capture: ({ hold, amount, final }) => {
      const holdId = this.id(hold) as HoldId;
      return this.#settle(null, { verb: "capture", holdId, amount, final }, hold);
    },
    refund: ({ card, amount }) => this.#settle(card, { verb: "refund", amount }),
    force: ({ card, amount }) => this.#settle(card, { verb: "forcedDebit", amount }),
    advance: async ({ ms }) => {
      await asOwner(
        this.server.database.url,
        "update organization_clocks set offset_ms = offset_ms + $2 where organization_id = $1",
        [this.organizationId, ms],
      );
      return "done";
    },
    jobs: () => this.#runJobs(),
    restart: async () => {
      this.server = await this.server.restart();
      return "done";
    },
  };

  #money(amount: bigint, more: Body = {}): Body {
    return { amount: Number(amount), ...more };
  }

  #post(path: string, body: Body, name?: string): Promise<Outcome> {
    return this.#send("POST", path, body, { name });
  }

  #asPlatform(path: string, body: Body, name?: string): Promise<Outcome> {
    return this.#send("POST", path, body, { name, platform: true });
  }

  /** Every third request has an idempotency key; what it makes gets the name. */
  async #send(
    method: string,
    path: string,
    body?: Body,
    { name, platform = false }: Sent = {},
  ): Promise<Outcome> {
    this.#requests += 1;
    const keyed = this.#requests % 3 === 0;
    const options = keyed ? { idempotencyKey: `${this.organizationId}-${this.#requests}` } : {};
    const send = () => (platform ? this.server.call : this.call)(method, path, body, options);
    const answer = await send();
    if (keyed) this.#keyed = { send, answer };
    const outcome = outcomeOf(answer);
    if (outcome === "done" && name !== undefined) this.#learn(name, answer.body.id);
    return outcome;
  }

  #bodyOf({ program, amount, budget }: Of<"issue">): Body {
    const money =
      budget === null ? { initialBalance: Number(amount) } : { budgetId: this.id(budget) };
    const { firstName, lastName } = person;
    const names =
      program === CUSTOMERS ? { customerId: this.#customerId } : { firstName, lastName };
    return { typeId: this.id(program), ...names, ...money };
  }

  async #issue(operation: Of<"issue">): Promise<Outcome> {
    const outcome = await this.#post("/cards", this.#bodyOf(operation), operation.card);
    if (outcome === "done") await this.#learnTransfer(operation);
    return outcome;
  }

  /** The transfer that an issue came with. */
  async #learnTransfer({ card, amount, transfer }: Of<"issue">): Promise<void> {
    if (amount === 0n) return;
    const path = `/transfers?cardId=${this.id(card)}&kind=card_top_up&limit=100`;
    this.#learn(transfer, (await this.call("GET", path)).body.data.at(-1).id);
  }

  /** What the batches ask for that were not worked off when this was looked at last. */
  readonly #pending = new Map<string, readonly Of<"issue">[]>();

  async #rowsOf(batch: string): Promise<readonly RowShown[]> {
    const path = `/cards/batches/${this.id(batch)}/rows?limit=100`;
    return (await this.call("GET", path)).body.data;
  }

  /** What became of the rows of a batch, as the model says it. */
  async outcomesOf(batch: string): Promise<(Outcome | null)[]> {
    return (await this.#rowsOf(batch)).map(({ status, errors }) => {
      if (status === "pending" || status === "cancelled")
        return status === "pending" ? null : status;
      return status === "issued" ? "done" : notIssuable(errors);
    });
  }

  /** Learns the cards of the rows that were issued meanwhile. */
  async #learnRows(): Promise<void> {
    for (const [batch, rows] of this.#pending) {
      for (const { row, cardId } of await this.#rowsOf(batch)) {
        const asked = rows[row - 1];
        if (cardId === null || asked === undefined) continue;
        this.#learn(asked.card, cardId);
        await this.#learnTransfer(asked);
      }
    }
    this.#pending.clear();
  }

  async #waive(at: number): Promise<Outcome> {
    const [due] = await this.query<{ id: string }>(
      `select id from due_fees where organization_id = $1 and status = 'due'
       order by due_at, id limit 1 offset ${at}`,
    );
    return this.#asPlatform(`/due-fees/${due?.id}/waive`, { reason: "goodwill" });
  }

  /** The last fees that were paid, newest first. */
  async lastFees(): Promise<{ id: string; amount: number; status: string }[]> {
    return (await this.call("GET", "/transfers?kind=fee&limit=12")).body.data;
  }

  async #settle(card: string | null, step: Settlement, hold?: string): Promise<Outcome> {
    const { database, context } = this.server;
    const owner = this.organizationId as OrganizationId;
    if (card !== null && hold !== undefined) this.#cardOfHold.set(hold, card);
    const name = card ?? this.#cardOfHold.get(hold ?? "") ?? "";
    try {
      await database.app.transaction(async (sql: Transaction) => {
        const now = await organizationNow(sql, owner);
        await settle({ ...workOf(sql, owner, context.keys), now }, this.id(name) as CardId, step);
      });
      return "done";
    } catch (error) {
      if (error instanceof Refusal) return error.code;
      throw error;
    }
  }

  readonly #cardOfHold = new Map<string, string>();

  /** Everything that is due, until nothing is. */
  async #runJobs(): Promise<Outcome> {
    for (;;) {
      let done = 0;
      for (const job of jobs) {
        done += await runAll(this.server, job, this.organizationId);
        done += await runAll(this.server, job, PLATFORM);
      }
      if (done === 0) break;
    }
    await this.#learnRows();
    return "done";
  }

  /** Looks into the database; `$1` is the organization. */
  query<R extends object>(text: string): Promise<R[]> {
    return this.server.database.app.query<R>({ name: undefined, text }, [this.organizationId]);
  }
}

type RowShown = {
  readonly row: number;
  readonly status: "pending" | "issued" | "failed" | "cancelled";
  readonly cardId: string | null;
  readonly errors: readonly { readonly code: string }[];
};

const notIssuable = (errors: RowShown["errors"]): Outcome =>
  `card_not_issuable: ${errors.map(({ code }) => code).join(", ")}`;

type Terms = Pick<Of<"setTopUp">, "threshold" | "amount" | "cap">;

const termsOf = ({ threshold, amount, cap }: Terms): Body => ({
  threshold: Number(threshold),
  amount: Number(amount),
  ...(cap === null ? {} : { monthlyCap: Number(cap) }),
});

const endOf = (endsAt: number | null | undefined): Body => {
  if (endsAt === undefined) return {};
  return { endsAt: endsAt === null ? null : new Date(endsAt).toISOString() };
};

function outcomeOf({ status, body }: CallAnswer): Outcome {
  if (status < 300) return "done";
  const { code, errors } = body;
  if (!/^card_not_(issuable|replaceable|renewable)$/.test(code)) return code;
  return `${code}: ${errors.map((each: { code: string }) => each.code).join(", ")}`;
}
