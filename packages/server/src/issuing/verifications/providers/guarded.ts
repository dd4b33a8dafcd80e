import type { Breaker } from "./breaker.ts";
import type { Providers } from "./open.ts";
import { type OutsideProvider, ProviderFailure } from "./port.ts";

/** Most links that one process asks of one provider at the same time: each has a caller who waits. */
export const LINKS_TOGETHER = 32;

/**
 * Providers as requests ask them for links: through the breaker that deliveries go by. While a provider is left
 * alone it is not asked, and whoever wants a link is told when to come back; what a link meets counts for both.
 */
export const guarded = (providers: Providers, breaker: Breaker): Providers =>
  new Map([...providers].map(([name, one]) => [name, guarding(one, breaker)]));

function guarding(provider: OutsideProvider, breaker: Breaker): OutsideProvider {
  const { name } = provider;
  let asking = 0;
  return {
    ...provider,
    link: async (about) => {
      if (asking >= breaker.limitOf(name, LINKS_TOGETHER)) {
        const retryAfterS = Math.max(1, breaker.restS(name));
        throw new ProviderFailure("The provider is left alone for a moment.", { retryAfterS });
      }
      asking += 1;
      try {
        const link = await provider.link(about);
        breaker.well(name);
        return link;
      } catch (error) {
        breaker.failed(name, error);
        throw error;
      } finally {
        asking -= 1;
      }
    },
  };
}
