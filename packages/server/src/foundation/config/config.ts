import { isIPv4, isIPv6 } from "node:net";
import path from "node:path";
import type { LogLevel } from "../log/log.ts";

/**
 * Every setting of the server: one typed place, read once at start from the environment.
 * `docs/operating/configuration.md` is generated from this table.
 */
type Variable<T> = {
  readonly meaning: string;
  /** The default as a person reads it. */
  readonly otherwise: string;
  /** @throws Error with what is wrong with the text. */
  readonly read: (text: string | undefined) => T;
};

const variable = <T>(
  meaning: string,
  otherwise: string,
  read: (text: string | undefined) => T,
): Variable<T> => ({ meaning, otherwise, read });

const integer = (minimum: number, maximum: number, otherwise: number) => (text?: string) => {
  if (text === undefined) return otherwise;
  const value = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= minimum && value <= maximum)) {
    throw new Error(`must be a whole number from ${minimum} to ${maximum}`);
  }
  return value;
};

const word =
  <const W extends string>(words: readonly W[], otherwise: W) =>
  (text?: string): W => {
    const found = words.find((candidate) => candidate === (text ?? otherwise));
    if (found === undefined) throw new Error(`must be one of: ${words.join(", ")}`);
    return found;
  };

const postgresUrl = (text?: string): string | null => {
  if (text === undefined) return null;
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text)) {
    throw new Error("must look like postgres://user:password@host:5432/database");
  }
  return text;
};

const addresses = (text?: string): readonly string[] => {
  const given = (text ?? "").split(",").map((part) => part.trim());
  const named = given.filter((part) => part !== "");
  for (const range of named) {
    const [address = "", bits, ...more] = range.split("/");
    const longest = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1;
    const length = bits === undefined ? longest : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
    if (more.length > 0 || length < 0 || length > longest) {
      throw new Error("must be addresses or CIDR ranges such as 10.0.0.0/8, separated by commas");
    }
  }
  return named;
};

/** A bucket and what stands before every name in it. */
export type BucketPlace = { readonly bucket: string; readonly prefix: string };

const filesPlace = (text?: string): BucketPlace | null => {
  if (text === undefined || text === "directory") return null;
  const [, bucket, prefix] =
    /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:\/[A-Za-z0-9_-]+)*)\/?$/.exec(text) ?? [];
  if (bucket === undefined) throw new Error("must be directory or look like s3://bucket/prefix");
  return { bucket, prefix: (prefix ?? "").slice(1) };
};

const endpoint = (text?: string): string | null => {
  if (text === undefined) return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  const isPlain = url !== null && /^https?:$/.test(url.protocol) && url.pathname === "/";
  if (!isPlain || url.search !== "" || url.username !== "") {
    throw new Error("must look like https://s3.example.com, without a path");
  }
  return url.origin;
};

/** Where people or providers are reached: over TLS, or on this machine (a double in tests). */
const safeOrigin = (text: string, example: string): string => {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isNear = ["localhost", "127.0.0.1", "[::1]"].includes(url?.hostname ?? "");
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && isNear);
  if (url === null || !isSafe || url.href !== `${url.origin}/`) {
    throw new Error(`must look like ${example}, without a path`);
  }
  return url.origin;
};

// A cookie of a session is of the whole host: the pages are at its root.
const publicUrl = (text?: string): string | null =>
  text === undefined ? null : safeOrigin(text, "https://cards.example.com");

const service =
  (otherwise: string) =>
  (text: string = otherwise): string =>
    safeOrigin(text, "https://api.example.com");

const secrets = (text?: string): readonly string[] =>
  (text ?? "").split(",").flatMap((part) => (part.trim() === "" ? [] : [part.trim()]));

/** `individual.basic=name, business.advanced=name`: what a provider calls its own for each. */
const namesByLevel = (text?: string): Readonly<Record<string, string>> => {
  const pairs = secrets(text).map((pair) => {
    const [, key, name] =
      /^((?:individual|business)\.(?:minimum|basic|advanced)) ?= ?([^=\p{Cc}]{1,200})$/u.exec(
        pair,
      ) ?? [];
    if (key === undefined || name === undefined) {
      throw new Error("must look like individual.basic=name,business.basic=name");
    }
    return [key, name] as const;
  });
  return Object.fromEntries(pairs);
};

