// The headers of a request or of an answer, checked as RFC 9113, 8.2 and 8.3 ask. Deliberately not checked: what an :authority
// holds, because etcd's clients send a URL there, and nothing here reads it.

import type { Field } from "./static-table.ts";

/** By name in lower case; a repeated header's values are joined. */
export type HeaderValues = Readonly<Record<string, string | undefined>>;
export type RequestHeaders = HeaderValues;
export type HeadersOf = "request" | "answer";

const PSEUDO: Readonly<Record<HeadersOf, ReadonlySet<string>>> = {
  request: new Set([":method", ":scheme", ":authority", ":path"]),
  answer: new Set([":status"]),
};
/** RFC 9113, 8.2.2. */
const FORBIDDEN: ReadonlySet<string> = new Set([
  ...["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"],
]);
/** A token in lower case (RFC 9110, 5.1). */
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** Below 2^53. */
const LENGTH = /^\d{1,15}$/;
/** RFC 9113, 8.2.1. */
const BAD_VALUE = /[\0\r\n]|^[ \t]|[ \t]$/;

export class HeaderList {
  readonly #headers: Record<string, string | undefined> = Object.create(null);
  readonly #pseudo: ReadonlySet<string>;
  #isMalformed = false;
  #hasRegular = false;

  constructor(of: HeadersOf) {
    this.#pseudo = PSEUDO[of];
  }

  add({ name, value }: Field): void {
    if (BAD_VALUE.test(value)) this.#isMalformed = true;
    if (name.startsWith(":")) {
      // Before all others, each once.
      if (this.#hasRegular || !this.#pseudo.has(name) || name in this.#headers) this.#isMalformed = true;
      this.#headers[name] = value;
      return;
    }
    this.#hasRegular = true;
    const before = this.#headers[name];
    if (!NAME.test(name) || FORBIDDEN.has(name)) this.#isMalformed = true;
    else if (name === "te" && value !== "trailers") this.#isMalformed = true;
    this.#headers[name] =
      before === undefined ? value : `${before}${name === "cookie" ? "; " : ", "}${value}`;
  }

  finish(): HeaderValues | "malformed" {
    return this.#isMalformed ? "malformed" : this.#headers;
  }
}

/** RFC 9113, 8.3.1 and 8.1.1. */
export function isRequest(headers: RequestHeaders): boolean {
  const isWhole = headers[":method"] !== undefined && headers[":scheme"] !== undefined && !!headers[":path"];
  return isWhole && !Number.isNaN(announcedBytes(headers));
}

/** RFC 9113, 8.1: what names the request or the answer comes before its data. */
export function isTrailers(headers: HeaderValues | string): boolean {
  return typeof headers !== "string" && !Object.keys(headers).some((name) => name.startsWith(":"));
}

/** How many bytes of data the headers announce (RFC 9110, 8.6); null = they do not, NaN = it is no number. */
export function announcedBytes(headers: RequestHeaders): number | null {
  const text = headers["content-length"];
  if (text === undefined) return null;
  return LENGTH.test(text) ? Number(text) : Number.NaN;
}
