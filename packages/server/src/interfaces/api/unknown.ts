import type { FastifyInstance, FastifyRequest } from "fastify";
import { generalErrors } from "../../foundation/errors/errors.ts";
import type { Route } from "../../foundation/route/route.ts";
import { answerRefusal } from "./failures.ts";
import { hookPath } from "./hooks.ts";
import { openPathNames } from "./open.ts";

/** Answers paths and methods that no route has: 404, 405 with Allow, 204 to OPTIONS. */
export function addUnknownPaths(app: FastifyInstance, routes: readonly Route[]): void {
  const paths = new Map<string, { pattern: RegExp; methods: Set<string> }>();
  const ours = routes.map(({ path, method }) => ({ path: `/v1${path}`, method }));
  const open = openPathNames.map((path) => ({ path, method: "GET" }));
  for (const { path, method } of [...ours, ...open, { path: hookPath, method: "POST" }]) {
    const pattern = new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`);
    const known = paths.get(pattern.source) ?? { pattern, methods: new Set(["OPTIONS"]) };
    paths.set(pattern.source, known);
    known.methods.add(method);
    if (method === "GET") known.methods.add("HEAD");
  }
  const methodsOf = (request: FastifyRequest): string[] => {
    const path = request.url.split("?")[0] ?? "";
    const found = [...paths.values()].filter(({ pattern }) => pattern.test(path));
    return [...new Set(found.flatMap(({ methods }) => [...methods]))].sort();
  };
  app.setNotFoundHandler((request, reply) => {
    const methods = methodsOf(request);
    if (methods.length === 0) {
      return answerRefusal(generalErrors.refusal("not_found"), request, reply);
    }
    reply.header("allow", methods.join(", "));
    if (request.method === "OPTIONS") return reply.code(204).send();
    return answerRefusal(generalErrors.refusal("method_not_allowed"), request, reply);
  });
}
