import { total } from "../../../foundation/money/money.ts";
import type { IssueRequest, Price } from "../model.ts";

/** What of a program a price depends on. */
export type Priced = {
  readonly model: "card" | "budgetCard";
  readonly currency: string;
  readonly fees: { readonly issuance: bigint };
};

/**
 * What issuing costs the organization: the fee always, and for a card the balance it starts with. A
 * balance that is missing or does not belong there has no line; it is an unmet condition.
 */
export function priceOf(program: Priced, request: Pick<IssueRequest, "initialBalance">): Price {
  const fee = { kind: "issuance_fee", amount: program.fees.issuance } as const;
  const balance =
    program.model === "card" && request.initialBalance !== undefined
      ? [{ kind: "initial_balance", amount: request.initialBalance } as const]
      : [];
  const lines = [fee, ...balance];
  return { currency: program.currency, lines, total: total(lines.map(({ amount }) => amount)) };
}

/** The sum of prices, one for each currency, in the order of their codes; each kind has one line. */
export function sumPrices(prices: readonly Price[]): Price[] {
  const currencies = [...new Set(prices.map(({ currency }) => currency))].sort();
  return currencies.map((currency) => {
    const lines = prices
      .filter((price) => price.currency === currency)
      .flatMap((each) => each.lines);
    const kinds = ["issuance_fee", "initial_balance"] as const;
    const sums = kinds.flatMap((kind) => {
      const own = lines.filter((line) => line.kind === kind);
      return own.length === 0 ? [] : [{ kind, amount: total(own.map(({ amount }) => amount)) }];
    });
    return { currency, lines: sums, total: total(sums.map(({ amount }) => amount)) };
  });
}