const levels: readonly LogLevel[] = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];

export const variables = {
  PORT: variable(
    "Port of the API. Taken by another program: an error that names it.",
    "8787, else the next free one",
    (text) => (text === undefined ? null : integer(0, 65_535, 0)(text)),
  ),
  HOST: variable("Address to listen on.", "127.0.0.1", (text) => text ?? "127.0.0.1"),
  DATABASE_URL: variable(
    "PostgreSQL 15 or later. Without it the embedded PostgreSQL is started.",
    "embedded",
    postgresUrl,
  ),
  DATABASE_MIGRATION_URL: variable(
    "Another login for migrations, where the first may not change the schema.",
    "DATABASE_URL",
    postgresUrl,
  ),
  CARDWRIGHT_PUBLIC_URL: variable(
    "Address of this server for people outside, which private links begin with: `https://cards.example.com`.",
    "the address it listens on",
    publicUrl,
  ),
  CARDWRIGHT_FOLDER: variable(
    "Where the embedded database, the key file and dev.json lie.",
    ".cardwright in the working directory",
    (text) => path.resolve(text ?? ".cardwright"),
  ),
  CARDWRIGHT_MODE: variable(
    "`live` allows live organizations and refuses to start on unsafe settings.",
    "sandbox",
    word(["sandbox", "live"], "sandbox"),
  ),
  CARDWRIGHT_KEYS: variable(
    "The vault's keys as JSON, instead of the key file.",
    "a key file in CARDWRIGHT_FOLDER",
    (text) => text ?? null,
  ),
  CARDWRIGHT_DOCUMENTS: variable(
    "Where documents lie, encrypted: `directory` (in CARDWRIGHT_FOLDER) or `s3://bucket/prefix`.",
    "directory",
    filesPlace,
  ),
  CARDWRIGHT_S3_ENDPOINT: variable(
    "Address of the S3-compatible store; the bucket goes into the path.",
    "Amazon's of the region",
    endpoint,
  ),
  CARDWRIGHT_S3_REGION: variable(
    "Region that requests to the store are signed for.",
    "us-east-1",
    (text) => text ?? "us-east-1",
  ),
  CARDWRIGHT_S3_ACCESS_KEY: variable(
    "Access key of the store; needed with a bucket.",
    "none",
    (text) => text ?? null,
  ),
  CARDWRIGHT_S3_SECRET_KEY: variable(
    "Secret key of the store; needed with a bucket.",
    "none",
    (text) => text ?? null,
  ),
  CARDWRIGHT_SUMSUB_URL: variable(
    "Address of Sumsub's API.",
    "https://api.sumsub.com",
    service("https://api.sumsub.com"),
  ),
  CARDWRIGHT_SUMSUB_APP_TOKEN: variable(
    "App token at Sumsub; needed for the provider sumsub.",
    "none",
    (text) => text ?? null,
  ),
  CARDWRIGHT_SUMSUB_SECRET_KEY: variable(
    "Secret key of the app token; needed with it.",
    "none",
    (text) => text ?? null,
  ),
  CARDWRIGHT_SUMSUB_WEBHOOK_SECRETS: variable(
    "Secrets of the webhooks of Sumsub, separated by commas: several while one replaces another.",
    "none: every webhook is refused",
    secrets,
  ),
  CARDWRIGHT_SUMSUB_LEVELS: variable(
    "Sumsub's level for each type and level of customer: `individual.basic=name,…`.",
    "none",
    namesByLevel,
  ),
  CARDWRIGHT_PERSONA_URL: variable(
    "Address of Persona's API.",
    "https://api.withpersona.com",
    service("https://api.withpersona.com"),
  ),
  CARDWRIGHT_PERSONA_API_KEY: variable(
    "API key at Persona; needed for the provider persona.",
    "none",
    (text) => text ?? null,
  ),
  CARDWRIGHT_PERSONA_WEBHOOK_SECRETS: variable(
    "Secrets of the webhooks of Persona, separated by commas: several while one replaces another.",
    "none: every webhook is refused",
    secrets,
  ),
  CARDWRIGHT_PERSONA_TEMPLATES: variable(
    "Persona's inquiry template for each type and level of customer: `individual.basic=itmpl_…,…`.",
    "none",
    namesByLevel,
  ),
  CARDWRIGHT_ALLOW_SOFTWARE_KEYS: variable(
    "`live` lets a live installation run without an HSM; shown in /readyz.",
    "not allowed",
    (text) => word(["live", "no"], "no")(text) === "live",
  ),
  CARDWRIGHT_MINIMUM_AGE: variable(
    "From which age on an individual can be a customer, in whole years, 6 to 25. Who is one already stays so; directors are 18 in any case.",
    "18",
    integer(6, 25, 18),
  ),
  CARDWRIGHT_FOUR_EYES: variable(
    "`on`: one person proposes to confirm or clear a hit of screening, another one decides.",
    "off",
    (text) => word(["on", "off"], "off")(text) === "on",
  ),
  CARDWRIGHT_LOG_LEVEL: variable("Lowest level of the log.", "info", word(levels, "info")),
  CARDWRIGHT_DATABASE_CONNECTIONS: variable(
    "Most connections to the database from this process.",
    "20",
    integer(4, 500, 20),
  ),
  CARDWRIGHT_RATE_LIMIT: variable(
    "Requests a minute and key.",
    "12000",
    integer(1, 100_000_000, 12_000),
  ),
  CARDWRIGHT_TRUSTED_PROXIES: variable(
    "Addresses or CIDR ranges of reverse proxies, separated by commas: of them alone X-Forwarded-For is believed, for allow-lists and the audit log.",
    "none",
    addresses,
  ),
  CARDWRIGHT_BODY_LIMIT: variable(
    "Largest request body, bytes. A batch of rows may have 4 MiB in any case.",
    "262144",
    integer(1_024, 16_777_216, 262_144),
  ),
  CARDWRIGHT_REQUEST_TIMEOUT_MS: variable(
    "Longest wait for a whole request to arrive, and for a caller to take more of a streamed answer, ms. A file that keeps coming has 40 times as long.",
    "15000",
    integer(100, 600_000, 15_000),
  ),
  CARDWRIGHT_STOP_TIMEOUT_MS: variable(
    "Longest drain when stopping, ms; then what still runs is cut.",
    "20000",
    integer(0, 600_000, 20_000),
  ),
  CARDWRIGHT_IDEMPOTENCY_DAYS: variable(
    "Days that answers to Idempotency-Keys are kept.",
    "7",
    integer(7, 365, 7),
  ),
} as const;

