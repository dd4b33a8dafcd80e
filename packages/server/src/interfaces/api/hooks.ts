import type { FastifyInstance } from "fastify";
import { hearProvider } from "../../issuing/verifications/actions/hear.ts";
import { limiter } from "./access.ts";
import type { ApiContext } from "./context.ts";

/** Where providers send what they have to tell: signed, without an API key. */
export const hookPath = "/hooks/verification/{provider}";

/** Largest webhook, bytes. */
export const MAX_HOOK_BYTES = 1_048_576;

/** Adds the addresses of webhooks. Their bodies are taken as they came: signatures are over the bytes. */
export async function addHooks(app: FastifyInstance, context: ApiContext): Promise<void> {
  const onRequest = limiter(app, context, (request) => `hook ${request.ip}`);
  app.removeAllContentTypeParsers();
  const parseAs = { parseAs: "buffer", bodyLimit: MAX_HOOK_BYTES } as const;
  app.addContentTypeParser("*", parseAs, (_request, body, done) => done(null, body));
  app.post<{ Params: { provider: string } }>(
    hookPath.replace(/\{(\w+)\}/, ":$1"),
    { onRequest, bodyLimit: MAX_HOOK_BYTES },
    async ({ params, headers, body }) => {
      const { database, providers, clock } = context;
      const content = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
      const hook = { headers, body: content, now: clock.now() };
      await hearProvider(database, providers, params.provider, hook);
      return { status: "received" };
    },
  );
}
