import assert from "node:assert/strict";
import test from "node:test";
import { sha256, signed } from "./signature.ts";

/** The keys, bucket, time and signatures of the examples in the Amazon S3 API Reference. */
const example = {
  accessKey: "AKIAIOSFODNN7EXAMPLE",
  secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  region: "us-east-1",
};
const now = new Date("2013-05-24T00:00:00Z");
const host = "https://examplebucket.s3.amazonaws.com";

const signatureOf = (
  method: string,
  url: string,
  headers: Record<string, string> = {},
  body = "",
) => {
  const request = { method, url: new URL(url, host), headers, bodyHash: sha256(body) };
  return /Signature=(\w+)$/.exec(signed(request, example, now).authorization ?? "")?.[1];
};

test("signatures are those of the examples that Amazon publishes", () => {
  assert.equal(
    signatureOf("GET", "/test.txt", { range: "bytes=0-9" }),
    "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  );
  const put = {
    date: "Fri, 24 May 2013 00:00:00 GMT",
    "x-amz-storage-class": "REDUCED_REDUNDANCY",
  };
  assert.equal(
    signatureOf("PUT", "/test$file.text", put, "Welcome to Amazon S3."),
    "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
  );
  assert.equal(
    signatureOf("GET", "/?lifecycle"),
    "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
  );
  assert.equal(
    signatureOf("GET", "/?max-keys=2&prefix=J"),
    "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
  );
});
