// Counts the bytes of incomplete requests and of requests that wait for their turn. What must stay true: one identity's
// need at most UNFINISHED_BYTES_MAX together. A connection whose identity has no account has this limit of its own. A
// single request may always be as large as its method's largest message.

import { status } from "@grpc/grpc-js";
import { assert } from "../../base/assert.ts";
import { type RpcError, rpcError } from "../rpc-error.ts";

/** For one identity, or for one connection if its identity has no account. */
export const UNFINISHED_BYTES_MAX = 32 * 1024 * 1024;

/** By identity or connection. */
const unfinished = new WeakMap<object, number>();

/** Those of one request. */
export class UnfinishedBytes {
  readonly #owner: object;
  #own = 0;

  constructor(owner: object) {
    this.#owner = owner;
  }

  /** It keeps so many bytes now; false = they are too many, together with those of others. */
  become(bytes: number): boolean {
    const all = (unfinished.get(this.#owner) ?? 0) + bytes - this.#own;
    assert(bytes >= 0 && all >= bytes, "bytes are counted once");
    this.#own = bytes;
    unfinished.set(this.#owner, all);
    return all <= UNFINISHED_BYTES_MAX || all === bytes;
  }
}

export function overdrawn(): RpcError {
  const message = `requests under way of one identity or on one connection may have at most ${UNFINISHED_BYTES_MAX} bytes together`;
  return rpcError(status.RESOURCE_EXHAUSTED, "REQUEST_TOO_LARGE", message);
}
