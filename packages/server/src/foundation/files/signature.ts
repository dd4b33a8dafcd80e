import { createHash, createHmac } from "node:crypto";

/** Who signs, for which region. */
export type Credentials = {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly region: string;
};

/** A request as far as its signature covers it. */
export type Signable = {
  readonly method: string;
  readonly url: URL;
  /** Lower-case names; all of them are signed. */
  readonly headers: Readonly<Record<string, string>>;
  /** Lower-case hexadecimal SHA-256 of the body. */
  readonly bodyHash: string;
};

export const sha256 = (data: string | Uint8Array): string =>
  createHash("sha256").update(data).digest("hex");

const hmac = (key: string | Uint8Array, data: string): Buffer =>
  createHmac("sha256", key).update(data).digest();

/**
 * The headers that make a request to S3 authentic: AWS Signature Version 4, in a header, with the hash of
 * the body (Amazon S3 API Reference, "Authenticating Requests").
 *
 * @param now of the real clock; stores refuse what is more than 15 minutes off.
 */
export function signed(
  { method, url, headers, bodyHash }: Signable,
  { accessKey, secretKey, region }: Credentials,
  now: Date,
): Record<string, string> {
  const time = now.toISOString().replace(/[-:]|\.\d{3}/g, "");
  const day = time.slice(0, 8);
  const all: Record<string, string> = {
    ...headers,
    host: url.host,
    "x-amz-content-sha256": bodyHash,
    "x-amz-date": time,
  };
  const names = Object.keys(all).sort();
  const signedHeaders = names.join(";");
  const canonical = [
    method,
    url.pathname.split("/").map(decoded).map(encoded).join("/"),
    queryOf(url),
    ...names.map((name) => `${name}:${(all[name] ?? "").trim().replace(/ +/g, " ")}`),
    "",
    signedHeaders,
    bodyHash,
  ].join("\n");
  const scope = `${day}/${region}/s3/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", time, scope, sha256(canonical)].join("\n");
  const key = [region, "s3", "aws4_request"].reduce(hmac, hmac(`AWS4${secretKey}`, day));
  const signature = hmac(key, text).toString("hex");
  const { host: _, ...sent } = all;
  return {
    ...sent,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKey}/${scope},SignedHeaders=${signedHeaders},Signature=${signature}`,
  };
}

const decoded = (text: string): string => decodeURIComponent(text);

/** Everything but unreserved characters in percent-encoding, in capitals (RFC 3986 §2.3). */
const encoded = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );

const queryOf = (url: URL): string =>
  [...url.searchParams]
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .sort()
    .join("&");
