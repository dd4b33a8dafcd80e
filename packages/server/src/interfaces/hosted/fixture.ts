/** What the tests of this folder share: a browser without a page. */
import type { TestServer } from "../../../test/harness/server.ts";

export type Reply = {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every address.
  readonly body: any;
  readonly cookie: string | null;
  readonly headers: Headers;
};

export type AskOptions = {
  readonly bearer?: string;
  readonly cookie?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

/** Asks as our own page does. A body that is a Buffer goes as a file. */
export const askWith =
  (server: TestServer) =>
  async (
    method: string,
    path: string,
    body?: unknown,
    { bearer, cookie, headers = {} }: AskOptions = {},
  ): Promise<Reply> => {
    const isFile = Buffer.isBuffer(body);
    const type = isFile ? "application/octet-stream" : "application/json";
    const response = await fetch(`${server.url}/hosted/verification/${path}`, {
      method,
      headers: {
        origin: server.url,
        "sec-fetch-site": "same-origin",
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        ...(cookie === undefined ? {} : { cookie }),
        ...(body === undefined ? {} : { "content-type": type }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isFile ? new Uint8Array(body) : JSON.stringify(body) }),
    });
    const answer = await response.text();
    const isJson = /[/+]json/.test(response.headers.get("content-type") ?? "");
    return {
      status: response.status,
      body: isJson ? JSON.parse(answer) : answer,
      cookie: response.headers.get("set-cookie"),
      headers: response.headers,
    };
  };

/** The secret of a link. */
export const secretOf = (link: string): string => new URL(link).hash.slice(1);
