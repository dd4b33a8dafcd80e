import type { FastifyInstance } from "fastify";
import { StartRefused } from "./safety.ts";

/** Where the API listens when nobody says otherwise. */
const USUAL_PORT = 8_787;
/** What the system says of an address that this user or this machine cannot have. */
const notOurs: ReadonlySet<string> = new Set([
  "EACCES",
  "EADDRNOTAVAIL",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EINVAL",
]);

/** How many ports after the usual one are tried. */
const TRIES = 100;

/**
 * Listens on the port that was asked for, or on the usual one, or the next free one after it.
 *
 * @returns the address for a person: `http://127.0.0.1:8787`.
 * @throws StartRefused when the port that was asked for is taken.
 */
export async function listen(
  app: FastifyInstance,
  host: string,
  port: number | null,
): Promise<string> {
  const last = port ?? USUAL_PORT + TRIES;
  for (let candidate = port ?? USUAL_PORT; ; candidate += 1) {
    try {
      await app.listen({ host, port: candidate });
      return addressOf(app);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EADDRINUSE" && candidate < last) continue;
      throw refused(code, host, candidate, error);
    }
  }
}

function refused(code: string | undefined, host: string, port: number, error: unknown): unknown {
  if (code === "EADDRINUSE") {
    return new StartRefused([
      {
        what: `Port ${port} on ${host} is taken by another program.`,
        remedy: "Stop that program, or choose another with PORT.",
      },
    ]);
  }
  if (code !== undefined && notOurs.has(code)) {
    return new StartRefused([
      {
        what: `This user cannot listen on ${host}, port ${port} (${code}).`,
        remedy: "Choose another with HOST and PORT.",
      },
    ]);
  }
  return error;
}

function addressOf(app: FastifyInstance): string {
  const address = app.server.address();
  if (address === null || typeof address === "string")
    throw new Error("The server has no address.");
  const isAny = address.address === "0.0.0.0" || address.address === "::";
  const name = isAny ? "127.0.0.1" : address.address;
  return `http://${name.includes(":") ? `[${name}]` : name}:${address.port}`;
}
