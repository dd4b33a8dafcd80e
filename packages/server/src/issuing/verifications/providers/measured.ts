import type { Provider } from "../model.ts";
import type { Providers } from "./open.ts";
import { type OutsideProvider, ProviderFailure } from "./port.ts";

/** How an asking ended: `done`, `refused` (it would not do this one), `down` (it would fail for everybody). */
export type AskResult = "done" | "refused" | "down";

/** Counts what is asked of providers; webhooks are not. */
export function measured(
  providers: Providers,
  count: (provider: Provider, result: AskResult) => void,
): Providers {
  return new Map([...providers].map(([name, one]) => [name, counting(one, count)]));
}

function counting(
  provider: OutsideProvider,
  count: (provider: Provider, result: AskResult) => void,
): OutsideProvider {
  const counted = async <T>(asked: Promise<T>): Promise<T> => {
    try {
      const answer = await asked;
      count(provider.name, "done");
      return answer;
    } catch (error) {
      const isDown = error instanceof ProviderFailure && error.isDown;
      count(provider.name, isDown ? "down" : "refused");
      throw error;
    }
  };
  return {
    ...provider,
    submit: (applicant) => counted(provider.submit(applicant)),
    fetch: (reference) => counted(provider.fetch(reference)),
    link: (about) => counted(provider.link(about)),
  };
}