export type Config = {
  readonly [K in keyof typeof variables]: ReturnType<(typeof variables)[K]["read"]>;
};

/** A setting that cannot be used; the message names each variable and what to write instead. */
export class ConfigError extends Error {}

/**
 * Reads the settings.
 *
 * @throws ConfigError naming every bad variable at once; never with its value, which may be a
 *   secret.
 */
export function loadConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const mistakes: string[] = [];
  const values = Object.entries(variables).map(([name, { read }]) => {
    const text = environment[name];
    try {
      return [name, read(text === "" ? undefined : text)];
    } catch (error) {
      mistakes.push(`${name} ${(error as Error).message}.`);
      return [name, null];
    }
  });
  const unknown = Object.keys(environment).filter(
    (name) => name.startsWith("CARDWRIGHT_") && !(name in variables),
  );
  mistakes.push(...unknown.map((name) => `${name} is not a setting of Cardwright.`));
  if (mistakes.length > 0) throw new ConfigError(mistakes.join("\n"));
  return Object.fromEntries(values) as Config;
}

/** What an operator of a live installation should set and has not. */
export function settingsWarnings(
  config: Pick<Config, "CARDWRIGHT_MODE" | "CARDWRIGHT_PUBLIC_URL">,
): readonly string[] {
  if (config.CARDWRIGHT_MODE !== "live" || config.CARDWRIGHT_PUBLIC_URL !== null) return [];
  return ["CARDWRIGHT_PUBLIC_URL is not set: private links lead to the address it listens on."];
}
