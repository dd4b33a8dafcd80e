import type { Provider } from "../model.ts";
import { ProviderFailure } from "./port.ts";

/** Failures in a row after which a provider is left alone. */
export const FAILURES = 5;
/** How long, ms; then one question is asked, and its answer decides. */
export const REST_MS = 30_000;

/** Spares a provider that is down, and us the waiting: what is due stays due. */
export type Breaker = {
  /** How much may be asked of it at the same time. */
  limitOf(provider: Provider, most: number): number;
  /** In how many seconds it may be asked again; 0 where it may be now. */
  restS(provider: Provider): number;
  /** It answered. */
  well(provider: Provider): void;
  /** It did not do it: only what would fail for everybody counts. */
  failed(provider: Provider, error: unknown): void;
};

/** @param nowMs a steady clock, ms. */
export function createBreaker(nowMs: () => number): Breaker {
  const states = new Map<Provider, { failures: number; restsUntilMs: number }>();
  return {
    limitOf: (provider, most) => {
      const state = states.get(provider);
      if (state === undefined || state.failures < FAILURES) return most;
      return nowMs() < state.restsUntilMs ? 0 : 1;
    },
    restS: (provider) => {
      const state = states.get(provider);
      if (state === undefined || state.failures < FAILURES) return 0;
      return Math.max(0, Math.ceil((state.restsUntilMs - nowMs()) / 1_000));
    },
    well: (provider) => void states.delete(provider),
    failed: (provider, error) => {
      if (!(error instanceof ProviderFailure && error.isDown)) return;
      const failures = (states.get(provider)?.failures ?? 0) + 1;
      states.set(provider, { failures, restsUntilMs: nowMs() + REST_MS });
    },
  };
}
