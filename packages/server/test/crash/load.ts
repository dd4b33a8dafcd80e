import { Agent, request } from "node:http";
import type { DevFacts } from "../harness/process.ts";
import type { Dice } from "../harness/proof.ts";

/** An answer as it came over the wire. */
export type Answer = { readonly status: number; readonly body: string; readonly replayed: boolean };

/** One request that must have its effect once, whatever happens in between. */
export type Operation = {
  readonly key: string;
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** What it does to its card's balance when it is done. */
  readonly effect: { readonly card: string | null; readonly amount: number };
  answer: Answer | null;
};

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** Sends one request. @throws Error when no whole answer arrives. */
export function send(
  facts: DevFacts,
  method: string,
  path: string,
  body?: unknown,
  key?: string,
): Promise<Answer> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers: Record<string, string> = { authorization: `Bearer ${facts.apiKey}` };
  if (text !== undefined) headers["content-type"] = "application/json";
  if (key !== undefined) headers["idempotency-key"] = key;
  return new Promise((resolve, reject) => {
    const call = request(
      `${facts.url}/v1/${path}`,
      { method, agent, headers, timeout: 20_000 },
      (response) => {
        let received = "";
        response.setEncoding("utf8");
        response.on("data", (part: string) => {
          received += part;
        });
        response.on("error", reject);
        response.on("end", () =>
          response.complete
            ? resolve({
                status: response.statusCode ?? 0,
                body: received,
                replayed: response.headers["idempotency-replayed"] === "true",
              })
            : reject(new Error("The answer was cut.")),
        );
      },
    );
    call.on("timeout", () => call.destroy(new Error("No answer.")));
    call.on("error", reject);
    call.end(text);
  });
}

/** Deals the next operation: mostly funds, sometimes a new card. */
export function dealOperation(dice: Dice, cards: readonly string[], type: string): Operation {
  const key = `op-${dice.roll(2 ** 31)}-${dice.roll(2 ** 31)}`;
  if (dice.chance(0.15)) {
    const initialBalance = 100 + dice.roll(900);
    const body = { typeId: type, firstName: "Ada", lastName: "Example", initialBalance };
    return {
      key,
      path: "cards",
      body,
      effect: { card: null, amount: initialBalance },
      answer: null,
    };
  }
  const card = dice.pick(cards);
  const amount = 1 + dice.roll(500);
  const up = dice.chance(0.6);
  return {
    key,
    path: `cards/${card}/${up ? "top-up" : "withdraw"}`,
    body: { amount },
    effect: { card, amount: up ? amount : -amount },
    answer: null,
  };
}

/** Whether an answer is final: done, or refused by a business rule. 5xx means: ask again. */
export const isFinal = (answer: Answer): boolean => answer.status < 500 && answer.status !== 429;

/** Runs workers that deal and send until `stopped`, each ending at its first lost answer. */
export async function runLoad(
  facts: DevFacts,
  workers: number,
  deal: () => Operation,
  stopped: () => boolean,
): Promise<Operation[]> {
  const operations: Operation[] = [];
  const work = async (): Promise<void> => {
    while (!stopped()) {
      const operation = deal();
      operations.push(operation);
      const answer = await send(facts, "POST", operation.path, operation.body, operation.key).catch(
        () => null,
      );
      if (answer === null) return;
      if (isFinal(answer)) operation.answer = answer;
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  return operations;
}
